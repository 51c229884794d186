import { describe, expect, it } from '@jest/globals';
import { minorOf, removedApi, removedApis } from '../../../src/policy/removed-apis.js';
import type { PolicyConfig } from '../../../src/config/config.js';
import type { Autoscaler, EnvSource } from '../../../src/policy/input.js';
import { found, manifest, messages, now, withContainer, workload, type PodOptions } from '../build.js';

const day = 24 * 3600_000;

describe('deprecated-apis', () => {
  const cronJob = manifest({ apiVersion: 'batch/v1beta1', kind: 'CronJob' }, 'nightly');
  it.each([
    ['v1.34.4', 'k8s.yml: CronJob/nightly has the API version batch/v1beta1, which this cluster (v1.34.4) does not serve: Kubernetes removed it in version 1.25.'],
    ['v1.24.17-eks-1', 'k8s.yml: CronJob/nightly has the API version batch/v1beta1, which Kubernetes removes in version 1.25; this cluster has v1.24.17-eks-1.'],
    [undefined, 'k8s.yml: CronJob/nightly has the API version batch/v1beta1, which Kubernetes has not served since version 1.25.'],
  ])('are judged by the version of the cluster: %s', (clusterVersion, message) => {
    expect(found('deprecated-apis', [cronJob], { facts: { clusterVersion } })).toMatchObject([{
      item: 'batch/v1beta1', place: { file: 'k8s.yml', line: 3 }, message,
      fix: 'Change `apiVersion` of the CronJob to batch/v1, which Kubernetes serves since version 1.21. The fields can differ: see the migration guide.',
    }]);
  });
  it('are found in the manifest with which a workload was applied', () => {
    const applied = (text: string) => workload({ kind: 'CronJob', name: 'nightly', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': text } });
    expect(messages('deprecated-apis', [applied('{"apiVersion":"batch/v1beta1","kind":"CronJob"}')], { facts: { clusterVersion: 'v1.34.4' } }))
      .toEqual(['cronjob/nightly was last applied with the API version batch/v1beta1, which this cluster (v1.34.4) does not serve: Kubernetes removed it in version 1.25.']);
    for (const text of ['{"apiVersion":"batch/v1"}', '{"apiVersion":5}', 'not JSON', '[]', '']) expect(messages('deprecated-apis', [applied(text)])).toEqual([]);
  });
  it('say where nothing replaces them', () => {
    expect(found('deprecated-apis', [manifest({ apiVersion: 'policy/v1beta1', kind: 'PodSecurityPolicy' })])).toMatchObject([{ fix: 'Remove the PodSecurityPolicy: nothing replaces it.' }]);
  });
  it('are no others', () => {
    for (const [apiVersion, kind] of [['batch/v1', 'CronJob'], ['policy/v1beta1', 'Other'], ['acme.example/v1beta1', 'CronJob'], [undefined, undefined]]) expect(messages('deprecated-apis', [manifest({ apiVersion, kind })])).toEqual([]);
  });
  it('are in a table without contradictions', () => {
    for (const { apiVersion, kinds, replacement } of removedApis) {
      for (const kind of kinds) expect(removedApis.filter((each) => each.apiVersion === apiVersion && each.kinds.includes(kind))).toHaveLength(1);
      if (!replacement) continue;
      // The replacement is served itself.
      for (const kind of kinds) expect(removedApi(replacement.apiVersion, kind)).toBeUndefined();
    }
  });
  it.each([['v1.34.4', 34], ['v1.9', 9], ['1.25', 25], ['v1.30.2+k3s1', 30], ['v2.1', undefined], ['', undefined], [undefined, undefined], ['latest', undefined]])('the minor version of %s is %s', (version, minor) => expect(minorOf(version)).toBe(minor));
});

describe('certificates', () => {
  const of = (expiresAt: number, days?: number, startsAt = expiresAt - 90 * day) => found('certificates', [], { settings: { certificates: { days, ingresses: false } }, facts: { certificates: [{ subject: 'https://api.example', of: 'smoke', startsAt, expiresAt }] } });
  it.each([
    ['long', 60 * day, undefined], ['just long enough', 14 * day, undefined], ['a little less', 14 * day - 1, 'expires on 2026-12-15, in 13 days'], ['one day', 1.5 * day, 'expires on 2026-12-03, in 1 day'],
    ['an hour', day / 24, 'expires on 2026-12-01, in less than a day'], ['no longer', -3 * day, 'expired on 2026-11-28'],
  ])('that are valid for %s', (_what, leftMs, when) => {
    expect(of(now + leftMs).map(({ message }) => message)).toEqual(when === undefined ? [] : [`The certificate of https://api.example (smoke) ${when}.`]);
  });
  it('are held against the days of the settings', () => expect([of(now + 20 * day, 21).length, of(now + 20 * day, 7).length]).toEqual([1, 0]));
  it.each<[string, number, number | undefined, number]>([
    ['with more than a third of it left', 2.1, undefined, 0], ['with less than a third of it left', 1.9, undefined, 1], ['that the settings want for longer', 5, 7, 1], ['that has expired', -1, undefined, 1],
  ])('that are valid for six days, %s', (_what, left, days, count) => expect(of(now + left * day, days, now + (left - 6) * day)).toHaveLength(count));
});

describe('connections', () => {
  type Budget = NonNullable<PolicyConfig['connections']>;
  const check = (budget: Partial<Budget>, options: readonly PodOptions[], autoscalers?: readonly Autoscaler[]) =>
    found('connections', options.map((each) => workload(each)), { settings: { connections: { limit: 100, pool: 10, processes: 1, ...budget } }, facts: { autoscalers } });
  const said = (...of: Parameters<typeof check>) => check(...of).map(({ message }) => message);

  // (10 pods + 3 of the rollout) × pool of 100 against the 100 connections that a database allows by default.
  it('counts the pods of an autoscaler, those of a rollout, and the whole pool', () => {
    expect(check({ pool: 100 }, [{ spec: { replicas: 3 } }], [{ name: 'api', target: 'deployment/api', maxReplicas: 10 }])).toMatchObject([{
      subject: 'deployment/api', item: 'limit',
      message: 'The pods can open 1300 connections to the database, and the limit is 100: deployment/api (10 by autoscaler api + 3 of a rollout) × 100.',
    }]);
  });
  it.each<[string, PodOptions, number]>([
    ['a Deployment with the default surge', { spec: { replicas: 4 } }, 5], ['one without replicas', {}, 2], ['a surge in pods', { spec: { replicas: 4, strategy: { rollingUpdate: { maxSurge: 2 } } } }, 6],
    ['a surge in percent, rounded up', { spec: { replicas: 3, strategy: { rollingUpdate: { maxSurge: '50%' } } } }, 5], ['no surge', { spec: { replicas: 4, strategy: { rollingUpdate: { maxSurge: 0 } } } }, 4],
    ['Recreate', { spec: { replicas: 4, strategy: { type: 'Recreate' } } }, 4], ['a StatefulSet', { kind: 'StatefulSet', spec: { replicas: 4 } }, 4],
    ['a DaemonSet', { kind: 'DaemonSet', status: { desiredNumberScheduled: 7 } }, 7], ['a CronJob', { kind: 'CronJob', spec: { parallelism: 3 } }, 3], ['a CronJob of one pod', { kind: 'CronJob' }, 1],
    ['nothing that runs', { spec: { replicas: 0 } }, 0],
  ])('%s has so many pods', (_what, options, pods) => {
    expect(said({ limit: pods * 10 || 1 }, [options])).toEqual([]);
    expect(said({ limit: Math.max(1, pods * 10 - 1) }, [options])).toHaveLength(pods === 0 ? 0 : 1);
  });
  it('sums over workloads, of which no one is at fault', () => {
    expect(check({ limit: 40 }, [{ spec: { replicas: 3 } }, { name: 'worker', kind: 'StatefulSet', spec: { replicas: 1 } }])).toMatchObject([{
      subject: 'connections', message: 'The pods can open 50 connections to the database, and the limit is 40: deployment/api (3 + 1 of a rollout) × 10, statefulset/worker (1 + 0 of a rollout) × 10.',
    }]);
  });

  const env = [{ name: 'DB_POOL_SIZE', value: '20' }, { name: 'WEB_CONCURRENCY', value: '4' }];
  const budget = { connections: { limit: 100, pool: { variable: 'DB_POOL_SIZE' }, processes: { variable: 'WEB_CONCURRENCY' } } };
  const byVariable = (container: object, sources: readonly (readonly [string, EnvSource])[] = []) => found('connections', [withContainer(container as never)], { settings: budget, facts: { sources: new Map(sources) } });
  it('takes pool and processes from variables of the container', () => {
    expect(byVariable({ env }).map(({ message }) => message)).toEqual(['The pods can open 160 connections to the database, and the limit is 100: deployment/api (1 + 1 of a rollout) × 80.']);
  });
  it('does not count a container without the variable', () => expect(byVariable({ env: [] })).toEqual([]));
  it.each<[string, object, string]>([
    ['no number', { env: [{ name: 'DB_POOL_SIZE', value: 'many' }, env[1]] }, 'DB_POOL_SIZE of container app is not a number'],
    ['a Secret', { env: [{ name: 'DB_POOL_SIZE', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }, env[1]] }, 'DB_POOL_SIZE of container app comes from the Secret s'],
    ['no processes', { env: [env[0]] }, 'container app has no variable WEB_CONCURRENCY'],
    ['what cannot be read', { envFrom: [{ secretRef: { name: 's' } }] }, 'the Secret s may set DB_POOL_SIZE, and could not be read'],
  ])('warns where it cannot count: %s', (_what, container, why) => {
    expect(byVariable(container)).toMatchObject([{ level: 'warn', message: `The connections of deployment/api cannot be counted: ${why}.` }]);
  });
  it('does nothing without a limit', () => expect(messages('connections', [workload()])).toEqual([]));
});

describe('environments', () => {
  const environment = (name: string, ...keys: string[]) => ({ name, keys: Object.fromEntries(keys.map((key) => [key, ''])) });
  it('reports what others have and this one lacks', () => {
    const environments = [environment('production', 'smoke'), environment('staging', 'smoke', 'build-args.SENTRY', 'workloads.cronjob/nightly'), environment('dev', 'build-args.SENTRY')];
    expect(messages('environments', [], { settings: { environments }, facts: { environment: 'production' } })).toEqual([
      'The environment "production" has no `build-args.SENTRY`, which "staging" and "dev" have.', 'The environment "production" has no `workloads.cronjob/nightly`, which "staging" has.',
    ]);
    expect(messages('environments', [], { settings: { environments }, facts: { environment: undefined } })).toEqual([]);
  });
  it('compares the variables of the same containers, by name, in both directions', () => {
    const named = (...names: string[]) => withContainer({ env: names.map((name) => ({ name, value: name })) });
    const others = [{ name: 'staging', objects: [named('A', 'NEW_FLAG')] }];
    expect(found('environments', [named('A', 'OLD_FLAG')], { facts: { others } })).toMatchObject([
      { item: 'NEW_FLAG', container: 'app', message: 'Container app of deployment/api does not have the environment variable NEW_FLAG, which it has in staging.' },
      { item: 'OLD_FLAG', message: 'Container app of deployment/api has the environment variable OLD_FLAG, which it does not have in staging.' },
    ]);
    expect(messages('environments', [named('A')], { facts: { others: [{ name: 'staging', objects: [] }] } })).toEqual([]);
  });
});

it('commands: each that failed is a finding', () => {
  expect(found('commands', [], { facts: { commands: [{ command: 'conftest test' }, { command: 'kyverno apply', failure: 'It failed.', output: 'FAIL' }] } })).toMatchObject([
    { level: 'deny', subject: 'kyverno apply', message: 'It failed.', output: 'FAIL', fix: 'Fix what the command reports, or change its policies.' },
  ]);
});

// A policy with Ingress and Egress, and rules for Ingress alone, cuts off DNS, databases and traces.
describe('egress', () => {
  const policy = (spec: object, name = 'api') => manifest({ kind: 'NetworkPolicy', spec }, name);
  const ofApi = { podSelector: { matchLabels: { app: 'api' } }, policyTypes: ['Ingress', 'Egress'], ingress: [{}] };
  it('is reported where a policy lists it without a rule', () => {
    expect(found('egress', [policy(ofApi)])).toMatchObject([{ subject: 'k8s.yml: NetworkPolicy/api', path: 'spec.policyTypes', message: 'k8s.yml: NetworkPolicy/api lists Egress and has no egress rule, so its pods can reach nothing, not even DNS.' }]);
    expect(messages('egress', [policy({ ...ofApi, egress: [] }), policy({ podSelector: {}, policyTypes: ['Egress'] })])).toHaveLength(1);
    expect(messages('egress', [policy(ofApi), policy({ podSelector: { matchLabels: { app: 'other' } }, egress: [{}] }, 'other')])).toHaveLength(1);
  });
  it.each([
    ['it has a rule', [policy({ ...ofApi, egress: [{}] })]], ['it is about ingress alone', [policy({ ...ofApi, policyTypes: ['Ingress'] })]], ['it is the default for all pods', [policy({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })]],
    ['another one allows something', [policy(ofApi), policy({ podSelector: {}, egress: [{ ports: [{ port: 53 }] }] }, 'dns')]],
    ['another one allows something to the same pods', [policy(ofApi), policy({ podSelector: { matchLabels: { app: 'api' } }, egress: [{}] }, 'db')]],
  ])('is fine where %s', (_what, objects) => expect(messages('egress', objects)).toEqual([]));
});
