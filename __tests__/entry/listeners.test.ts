import { expect, it } from '@jest/globals';
import { listenersOf } from '../../src/entry/listeners.js';
import type { RunEvent } from '../../src/outcome/events.js';
import { createAnnouncer } from '../../src/workflow/announcer.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';

it('the log has a line for each stage that ends, and none for other events', () => {
  const ports = fakePorts();
  const { announce } = createAnnouncer(ports, listenersOf(ports));
  const events: readonly RunEvent[] = [
    { kind: 'stage-started', stage: 'test', label: 'test gate', atMs: 0 },
    { kind: 'stage-ended', span: { stage: 'test', label: 'test gate', startMs: 0, endMs: 2600, result: 'ok' } },
    { kind: 'stage-ended', span: { stage: 'rollout', label: 'rollout', startMs: 2600, endMs: 5700, result: 'failed' } },
  ];
  events.forEach(announce);
  expect(ports.lines).toEqual(['info ✓ test gate (2.6 s)', 'info ✗ rollout (3.1 s)']);
});
