import { describe, expect, it } from '@jest/globals';
import type { Job, Pod } from '../../../src/kubernetes/client/objects.js';
import { endOf, hasStarted, progressOf, symptomsOfJob, type JobView } from '../../../src/kubernetes/job/job-state.js';
import { ended, pod, running, waiting, type PodOptions } from '../judge/build.js';

const jobWith = (...conditions: NonNullable<NonNullable<Job['status']>['conditions']>): Job => ({ metadata: { name: 'm', uid: 'uid-m' }, spec: { activeDeadlineSeconds: 60 }, status: { conditions } });
const view = (job: Job | undefined, seen?: Pod): JobView => ({ name: 'm', container: 'app', job, pod: seen, eventsOf: () => [] });
const podWith = (options: PodOptions, more: Partial<Pod['metadata'] & object> = {}, phase = 'Running'): Pod => {
  const made = pod('m-1', options);
  return { ...made, metadata: { ...made.metadata, ...more }, status: { ...made.status, phase } };
};
const late = { type: 'FailureTarget', status: 'True', reason: 'DeadlineExceeded' };
const leaving = { deletionTimestamp: '2026-01-01T00:01:00Z', deletionGracePeriodSeconds: 30 };

const finished = (exitCode: number, finishedAt: string) => {
  const status = ended({ exitCode });
  return { ...status, state: { terminated: { ...status.state?.terminated, finishedAt } } };
};

describe('the end of a command', () => {
  it.each<[string, JobView, string | undefined]>([
    ['is not known while nothing is', view(undefined), undefined],
    ['is not there while it runs', view(jobWith(), podWith({})), undefined],
    ['is its exit code', view(jobWith(), podWith({ statuses: [ended({ exitCode: 0 })] })), 'succeeded'],
    ['is its exit code, if it is another', view(jobWith(), podWith({ statuses: [ended({ exitCode: 7 })] })), 'exited with code 7'],
    ['is that of a shell that found nothing', view(jobWith(), podWith({ statuses: [ended({ exitCode: 127 })] })), 'exited with code 127'],
    ['is a signal', view(jobWith(), podWith({ statuses: [ended({ exitCode: 139, signal: 11 })] })), 'exited with signal 11'],
    ['is that it cannot be started', view(jobWith(), podWith({ statuses: [ended({ exitCode: 128, reason: 'StartError', message: 'exec: "npm": not found' })] })), 'cannot be started: exec: "npm": not found'],
    ['is its limit, once its pod is gone', view(jobWith(late)), 'did not finish within 60 s'],
    ['is its limit, once its pod is over', view(jobWith(late), podWith({ statuses: [] }, leaving, 'Failed')), 'did not finish within 60 s'],
    ['is its limit, if it was not started by then', view(jobWith(late), podWith({ statuses: [waiting('ContainerCreating')] }, leaving)), 'did not finish within 60 s'],
    ['is not its limit while it still stops', view(jobWith(late), podWith({ statuses: [running()] }, leaving)), undefined],
    ['is not its limit while it still stops, although the Job has failed', view(jobWith({ ...late, type: 'Failed' }), podWith({ statuses: [running()] }, leaving)), undefined],
    ['is its limit, although it exits with 0 when it is asked to stop', view(jobWith(late), podWith({ statuses: [finished(0, '2026-01-01T00:00:31Z')] }, leaving)), 'did not finish within 60 s'],
    ['is a deletion, although it exits with 0 when it is asked to stop', view(jobWith(), podWith({ statuses: [finished(0, '2026-01-01T00:00:30Z')] }, leaving)), 'was stopped while it ran: its pod was deleted'],
    ['is its exit code, if it ended before its pod was deleted', view(jobWith(), podWith({ statuses: [finished(0, '2026-01-01T00:00:29Z')] }, leaving)), 'succeeded'],
    ['is that of an init container', view(jobWith(), podWith({ statuses: [waiting('PodInitializing')], initStatuses: [ended({ exitCode: 2 }, { name: 'wait' })], initContainers: [{ name: 'wait' }] })), 'did not start: init container wait failed with code 2'],
    ['is not that of a sidecar', view(jobWith(), podWith({ initStatuses: [ended({ exitCode: 2 }, { name: 'proxy' })], initContainers: [{ name: 'proxy', restartPolicy: 'Always' }] })), undefined],
    ['is that of its pod, if the node ended that', view(jobWith(), podWith({ statuses: [], reason: 'Evicted' }, {}, 'Failed')), 'was ended by the node: Evicted'],
    ['is that of the Job, if its pod is gone', view(jobWith({ type: 'Failed', status: 'True', message: 'Job has reached the specified backoff limit' })), 'was stopped: job/m has no pod any more (Job has reached the specified backoff limit)'],
    ['is that of the Job, if that is complete', view(jobWith({ type: 'Complete', status: 'True' })), 'succeeded'],
    ['is not that of the Job while its pod is there', view(jobWith({ type: 'Failed', status: 'True' }), podWith({})), undefined],
  ])('%s', (_what, seen, words) => {
    expect(endOf(seen)?.words).toBe(words);
    expect(endOf(seen)?.succeeded).toBe(words === undefined ? undefined : words === 'succeeded');
  });
});

describe('a command', () => {
  it('has started when its container has, not when it could not be', () => {
    expect([[running()], [ended()], [waiting('ContainerCreating')], [ended({ exitCode: 128, reason: 'StartError' })], []].map((statuses) => hasStarted(view(jobWith(), podWith({ statuses })))))
      .toEqual([true, true, false, false, false]);
  });
  it('has no symptoms once it runs, and none of a pod that is not ready', () => {
    expect(symptomsOfJob(view(jobWith(), podWith({ statuses: [running({ ready: false })] })))).toEqual([]);
    expect(symptomsOfJob(view(jobWith()))).toEqual([]);
  });
  it('shows what it waits for', () => {
    expect([view(undefined), view(jobWith()), view(jobWith(), podWith({})), view(jobWith(), podWith({}, leaving)), view(jobWith(), podWith({ statuses: [waiting('ErrImagePull')] }))].map(progressOf))
      .toEqual(['created', 'waiting for its pod', 'running', 'terminating (m-1)', 'ErrImagePull (app)']);
  });
});
