import { describe, expect, it } from '@jest/globals';
import type { Container, Workload } from '../../../src/kubernetes/client/objects.js';
import { adviceOnPreStop, losing, neverEnding } from '../../../src/kubernetes/preflight/strategy.js';
import { service } from '../judge/build.js';

const container = (changes: Partial<Container> = {}): Container =>
  ({ name: 'app', ports: [{ containerPort: 8080 }], readinessProbe: { httpGet: { path: '/' } }, ...changes }) as Container;
const workload = (spec: Workload['spec'] = {}, ...containers: readonly Container[]): Workload => ({
  spec: { ...spec, template: { metadata: { labels: { app: 'api' } }, spec: { containers: containers.length > 0 ? containers : [container()], ...spec?.template?.spec } } },
});
const inFront = [service('api', { selector: { app: 'api' } })];
const problems = (spec: Workload['spec'], timeoutMs = 600_000) => neverEnding('statefulset/api', workload(spec), timeoutMs).map(({ message, hint }) => `${message} ${hint}`);
const advice = (of: Workload, services = inFront, refs: readonly string[] = ['deployment/api']) => adviceOnPreStop(refs.map((ref) => ({ ref, workload: of })), services);
const warnings = (of: Workload, services = inFront) => losing('deployment/api', of, services);

describe('a rollout that could never end', () => {
  it('is told before it begins, with what to do', () => {
    expect(problems({ replicas: 3, updateStrategy: { rollingUpdate: { partition: 3 } } })).toEqual([
      'statefulset/api has partition 3 and 3 replicas: none of its pods would get the new image. Lower spec.updateStrategy.rollingUpdate.partition below the number of replicas.']);
    expect(problems({ minReadySeconds: 600 })).toEqual([
      'statefulset/api has minReadySeconds 600, and `timeout` is 600 s: the rollout could never finish in time. Raise `timeout`, or lower spec.minReadySeconds.']);
  });
  it('is not told of one that can', () => {
    expect(problems({ replicas: 3, minReadySeconds: 599, updateStrategy: { rollingUpdate: { partition: 2 } } })).toEqual([]);
  });
});

describe('a good rollout that loses requests', () => {
  it('is warned of', () => {
    expect(warnings(workload({ strategy: { type: 'Recreate' } }))).toEqual(['deployment/api has the strategy Recreate: it serves no requests during the rollout.']);
    expect(warnings(workload({}, container({ readinessProbe: undefined })))).toEqual([
      'deployment/api: container app has no readinessProbe, so new pods get requests before they can answer them, and a broken release counts as ready.']);
    expect(warnings(workload({ template: { spec: { terminationGracePeriodSeconds: 0 } } }))).toEqual([
      'deployment/api has terminationGracePeriodSeconds 0: requests in progress are cut off.']);
  });
  it('is no matter where no Service leads to it', () => {
    expect(warnings(workload({ strategy: { type: 'Recreate' } }), [])).toEqual([]);
    expect(advice(workload(), [])).toBeUndefined();
  });
  it('is only spoken of where the app may do its part by itself', () => {
    expect(warnings(workload())).toEqual([]);
    expect(advice(workload())).toBe('No preStop hook: container app of deployment/api; requests are lost unless the app keeps serving for a moment after SIGTERM');
    expect(advice(workload({}, container({ lifecycle: { preStop: { sleep: { seconds: 5 } } } })))).toBeUndefined();
  });
  it('is spoken of once for all workloads', () => {
    expect(advice(workload(), inFront, Array.from({ length: 50 }, (_, index) => `deployment/w${index}`))).toBe(
      'No preStop hook: container app of deployment/w0, container app of deployment/w1, container app of deployment/w2 and 47 more; requests are lost unless the app keeps serving for a moment after SIGTERM');
  });
});
