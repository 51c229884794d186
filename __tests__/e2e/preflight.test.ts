import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { closeApi, type Any } from './harness/api.js';
import { calm, imageOf, inSpace, rolloutInputs, startHealthy, variant, type HealthyOptions } from './harness/app.js';
import { expectEnding, expectHidden, expectTold } from './harness/ending.js';
import { environment, eventually } from './harness/environment.js';
import { closeImages, type PushedImage } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import type { Space } from './harness/namespace.js';
import { grant, withClusterRights } from './harness/rights.js';
import { runAction } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';
import { configmap, deployment, pullSecret, statefulset } from './harness/workloads.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const secret = (name: string, data: Readonly<Record<string, string>>): Any => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: data });
const fromSecret = { env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'login', key: 'token' } } }] };
const mayRead = (resource: string): Any => ({ apiGroups: [''], resources: [resource], verbs: ['get', 'list'] });

interface Found {
  readonly what: string;
  readonly cause: string;
  readonly healthy?: HealthyOptions;
  readonly objects?: readonly Any[];
  /** What the documented Role does not allow, and this check needs. */
  readonly rights?: readonly Any[];
  readonly prepare?: (space: Space) => Promise<unknown>;
  readonly image?: () => Promise<PushedImage>;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly told: readonly string[];
}

/** Begins an hour ago and lasts for 20 hours: now is in it, whenever the test runs. */
const frozenNow = (): string => {
  const hour = new Date().getUTCHours();
  return `${String((hour + 23) % 24).padStart(2, '0')}:00–${String((hour + 19) % 24).padStart(2, '0')}:00 UTC`;
};
/** An hour that is not now. */
const later = (): string => {
  const hour = (new Date().getUTCHours() + 6) % 24;
  return `${String(hour).padStart(2, '0')}:00–${String((hour + 1) % 24).padStart(2, '0')}:00 UTC`;
};

const found: readonly Found[] = [
  {
    what: 'a ConfigMap that is not there', cause: 'container-config', objects: [configmap('settings', { greeting: 'hi' })],
    healthy: { container: { envFrom: [{ configMapRef: { name: 'settings' } }] } }, prepare: (space) => space.remove('ConfigMap', 'settings'),
    told: ['ConfigMap settings', 'does not exist'],
  },
  {
    what: 'a Secret that is not there, where Secrets may be read', cause: 'container-config', objects: [secret('login', { token: 'hunter22-hunter22' })],
    healthy: { container: fromSecret }, rights: [mayRead('secrets')], prepare: (space) => space.remove('Secret', 'login'), told: ['Secret login', 'does not exist'],
  },
  {
    what: 'a key that a Secret has not, where Secrets may be read', cause: 'container-config', objects: [secret('login', { token: 'hunter22-hunter22' })],
    healthy: { container: fromSecret }, rights: [mayRead('secrets')], prepare: (space) => space.patch('Secret', 'login', { data: { token: null, other: 'aHVudGVyMjItaHVudGVyMjI=' } }),
    told: ['key token', 'Secret login'],
  },
  {
    what: 'a quota without room for the first new pod, where quotas may be read', cause: 'quota-exceeded', rights: [mayRead('resourcequotas')],
    prepare: async (space) => {
      await space.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few' }, spec: { hard: { pods: '1' } } });
      await space.until('ResourceQuota', 'few', 'is counted', (quota) => quota.status?.used?.pods === '1');
    },
    told: ['ResourceQuota few', 'pods is at 1 of 1'],
  },
  {
    what: 'a pull secret that the registry refuses, where Secrets may be read', cause: 'image-pull-denied', rights: [mayRead('secrets')],
    healthy: { pod: { imagePullSecrets: [{ name: 'pull' }] } }, image: () => variant('v2', calm, { repository: 'private/app', withLogin: true }),
    prepare: (space) => space.apply(pullSecret('pull', environment().authRegistry, 'nobody', 'falsch-geraten')),
    inputs: {
      workloads: 'deployment/web:web', registry: environment().authRegistry,
      'registry-username': environment().authUsername, 'registry-password': environment().authPassword,
    },
    told: ['pull secret pull'],
  },
  {
    what: 'a partition that leaves no pod', cause: 'not-deployable', healthy: { kind: 'StatefulSet', spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } } },
    inputs: { workloads: 'statefulset/web' }, told: ['partition 1', 'Lower spec.updateStrategy.rollingUpdate.partition'],
  },
  {
    what: 'the strategy OnDelete', cause: 'not-deployable', healthy: { kind: 'DaemonSet', spec: { updateStrategy: { type: 'OnDelete' } } },
    inputs: { workloads: 'daemonset/web' }, told: ['OnDelete', 'Set spec.updateStrategy.type to RollingUpdate'],
  },
  {
    what: 'a Deployment that somebody paused', cause: 'not-deployable', prepare: (space) => space.patch('Deployment', 'web', { spec: { paused: true } }),
    told: ['deployment/web', 'is paused', 'kubectl rollout resume deployment/web'],
  },
  {
    what: 'minReadySeconds that are as long as the timeout', cause: 'not-deployable', inputs: { timeout: '1m' },
    prepare: async (space) => {
      await space.patch('Deployment', 'web', { spec: { minReadySeconds: 60 } });
      await space.until('Deployment', 'web', 'is taken up', (d) => d.status.observedGeneration === d.metadata.generation);
    },
    told: ['minReadySeconds 60', 'timeout'],
  },
  { what: 'a misspelt workload', cause: 'config-invalid', inputs: { workloads: 'deployment/wbe' }, told: ['workload deployment/wbe: does not exist', 'Did you mean "deployment/web"?'] },
  { what: 'a workload of another kind', cause: 'config-invalid', inputs: { workloads: 'statefulset/web' }, told: ['workload statefulset/web: does not exist', 'Did you mean "deployment/web"?'] },
  { what: 'a misspelt container', cause: 'config-invalid', inputs: { workloads: 'deployment/web:wbe' }, told: ['has no container wbe', 'Did you mean "web"?'] },
  {
    what: 'a misspelt workload, where a permission names another one', cause: 'config-invalid', inputs: { workloads: 'deployment/wbe' }, told: ['workload deployment/wbe: does not exist', 'Did you mean "deployment/web"?'],
    prepare: async (space) => {
      const { rules } = await space.get('Role', 'deployer');
      const others = rules.filter(({ resources }: Any) => !resources.includes('deployments'));
      const apps = { apiGroups: ['apps'], resources: ['deployments'] };
      await space.patch('Role', 'deployer', { rules: [...others, { ...apps, verbs: ['list', 'watch'] }, { ...apps, verbs: ['get', 'patch'], resourceNames: ['web'] }] });
    },
  },
  { what: 'a freeze', cause: 'frozen', inputs: { freeze: frozenNow() }, told: ['frozen by', 'freeze-override'] },
  { what: 'a time outside every window', cause: 'frozen', inputs: { windows: later() }, told: ['outside every window', 'freeze-override'] },
  { what: 'a digest that the registry has not', cause: 'image-not-found', inputs: { digest: `sha256:${'ab'.repeat(32)}` }, told: ['is not in the registry'] },
];

