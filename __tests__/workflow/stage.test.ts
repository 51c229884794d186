import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../src/kubernetes/client/api.js';
import { CancelledError, ClusterError, RolloutError, type DeployError } from '../../src/outcome/errors.js';
import type { StageName } from '../../src/outcome/verdict.js';
import { asDeployError } from '../../src/workflow/failure.js';
import { runStages, type Stage } from '../../src/workflow/stage.js';
import { handClock } from '../kubernetes/client/hand-clock.js';

interface State { readonly done: readonly string[] }

/** A stage that takes `ms`, notes that it ran and was undone, and fails when it is told to. */
function stage(name: StageName, clock: ReturnType<typeof handClock>, options: { ms?: number; fails?: unknown; undo?: boolean } = {}): Stage<State> {
  const undo = (state: State, failure: DeployError): Promise<State> => {
    clock.advance(50);
    return Promise.resolve({ done: [...state.done, `undo ${name} because ${failure.code}`] });
  };
  return {
    name, label: `the ${name}`,
    run: (state) => {
      clock.advance(options.ms ?? 100);
      // What is thrown is what the test gives, an error or not.
      if (options.fails !== undefined) return Promise.reject(options.fails as Error);
      return Promise.resolve({ done: [...state.done, name] });
    },
    ...(options.undo === false ? {} : { undo }),
  };
}

const run = (make: (clock: ReturnType<typeof handClock>) => readonly Stage<State>[]) => {
  const clock = handClock(5000);
  return runStages(make(clock), { done: [] }, clock, 4000);
};

describe('stages', () => {
  it('run in order, hand on what they made, and are on the timeline', async () => {
    expect(await run((clock) => [stage('test', clock), stage('build', clock, { ms: 900.4 }), stage('rollout', clock)])).toEqual({
      state: { done: ['test', 'build', 'rollout'] },
      spans: [
        { stage: 'test', label: 'the test', startMs: 1000, endMs: 1100, result: 'ok' },
        { stage: 'build', label: 'the build', startMs: 1100, endMs: 2000, result: 'ok' },
        { stage: 'rollout', label: 'the rollout', startMs: 2000, endMs: 2100, result: 'ok' },
      ],
    });
  });
  it('are none, and all is as it was', async () => expect(await run(() => [])).toEqual({ state: { done: [] }, spans: [] }));

  it('that fail end the run, and are undone last first, the failed one too, those without an undo not, later ones not', async () => {
    const failure = new RolloutError('crash-loop', 'it crashes');
    const result = await run((clock) => [
      stage('build', clock), stage('preflight', clock, { undo: false }), stage('rollout', clock), stage('smoke', clock, { fails: failure }), stage('tags', clock),
    ]);
    expect(result.state.done).toEqual(['build', 'preflight', 'rollout', 'undo smoke because crash-loop', 'undo rollout because crash-loop', 'undo build because crash-loop']);
    expect(result.failure).toEqual({ stage: 'smoke', error: failure });
    expect(result.spans.map(({ stage: name, result: how }) => [name, how])).toEqual([['build', 'ok'], ['preflight', 'ok'], ['rollout', 'ok'], ['smoke', 'failed']]);
    expect(result.spans.at(-1)).toMatchObject({ startMs: 1300, endMs: 1400 });
  });

  it('whose undo throws keep no other from being undone, and are told', async () => {
    const result = await run((clock) => [
      stage('build', clock), { ...stage('rollout', clock), undo: () => Promise.reject(new TypeError('x is not a function')) }, stage('smoke', clock, { fails: new RolloutError('smoke-failed', 'no') }),
    ]);
    expect(result.state.done).toEqual(['build', 'rollout', 'undo smoke because smoke-failed', 'undo build because smoke-failed']);
    expect(result.failedUndos).toEqual([{ stage: 'rollout', error: expect.objectContaining({ code: 'unexpected', message: 'x is not a function' }) }]);
    expect(result.failure?.error.code).toBe('smoke-failed');
  });
});

describe('an error names its cause', () => {
  it.each([
    ['what knows it itself', new CancelledError('SIGINT'), 'cancelled', 'Stopped by SIGINT.'],
    ['what the API server forbids', new ApiError(403, 'Forbidden', 'pods is forbidden'), 'permission-denied', 'The API server refused: pods is forbidden.'],
    ['what the API server does not do', new ApiError(503, '', 'etcd is away'), 'api-unreachable', 'The API server did not do it: etcd is away.'],
    ['what nobody foresaw', new TypeError('x is not a function'), 'unexpected', 'x is not a function'],
    ['what is no error at all', 'a text', 'unexpected', 'a text'],
  ])('%s', (_what, thrown, code, message) => expect(asDeployError(thrown)).toMatchObject({ code, message }));

  it('and is given on as it is when it does', () => {
    const error = new ClusterError('api-unreachable', 'x');
    expect(asDeployError(error)).toBe(error);
  });
  it('keeps where it came from when nobody foresaw it', () => {
    const thrown = new Error('boom');
    expect(asDeployError(thrown)).toMatchObject({ cause: thrown, evidence: [{ title: 'stack', text: thrown.stack }], hint: expect.stringContaining('defect of the action') });
  });
});
