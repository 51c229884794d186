import { expect, it } from '@jest/globals';
import { openJsonOutput } from '../../src/entry/json-output.js';

it('a stage is an object when it starts and when it ends', () => {
  const written: string[] = [];
  const { hear } = openJsonOutput((text) => written.push(text), 'any', { run: 'run-1' });
  hear({ kind: 'stage-started', stage: 'smoke', label: 'smoke checks', atMs: 0 });
  hear({ kind: 'stage-ended', span: { stage: 'smoke', label: 'smoke checks', startMs: 0, endMs: 515, result: 'ok' } });
  expect(written.join('').trim().split('\n').map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ run: 'run-1', stage: 'smoke', type: 'stage', state: 'started', message: 'smoke checks: started' }),
    expect.objectContaining({ run: 'run-1', stage: 'smoke', type: 'stage', state: 'ok', durationMs: 515, message: '✓ smoke checks (515 ms)' }),
  ]);
});