describe('found before anything is changed', () => {
  const named = found.map((each) => [each.what, each] as const);
  it.concurrent.each(named)('%s', async (_, each) => inSpace('preflight', async (space) => {
    await space.apply(...(each.objects ?? []));
    await startHealthy(space, { replicas: 1, ...each.healthy });
    if (each.rights) await grant(space, ...each.rights);
    await each.prepare?.(space);
    const before = await snapshotOf(space);
    const image = await (each.image ?? (() => variant('v2')))();
    const result = await runAction({ inputs: rolloutInputs(space, image, each.inputs) });
    expectEnding(result, { verdict: 'failed', cause: each.cause, stage: 'preflight' });
    expectTold(result, ...each.told);
    expect(await snapshotOf(space)).toEqual(before);
    expect(await ledgerOf(space)).toBeUndefined();
    expectHidden(result, 'hunter22-hunter22');
  })());

  it.concurrent('an image that is not for the architecture of the nodes, where nodes may be read', inSpace('preflight', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const before = await snapshotOf(space);
    const image = await variant('v2', calm, { tag: 'v2-arm64', architectures: ['arm64'] });
    const result = await withClusterRights(space, [mayRead('nodes')], () => runAction({ inputs: rolloutInputs(space, image) }));
    expectEnding(result, { verdict: 'failed', cause: 'image-platform-missing', stage: 'preflight' });
    expectTold(result, 'linux/amd64', 'linux/arm64');
    expect(await snapshotOf(space)).toEqual(before);
  }));

  it.concurrent('everything at once: every problem is told, with the Role that is missing', inSpace('manyfold', async (space) => {
    const { reference } = await variant('v1');
    await space.apply(
      deployment('web', { image: reference, replicas: 1, container: { envFrom: [{ configMapRef: { name: 'nothere' } }] }, spec: { paused: true, minReadySeconds: 700, progressDeadlineSeconds: 900 } }),
      statefulset('db', { image: reference, replicas: 1, spec: { updateStrategy: { type: 'OnDelete' } } }),
      statefulset('cache', { image: reference, replicas: 1, spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 3 } } } }),
    );
    const before = await snapshotOf(space);
    const result = await runAction({
      inputs: rolloutInputs(space, await variant('v2'), {
        workloads: 'deployment/web\nstatefulset/db\nstatefulset/cache\ndeployment/gone', windows: later(), digest: `sha256:${'cd'.repeat(32)}`,
      }),
    });
    expect(result.outputs.verdict).toBe('failed');
    expectTold(
      result, 'outside every window', 'deployment/web: is paused', 'minReadySeconds 700', 'ConfigMap nothere', 'statefulset/db: has the update strategy OnDelete',
      'partition 3', 'deployment/gone: does not exist', 'is not in the registry',
    );
    expect(await snapshotOf(space)).toEqual(before);
    expect(await ledgerOf(space)).toBeUndefined();
  }));

  it.concurrent('permissions that are missing, as a Role and a binding that can be applied beside what is there, and then are enough', inSpace('role', async (space) => {
    await startHealthy(space, { replicas: 1 });
    // Twice: what is printed the second time must not take away what was printed the first time.
    for (const [version, missing] of [['v2', ['leases', 'endpointslices']], ['v3', ['services/proxy']]] as const) {
      const { rules } = await space.get('Role', 'deployer');
      const left = rules.filter((rule: Any) => !missing.some((resource) => rule.resources.includes(resource)));
      await space.patch('Role', 'deployer', { rules: left });
      const inputs = rolloutInputs(space, await variant(version), { smoke: `service/web/ -> 200 contains ${version}` });
      const refused = await runAction({ inputs });
      expectEnding(refused, { verdict: 'failed', cause: 'permission-denied', stage: 'preflight' });
      expectTold(refused, ...missing, 'kind: Role', `system:serviceaccount:${space.name}:deployer`);
      const printed = refused.report.failure.evidence.find((piece: Any) => piece.text.includes('kind: Role'));
      await space.apply(...parseAllDocuments(printed.text).map((document) => document.toJS() as Any));
      expect((await space.get('Role', 'deployer')).rules).toEqual(left);
      expectEnding(await runAction({ inputs }), { verdict: 'deployed' });
    }
  }));

  it.concurrent('permissions that going back needs, for the workloads that the ledger names', inSpace('role', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const v2 = await variant('v2');
    expectEnding(await runAction({ inputs: rolloutInputs(space, v2) }), { verdict: 'deployed' });
    const before = await snapshotOf(space);
    const { rules } = await space.get('Role', 'deployer');
    await space.patch('Role', 'deployer', { rules: rules.map((rule: Any) => ({ ...rule, verbs: rule.resources.includes('deployments') ? ['get', 'list', 'watch'] : rule.verbs })) });
    const result = await runAction({ action: 'rollback', inputs: { kubeconfig: space.kubeconfig, namespace: space.name, image: v2.name } });
    expectEnding(result, { verdict: 'failed', cause: 'permission-denied', stage: 'preflight' });
    expectTold(result, 'patch deployments');
    expect(await snapshotOf(space)).toEqual(before);
  }));
});

