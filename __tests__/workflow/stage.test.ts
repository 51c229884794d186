import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../src/kubernetes/client/api.js';
import { CancelledError, ClusterError, RolloutError, type DeployError } from '../../src/outcome/errors.js';
import type { RunEvent } from '../../src/outcome/events.js';
import type { StageName } from '../../src/outcome/verdict.js';
import { asDeployError } from '../../src/workflow/failure.js';
import { runStages, type Stage } from '../../src/workflow/stage.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { handClock } from '../kubernetes/client/hand-clock.js';

/** Stages of which each takes `ms`, notes in `done` that it ran and was undone, and fails when it is told to. */
function stages() {
  const clock = handClock(5000);
  const done: string[] = [];
  const events: RunEvent[] = [];
  const stage = (name: StageName, options: { ms?: number; fails?: unknown; undo?: boolean } = {}): Stage => ({
    name, label: `the ${name}`, steps: [],
    run: () => {
      clock.advance(options.ms ?? 100);
      // What is thrown is what the test gives, an error or not.
      if (options.fails !== undefined) return Promise.reject(options.fails as Error);
      done.push(name);
      return Promise.resolve();
    },
    ...(options.undo === false ? {} : {
      undo: (failure: DeployError) => {
        clock.advance(50);
        done.push(`undo ${name} because ${failure.code}`);
        return Promise.resolve();
      },
    }),
  });
  const run = { ports: fakePorts({ clock }), startedAt: 4000, announce: (event: RunEvent) => void events.push(event) };
  return { stage, done, events, run: (all: readonly Stage[]) => runStages(all, run) };
}

describe('stages', () => {
  it('run in order, hand on what they made, and are on the timeline', async () => {
    const { stage, done, run } = stages();
    expect(await run([stage('test'), stage('build', { ms: 900.4 }), stage('rollout')])).toEqual({
      spans: [
        { stage: 'test', label: 'the test', startMs: 1000, endMs: 1100, result: 'ok' },
        { stage: 'build', label: 'the build', startMs: 1100, endMs: 2000, result: 'ok' },
        { stage: 'rollout', label: 'the rollout', startMs: 2000, endMs: 2100, result: 'ok' },
      ],
    });
    expect(done).toEqual(['test', 'build', 'rollout']);
  });
  it('announce when they start, when they end, and that they are undone', async () => {
    const { stage, events, run } = stages();
    await run([stage('test', { undo: false }), stage('rollout', { fails: new RolloutError('crash-loop', 'it crashes') })]);
    expect(events).toEqual([
      { kind: 'stage-started', stage: 'test', label: 'the test', atMs: 1000 },
      { kind: 'stage-ended', span: { stage: 'test', label: 'the test', startMs: 1000, endMs: 1100, result: 'ok' } },
      { kind: 'stage-started', stage: 'rollout', label: 'the rollout', atMs: 1100 },
      { kind: 'stage-ended', span: { stage: 'rollout', label: 'the rollout', startMs: 1100, endMs: 1200, result: 'failed' } },
      { kind: 'undo-started', stage: 'rollout', cause: 'crash-loop', message: 'it crashes', atMs: 1200 },
    ]);
  });
  it('announce no undo where there is none', async () => {
    const { stage, events, run } = stages();
    await run([stage('test', { undo: false, fails: new RolloutError('crash-loop', 'it crashes') })]);
    expect(events.map(({ kind }) => kind)).toEqual(['stage-started', 'stage-ended']);
  });
  it('are none, and all is as it was', async () => expect(await stages().run([])).toEqual({ spans: [] }));

  it('that fail end the run, and are undone last first, the failed one too, those without an undo not, later ones not', async () => {
    const failure = new RolloutError('crash-loop', 'it crashes');
    const { stage, done, run } = stages();
    const result = await run([stage('build'), stage('preflight', { undo: false }), stage('rollout'), stage('smoke', { fails: failure }), stage('tags')]);
    expect(done).toEqual(['build', 'preflight', 'rollout', 'undo smoke because crash-loop', 'undo rollout because crash-loop', 'undo build because crash-loop']);
    expect(result.failure).toEqual({ stage: 'smoke', error: failure });
    expect(result.spans.map(({ stage: name, result: how }) => [name, how])).toEqual([['build', 'ok'], ['preflight', 'ok'], ['rollout', 'ok'], ['smoke', 'failed']]);
    expect(result.spans.at(-1)).toMatchObject({ startMs: 1300, endMs: 1400 });
  });

  it('whose undo throws keep no other from being undone, and are told', async () => {
    const { stage, done, run } = stages();
    const result = await run([
      stage('build'), { ...stage('rollout'), undo: () => Promise.reject(new TypeError('x is not a function')) }, stage('smoke', { fails: new RolloutError('smoke-failed', 'no') }),
    ]);
    expect(done).toEqual(['build', 'rollout', 'undo smoke because smoke-failed', 'undo build because smoke-failed']);
    expect(result.failedUndos).toEqual([{ stage: 'rollout', error: expect.objectContaining({ code: 'unexpected', message: 'x is not a function' }) }]);
    expect(result.failure?.error.code).toBe('smoke-failed');
  });
});

describe('an error names its cause', () => {
  it.each([
    ['what knows it itself', new CancelledError('SIGINT'), 'cancelled', 'Stopped by SIGINT.'],
    ['what the API server forbids', new ApiError(403, 'Forbidden', 'pods is forbidden'), 'permission-denied', 'The API server rejected the request: pods is forbidden.'],
    ['what the API server does not do', new ApiError(503, '', 'etcd is away'), 'api-unreachable', 'The API server could not process the request: etcd is away.'],
    ['what nobody foresaw', new TypeError('x is not a function'), 'unexpected', 'x is not a function'],
    ['what is no error at all', 'a text', 'unexpected', 'a text'],
  ])('%s', (_what, thrown, code, message) => expect(asDeployError(thrown)).toMatchObject({ code, message }));

  it('and is given on as it is when it does', () => {
    const error = new ClusterError('api-unreachable', 'x');
    expect(asDeployError(error)).toBe(error);
  });
  it('keeps where it came from when nobody foresaw it', () => {
    const thrown = new Error('boom');
    expect(asDeployError(thrown)).toMatchObject({ cause: thrown, evidence: [{ title: 'stack', text: thrown.stack }], hint: expect.stringContaining('bug in deploy-action') });
  });
});
