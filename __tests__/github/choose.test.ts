import { describe, expect, it } from '@jest/globals';
import { activeAmong, createdBy, earlierOf, isOpenInRun, maybeOfJob, ofJob, type OfJob } from '../../src/github/choose.js';
import type { Deployment } from '../../src/github/deployments-api.js';
import { payloadOf, readPayload, type Payload } from '../../src/github/payload.js';

const of = (id: number, payload: Payload | null | undefined, fields: Partial<Deployment> = {}): Deployment => ({ id, sha: 'a'.repeat(40), task: 'deploy', payload, ...fields });
const own = { app: 'api', run: 'run-2' };

describe('the payload of a deployment', () => {
  const payload = payloadOf('api', 'run-2');
  it.each<[string, unknown, Payload | null | undefined]>([
    ['as it was sent', payload, payload],
    ['as text', JSON.stringify(payload), payload],
    ['with fields that were added later', { ...payload, more: 1 }, payload],
    ['an empty one', {}, null], ['an empty text', '', null], ['none', null, null], ['none at all', undefined, null],
    ['that of another program', { deploy: 'migrate' }, undefined], ['a text', 'now', undefined], ['a list', [1], undefined],
    ['one that lacks the app', { by: 'acci/deploy-action', run: '1' }, undefined],
  ])('is read: %s', (_, value, expected) => expect(readPayload(value)).toEqual(expected));
});

describe('deployments of an environment', () => {
  const all = [of(9, payloadOf('api', 'run-2')), of(8, payloadOf('web', 'run-2')), of(7, null), of(6, undefined), of(5, payloadOf('api', 'run-1')), of(4, payloadOf('api', 'run-0'))];
  it('are told apart by app and run', () => {
    expect(createdBy(all, own)?.id).toBe(9);
    expect(createdBy(all, { ...own, run: 'run-3' })).toBeUndefined();
    expect(earlierOf(all, own).map(({ id }) => id)).toEqual([5, 4]);
  });
  it('may be that of the job if nobody has marked them, and rather those of its commit', () => {
    expect(maybeOfJob(all, 'a'.repeat(40)).map(({ id }) => id)).toEqual([7]);
    expect(maybeOfJob([of(3, null), of(2, null, { sha: 'b' }), of(1, null, { task: 'deploy:migrations' })], 'b').map(({ id }) => id)).toEqual([2]);
    // The head of a pull request, where the event names its merge.
    expect(maybeOfJob([of(3, null), of(2, null)], 'b').map(({ id }) => id)).toEqual([3, 2]);
    const many = Array.from({ length: 50 }, (_, id) => of(id, null));
    expect([maybeOfJob(many, undefined).length, maybeOfJob(many, 'a'.repeat(40)).length]).toEqual([5, 50]);
  });
});

describe('a deployment of this workflow run', () => {
  const run = 'https://github.com/acme/app/actions/runs/4711';
  it.each<[string, string, string, boolean]>([
    ['in_progress', `${run}/job/815`, run, true],
    ['in_progress', `${run}/job/816`, `${run}/attempts/2`, true],
    ['in_progress', 'https://ghe.acme.example/acme/app/actions/runs/4711/job/1', 'https://ghe.acme.example/acme/app/actions/runs/4711', true],
    // One of this action, or of another program that links to the run.
    ['in_progress', run, run, false],
    ['in_progress', `${run}1/job/815`, run, false],
    ['in_progress', '', run, false],
    // Those of jobs which wait: they show that the run has several.
    ['queued', `${run}/job/815`, run, true], ['waiting', `${run}/job/815`, run, true], ['pending', `${run}/job/815`, run, true],
    // Those of the attempt before, or of a job that is over.
    ['failure', `${run}/job/815`, run, false], ['success', `${run}/job/815`, run, false],
  ])('%s %s in %s: %s', (state, logUrl, runUrl, expected) => expect(isOpenInRun({ id: 1, state, logUrl }, runUrl)).toBe(expected));
  it('has a status', () => expect(isOpenInRun(undefined, run)).toBe(false));
  it.each<[string, readonly number[], string | undefined, number | OfJob['state']]>([
    ['its own, and there is no other', [815], '815', 815], ['its own among several', [815, 816], '816', 816],
    ['none, if the only one is that of another job', [815], '816', 'none'], ['none, if the number of another job ends alike', [1815], '815', 'none'],
    ['none, if there is none', [], undefined, 'none'],
    ['not known without the number of the job, even if there is only one', [815], undefined, 'unknown'], ['not known among several', [815, 816], undefined, 'unknown'],
  ])('of this job is %s', (_, jobs, job, expected) => {
    const found = ofJob(jobs.map((id) => ({ deployment: of(id, null), status: { id, state: 'in_progress', logUrl: `${run}/job/${id}` } })), job);
    expect(found.state === 'found' ? found.deployment.id : found.state).toBe(expected);
  });
});

describe('the active deployment', () => {
  const earlier = [4, 3, 2, 1].map((id) => of(id, payloadOf('api', `run-${id}`)));
  const active = async (states: Readonly<Record<number, string>>) => {
    const asked: number[] = [];
    const found = await activeAmong(earlier, async (id) => {
      asked.push(id);
      return states[id] === undefined ? undefined : { id: 100 + id, state: states[id] };
    });
    return [found?.id, asked];
  };
  it.each<[string, Readonly<Record<number, string>>, unknown]>([
    ['is the last one that succeeded', { 4: 'success', 3: 'inactive' }, [4, [4]]],
    ['is older than those that failed or have no end', { 4: 'failure', 3: 'in_progress', 1: 'success' }, [1, [4, 3, 2, 1]]],
    ['is none if the last good one was replaced', { 4: 'error', 3: 'inactive', 2: 'success' }, [undefined, [4, 3]]],
    ['is none if none succeeded', {}, [undefined, [4, 3, 2, 1]]],
  ])('%s', async (_, states, expected) => expect(await active(states)).toEqual(expected));
});
