import { expect, it } from '@jest/globals';
import type { RunEvent } from '../../src/outcome/events.js';
import { stageLine } from '../../src/report/stage-line.js';

const ended = (result: 'ok' | 'failed'): RunEvent => ({ kind: 'stage-ended', span: { stage: 'build', label: 'build and push', startMs: 1000, endMs: 4200, result } });

it.each<[string, RunEvent, string | undefined]>([
  ['a stage that succeeded', ended('ok'), '✓ build and push (3.2 s)'],
  ['a stage that failed', ended('failed'), '✗ build and push (3.2 s)'],
  ['a stage that starts', { kind: 'stage-started', stage: 'build', label: 'build and push', atMs: 0 }, undefined],
])('%s', (_, event, line) => expect(stageLine(event)).toBe(line));