describe('told, and deployed all the same', () => {
  it.concurrent('a freeze with a reason to override it, which is recorded', inSpace('override', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const v2 = await variant('v2');
    const result = await runAction({ inputs: rolloutInputs(space, v2, { windows: later(), 'freeze-override': 'INC-1234: the checkout is down' }) });
    expectEnding(result, { verdict: 'deployed' });
    expectTold(result, 'The run continues although it is outside every window: INC-1234: the checkout is down');
    expect((await ledgerOf(space)).run.override).toBe('INC-1234: the checkout is down');
    expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
    // Of the next one, which nothing stands against, nothing of it is said; of the first it stays known.
    const next = { freeze: later(), 'freeze-override': 'INC-1235: not needed', smoke: 'service/web/ -> 200 contains v3' };
    const second = await runAction({ inputs: rolloutInputs(space, await variant('v3'), next) });
    expectEnding(second, { verdict: 'deployed' });
    expect(second.summary).not.toContain('INC-1235');
    expect((await ledgerOf(space)).releases.map(({ override }: Any) => override)).toEqual([undefined, 'INC-1234: the checkout is down', undefined]);
  }));

  it.concurrent('a Secret with all its keys, which may not be read', inSpace('unread', async (space) => {
    await space.apply(secret('login', { token: 'hunter22-hunter22' }));
    await startHealthy(space, { replicas: 1, container: fromSecret });
    expectEnding(await runAction({ inputs: rolloutInputs(space, await variant('v2')) }), { verdict: 'deployed' });
  }));

  it.concurrent('a Secret that is not there and may not be read shows in the rollout', inSpace('unread', async (space) => {
    await space.apply(secret('login', { token: 'hunter22-hunter22' }));
    await startHealthy(space, { replicas: 1, container: fromSecret });
    await space.remove('Secret', 'login');
    const before = await snapshotOf(space);
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2')) });
    expectEnding(result, { verdict: 'rolled-back', cause: 'container-config', stage: 'rollout' });
    expectTold(result, 'login');
    expect(await snapshotOf(space)).toEqual(before);
  }));

  it.concurrent('a workload that is broken now: the plan says that there is no way back, and the good version mends it', inSpace('broken', async (space) => {
    await space.apply(deployment('web', { image: (await variant('v1', 'unready')).reference, replicas: 1 }));
    await space.until('Deployment', 'web', 'has a pod', (d) => d.status?.replicas === 1);
    const v2 = await variant('v2');
    const inputs = rolloutInputs(space, v2, { smoke: '' });
    const planned = await runAction({ inputs: { ...inputs, 'dry-run': 'true' } });
    expectEnding(planned, { verdict: 'planned' });
    const plan = JSON.parse(planned.outputs.plan ?? 'null');
    expect(plan.rollback).toMatchObject({ possible: false, reason: expect.stringContaining('deployment/web is not healthy now (0 of 1 pods available)') });
    expect(planned.summary).toContain('not healthy now');
    const result = await runAction({ inputs });
    expectEnding(result, { verdict: 'deployed' });
    expect(await imageOf(space, 'Deployment', 'web')).toBe(`${v2.name}@${v2.digest}`);
  }));

  it.concurrent('a quota that a broken pod of the release before has filled: the good release takes its place', inSpace('full', async (space) => {
    await startHealthy(space, { replicas: 3 });
    await grant(space, mayRead('resourcequotas'));
    await space.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few' }, spec: { hard: { pods: '4' } } });
    await space.until('ResourceQuota', 'few', 'is counted', (quota) => quota.status?.used?.pods === '3');
    const broken = await runAction({ inputs: rolloutInputs(space, await variant('v2', 'crash'), { rollback: 'off' }) });
    expectEnding(broken, { verdict: 'rollback-failed', cause: 'crash-loop' });
    expect((await space.get('ResourceQuota', 'few')).status.used.pods).toBe('4');
    const v3 = await variant('v3');
    const result = await runAction({ inputs: rolloutInputs(space, v3, { smoke: 'service/web/ -> 200 contains v3' }) });
    expectEnding(result, { verdict: 'deployed' });
    expectTold(result, 'ResourceQuota few has no room now for the first new pod of deployment/web: pods is at 4 of 4');
    expect(await runningImages(space, 'web')).toEqual([`${v3.name}@${v3.digest}`]);
  }));

  it.concurrent('an image that needs a login, for pods without one: not where their service account has it', inSpace('nologin', async (space) => {
    const { authRegistry, authUsername, authPassword } = environment();
    const image = await variant('v2', calm, { repository: 'private/app', withLogin: true });
    await space.apply(deployment('web', { image: `${image.name}:none`, replicas: 1 }));
    await space.until('Deployment', 'web', 'has a pod', (d) => d.status?.replicas === 1);
    const inputs = rolloutInputs(space, image, { smoke: '', registry: authRegistry, 'registry-username': authUsername, 'registry-password': authPassword, 'dry-run': 'true' });
    const warned = await runAction({ inputs });
    expectEnding(warned, { verdict: 'planned' });
    expectTold(warned, 'neither the pod template of deployment/web nor its service account names imagePullSecrets');
    await space.apply(pullSecret('pull', authRegistry, authUsername, authPassword));
    await space.patch('ServiceAccount', 'default', { imagePullSecrets: [{ name: 'pull' }] });
    const [old] = await space.list('Pod');
    await space.remove('Pod', old.metadata.name);
    await eventually('a pod with the login of its account', async () => (await space.list('Pod')).every(({ spec }) => spec.imagePullSecrets?.length === 1));
    const fine = await runAction({ inputs });
    expectEnding(fine, { verdict: 'planned' });
    expect(fine.log).not.toContain('imagePullSecrets');
  }));

  it.concurrent('advice on a preStop hook: in a dry run and before the first release, and not if it is off', inSpace('advice', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const said = async (version: string, more: Readonly<Record<string, string>> = {}): Promise<boolean> => {
      const result = await runAction({ inputs: rolloutInputs(space, await variant(version), { smoke: `service/web/ -> 200 contains ${version}`, ...more }) });
      expect(['planned', 'deployed']).toContain(result.outputs.verdict);
      return result.log.includes('No preStop hook: container web of deployment/web');
    };
    const dryRun = { 'dry-run': 'true', 'smoke': '' };
    expect([await said('v2', dryRun), await said('v2', { ...dryRun, advice: 'off' }), await said('v2'), await said('v3'), await said('v4', dryRun)]).toEqual([true, false, true, false, true]);
  }));

  it.concurrent('a pod without readinessProbe, behind a Service', inSpace('warned', async (space) => {
    await startHealthy(space, { replicas: 1, container: { readinessProbe: null } });
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), { 'dry-run': 'true' }) });
    expectEnding(result, { verdict: 'planned' });
    expect(result.report.plan.warnings.join()).toContain('has no readinessProbe');
  }));
});
