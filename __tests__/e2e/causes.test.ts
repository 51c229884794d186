import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { call, closeApi, type Any } from './harness/api.js';
import { calm, imageOf, inSpace, rolloutInputs, startHealthy, variant, type HealthyOptions } from './harness/app.js';
import { checkCase, type Case } from './harness/case.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { environment, eventually } from './harness/environment.js';
import { closeImages } from './harness/images.js';
import type { Space } from './harness/namespace.js';
import { registryProxy } from './harness/registry-proxy.js';
import { runAction } from './harness/run-action.js';
import { snapshotOf } from './harness/snapshot.js';
import { configmap } from './harness/workloads.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const tiny = { periodSeconds: 1, failureThreshold: 1 };
const pair = { image: () => variant('v2') };
const labelOf = (space: Space, level: string | null): Promise<Any> =>
  call('PATCH', `/api/v1/namespaces/${space.name}`, { metadata: { labels: { 'pod-security.kubernetes.io/enforce': level } } }, 'application/merge-patch+json');

/** An init container `migrate` with the app's own image, which ends well unless the image says otherwise. */
async function withInit(): Promise<HealthyOptions> {
  const { reference } = await variant('v1');
  return { pod: { initContainers: [{ name: 'migrate', image: reference, env: [{ name: 'ROLE', value: 'migrate' }, { name: 'MODE', value: 'exit-zero' }] }] } };
}

const cases: readonly Case[] = [
  {
    cause: 'out-of-memory', what: 'needs more than its limit', healthy: { container: { resources: { limits: { memory: '32Mi' } } } },
    image: () => variant('v2', 'oom'), told: ['ran out of memory and was killed', 'its memory limit is 32Mi'], sure: [0, 180], evidence: /holding \d+ MiB/,
  },
  {
    cause: 'out-of-memory', what: 'of a StatefulSet that is made in parallel', healthy: { kind: 'StatefulSet', container: { resources: { limits: { memory: '32Mi' } } }, spec: { podManagementPolicy: 'Parallel' } },
    image: () => variant('v2', 'oom'), told: ['its memory limit is 32Mi', 'statefulset/web'], sure: [0, 180], evidence: /holding \d+ MiB/,
  },
  {
    cause: 'probe-killed', what: 'its liveness probe fails', healthy: { container: { livenessProbe: { httpGet: { path: '/live', port: 8080 }, ...tiny } } },
    image: () => variant('v2', 'liveness-dead,slow-ready=60s'), told: ['liveness probe'], sure: [0, 180], evidence: /statuscode: 500/,
  },
  {
    cause: 'container-start', what: 'the entry point is not in the image',
    image: () => variant('v2', calm, { tag: 'v2-no-entry', entrypoint: '/nothere' }), told: ['/nothere'], sure: [0, 180], evidence: /nothere/,
  },
  {
    cause: 'container-start', what: 'of a DaemonSet', healthy: { kind: 'DaemonSet' },
    image: () => variant('v2', calm, { tag: 'v2-no-entry', entrypoint: '/nothere' }), told: ['/nothere', 'daemonset/web'], sure: [0, 180], evidence: /nothere/,
  },
  {
    cause: 'volume-mount', what: 'a ConfigMap goes away after the check', objects: [configmap('settings', { greeting: 'hi' })], ...pair,
    healthy: { container: { volumeMounts: [{ name: 'settings', mountPath: '/settings' }] }, pod: { volumes: [{ name: 'settings', configMap: { name: 'settings' } }] } },
    atChange: (space) => space.remove('ConfigMap', 'settings'), patience: { 'volume-mount': '3s' }, sure: [3, 180],
    told: ['configmap "settings" not found'], evidence: /FailedMount/, mend: (space) => space.apply(configmap('settings', { greeting: 'hi' })),
  },
  {
    cause: 'unschedulable', what: 'the only node has one of it already', ...pair,
    healthy: {
      replicas: 1,
      pod: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } }] } } },
    },
    patience: { unschedulable: '3s' }, sure: [3, 180], told: ['anti-affinity'], evidence: /FailedScheduling/,
    mend: (space) => space.patch('Deployment', 'web', { spec: { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } } }),
  },
  {
    cause: 'quota-exceeded', what: 'no room for one pod more', ...pair, patience: { 'quota-exceeded': '3s' }, sure: [3, 180],
    // The Role does not let the account read quotas, so that the preflight knows nothing of it.
    prepare: async (space) => {
      await space.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few' }, spec: { hard: { pods: '2' } } });
      await space.until('ResourceQuota', 'few', 'is counted', (quota) => quota.status?.used?.pods === '2');
    },
    told: ['exceeded quota: few'], evidence: /FailedCreate/, mend: (space) => space.remove('ResourceQuota', 'few'),
  },
  {
    cause: 'admission-denied', what: 'the namespace admits no such pods any more', ...pair, patience: { 'admission-denied': '3s' }, sure: [3, 180],
    prepare: (space) => labelOf(space, 'restricted'), told: ['PodSecurity'], evidence: /FailedCreate/, mend: (space) => labelOf(space, null),
  },
  {
    cause: 'image-platform-missing', what: 'the image is for another architecture',
    image: () => variant('v2', calm, { tag: 'v2-arm64', architectures: ['arm64'] }), told: ['no match for platform'], sure: [0, 180], evidence: /no match for platform/,
  },
  {
    cause: 'deadline', what: 'the progress deadline of a Deployment that is held', healthy: { spec: { progressDeadlineSeconds: 6 } },
    image: () => variant('v2', `${calm},slow-ready=60s`), told: ['deployment/web'], sure: [6, 180], evidence: /readiness probe|Unhealthy|events of deployment/,
    mend: (space) => space.patch('Deployment', 'web', { spec: { progressDeadlineSeconds: 600 } }),
  },
  {
    cause: 'crash-loop', what: 'of a StatefulSet that is made in parallel', healthy: { kind: 'StatefulSet', spec: { podManagementPolicy: 'Parallel' } },
    image: () => variant('v2', 'crash'), told: ['cannot read config/production.yml'], sure: [0, 180], evidence: /cannot read config/,
  },
  {
    cause: 'crash-loop', what: 'of a StatefulSet with a partition', healthy: { kind: 'StatefulSet', spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } } },
    image: () => variant('v2', 'crash'), told: ['cannot read config/production.yml', 'web-1'], sure: [0, 180], evidence: /cannot read config/,
    mend: (space) => space.patch('StatefulSet', 'web', { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } }),
  },
];

describe('each cause: named, undone object by object, and no trouble for the next version', () => {
  const named = cases.map((each) => [`${each.cause}: ${each.what}`, each] as const);
  it.concurrent.each(named)('%s', async (_, each) => inSpace('causes', async (space) => {
    await checkCase(space, each, await (each.image ?? (() => variant('v2')))());
  })());

  it.concurrent('init-failed: the migration of the new version fails', inSpace('causes', async (space) => {
    const image = await variant('v2', calm, { tag: 'v2-bad-init', env: { MODE_migrate: 'crash' } });
    const healthy = await withInit();
    // The healthy versions after it have to end their init container as well.
    await checkCase(space, { cause: 'init-failed', what: '', healthy, sure: [0, 180], told: ['migrate', 'cannot read config/production.yml'], evidence: /cannot read config/ }, image);
  }));

  it.concurrent('image-pull-failed: the registry is down for the nodes', inSpace('causes', async (space) => {
    const proxy = await registryProxy();
    try {
      const v2 = await variant('v2', calm, { fresh: true, tag: 'v2-pull-failed' });
      const image = { ...v2, name: v2.name.replace(environment().registry, proxy.host) };
      await checkCase(space, {
        cause: 'image-pull-failed', what: '', inputs: { workloads: 'deployment/web:web' }, patience: { 'image-pull-failed': '4s' }, sure: [4, 180],
        atChange: async () => proxy.refuse(503), told: ['503'], evidence: /Failed to pull image/,
      }, image);
    } finally {
      await proxy.close();
    }
  }));
});

describe('a policy that refuses the change itself', () => {
  it.concurrent('admission-denied: failed, because no workload was changed', inSpace('policy', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const before = await snapshotOf(space);
    const remove = await refuseImages(space);
    try {
      const result = await runAction({ inputs: rolloutInputs(space, await variant('v2')) });
      expectEnding(result, { verdict: 'failed', cause: 'admission-denied', stage: 'rollout' });
      expectTold(result, 'no such image here');
      expect(await snapshotOf(space)).toEqual(before);
    } finally {
      await remove();
    }
  }));
});

/** A policy of the cluster that refuses every image but the one that is there; returns what removes it. */
async function refuseImages(space: Space): Promise<() => Promise<void>> {
  const admission = '/apis/admissionregistration.k8s.io/v1';
  const [name, now] = [space.name, await imageOf(space, 'Deployment', 'web')];
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': space.name } };
  await call('POST', `${admission}/validatingadmissionpolicies`, {
    apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', metadata: { name },
    spec: {
      failurePolicy: 'Fail', matchConstraints: { namespaceSelector, resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments'] }] },
      validations: [{ expression: `object.spec.template.spec.containers.all(c, c.image == '${now}')`, message: 'no such image here' }],
    },
  });
  await call('POST', `${admission}/validatingadmissionpolicybindings`, {
    apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding', metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'], matchResources: { namespaceSelector } },
  });
  const [container] = (await space.get('Deployment', 'web')).spec.template.spec.containers;
  const tried = { spec: { template: { spec: { containers: [{ ...container, image: 'registry.example/any:1' }] } } } };
  await eventually('the policy holds', () => call('PATCH', `/apis/apps/v1/namespaces/${space.name}/deployments/web?dryRun=All`, tried, 'application/merge-patch+json')
    .then(() => false, () => true));
  return async () => {
    await call('DELETE', `${admission}/validatingadmissionpolicybindings/${name}`).catch(() => undefined);
    await call('DELETE', `${admission}/validatingadmissionpolicies/${name}`).catch(() => undefined);
  };
}

describe('a CronJob', () => {
  it.concurrent('gets the image, and nothing is waited for', inSpace('cronjob', async (space) => {
    await startHealthy(space, { kind: 'CronJob', name: 'nightly' });
    const v2 = await variant('v2', 'crash');
    const result = await runAction({ inputs: rolloutInputs(space, v2, { workloads: 'cronjob/nightly', smoke: '' }) });
    expectEnding(result, { verdict: 'deployed' });
    expect(await imageOf(space, 'CronJob', 'nightly')).toBe(`${v2.name}@${v2.digest}`);
    expect(await space.list('Pod')).toEqual([]);
  }));
});
