import { describe, expect, it } from '@jest/globals';
import { parsePeriod } from '../../src/config/values/periods.js';
import type { Period } from '../../src/config/config.js';
import { closedNow } from '../../src/policy/freeze.js';
import type { ConfigMap } from '../../src/kubernetes/client/objects.js';
import { settleUnfinished } from '../../src/workflow/recover.js';
import { releaseStages, type ReleaseState } from '../../src/workflow/release-stages.js';
import { runStages } from '../../src/workflow/stage.js';
import type { ClusterFacts } from '../../src/target/set-image/cluster-facts.js';
import type { Run } from '../../src/workflow/run.js';
import { formatLedger, type Ledger } from '../../src/record/ledger.js';
import { ledgerName, openLedger } from '../../src/kubernetes/store/config-map.js';
import { lockName } from '../../src/kubernetes/store/lease.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { deployment, newImage, oldImage, target } from '../kubernetes/judge/build.js';
import { deploymentPath, fakeCluster, type FakeCluster } from '../target/set-image/fake-cluster.js';
import { run } from '../workflow/runs.js';

const text = 'Fri 16:00 – Mon 08:00 UTC';
const parsed = parsePeriod(text);
const freeze: readonly Period[] = parsed.ok ? [parsed.value] : [];
const [thursday, friday] = ['2026-01-01T12:00:00Z', '2026-01-02T16:10:00Z'].map(Date.parse) as [number, number];

const runAt = (now: number, freezeOverride?: string): Run => ({
  ...run({ freeze, freezeOverride }), ports: fakePorts({ clock: { now: () => now, monotonic: () => 0, sleep: () => new Promise(() => undefined) } }),
});
const inSpite = `The run goes on although it is frozen by \`${text}\`: an outage`;

describe('a freeze', () => {
  it('is a problem while it lasts, with its end', () => {
    expect(closedNow(runAt(friday))).toEqual({
      warnings: [], problems: [{ cause: 'frozen', message: `Nothing is deployed now: frozen by \`${text}\` until Monday 08:00 UTC (in 2 d 15 h).`, hint: expect.stringContaining('`freeze-override`') }],
    });
    expect(closedNow(runAt(thursday))).toEqual({ problems: [], warnings: [] });
  });
  it('that somebody overrides is told, in the same words for as long as it lasts, and only while it lasts', () => {
    for (const later of [0, 3_600_000]) expect(closedNow(runAt(friday + later, 'an outage'))).toEqual({ problems: [], warnings: [inSpite] });
    expect(closedNow(runAt(thursday, 'an outage'))).toEqual({ problems: [], warnings: [] });
  });
});

/** A cluster with the Deployment, in which the command that sets its image is refused. */
function cluster(): FakeCluster {
  const healthy = deployment({ image: oldImage, generation: 1, status: { observedGeneration: 1 }, spec: { replicas: 3 } });
  const fake = fakeCluster({ objects: { [deploymentPath]: healthy }, kubectl: () => ({ code: 1, stderr: 'error: the change was refused' }), now: () => friday });
  const get: FakeCluster['api']['get'] = async <T>(path: string) =>
    fake.objects.has(path.split('?')[0] ?? '') ? fake.api.get<T>(path) : { metadata: { resourceVersion: '1' }, items: [] } as T;
  return { ...fake, api: { ...fake.api, get } };
}

/** The stages of a release that was planned while it was open: the tests and the build took their time. */
async function release(freezing: Run, fake = cluster()) {
  const facts: ClusterFacts = { cluster: fake, found: [], services: [], ledger: undefined, store: openLedger(fake.api, freezing.ports.clock, 'web', 'api') };
  const { stages, close } = releaseStages<ReleaseState>(freezing, facts);
  const result = await runStages(stages.filter(({ name }) => name === 'rollout'), { targets: [target()] }, freezing.ports.clock, 0).finally(() => close());
  const ledger = fake.objects.get(`/api/v1/namespaces/web/configmaps/${ledgerName('api')}`) as { data?: Record<string, string> } | undefined;
  const lease = fake.objects.get(`/apis/coordination.k8s.io/v1/namespaces/web/leases/${lockName('api')}`) as { spec?: { holderIdentity?: string } } | undefined;
  return { ...result, done: fake.done, ledger: ledger?.data && JSON.parse(ledger.data['ledger.json'] ?? ''), lease };
}

describe('a freeze that has begun since the run looked at it', () => {
  it('ends it right before the change: nothing is changed or recorded, and the lock is given up', async () => {
    const { failure, state, done, ledger, lease } = await release(runAt(friday));
    expect(failure).toMatchObject({ stage: 'rollout', error: { code: 'frozen', message: expect.stringMatching(/^Nothing is deployed now: frozen by/) } });
    expect(state.undone).toBeUndefined();
    expect(done.filter((each) => each.startsWith('kubectl') || each.includes('deployments/api') && !each.startsWith('GET'))).toEqual([]);
    expect([ledger, lease?.spec?.holderIdentity]).toEqual([undefined, '']);
  });
  it.each<[string, number, readonly string[], string | undefined]>([
    ['is recorded and told', friday, [inSpite], 'an outage'], ['that has not begun is neither', thursday, [], undefined],
  ])('and is overridden %s', async (_name, now, overridden, recorded) => {
    const freezing = runAt(now, 'an outage');
    const { failure, state, ledger } = await release(freezing);
    expect(failure?.error.message).toContain('the change was refused');
    expect(state.overridden).toEqual(overridden);
    expect(ledger.run.override).toBe(recorded);
    expect((freezing.ports as { lines?: readonly string[] }).lines?.includes(`info ${inSpite}`)).toBe(overridden.length > 0);
  });
});

describe('a run that died in the middle', () => {
  const unfinished: Ledger = {
    schema: 1, app: 'api', releases: [],
    run: { id: 'dead', startedAt: '2026-01-01T00:00:00.000Z', phase: 'changing', targets: [target()], held: [], rollback: 'auto', smoke: [], before: { held: [], running: {} } },
  };
  const path = `/api/v1/namespaces/web/configmaps/${ledgerName('api')}`;
  const withDead = (): FakeCluster => {
    const fake = cluster();
    fake.put(deploymentPath, deployment({ image: newImage, generation: 2 }));
    fake.put(path, { metadata: { name: ledgerName('api') }, data: { 'ledger.json': formatLedger(unfinished) } } as ConfigMap);
    return fake;
  };
  const changes = (done: readonly string[]) => done.filter((each) => each.startsWith('kubectl') || (/deployments|configmaps/.test(each) && !each.startsWith('GET')));

  it('is not finished in a freeze before it is planned: that is told, and nothing is changed', async () => {
    const frozen = runAt(friday);
    const fake = withDead();
    const facts: ClusterFacts = { cluster: fake, found: [], services: [], ledger: unfinished, store: openLedger(fake.api, frozen.ports.clock, 'web', 'api') };
    expect(await settleUnfinished(frozen, facts, async () => facts)).toEqual({ facts });
    expect(fake.done.filter((each) => !each.startsWith('GET'))).toEqual([]);
    expect((frozen.ports as { lines?: readonly string[] }).lines).toEqual(['warning An earlier run (dead) is not finished. The first run outside of the freeze finishes it.']);
  });
  it('is not finished either when the freeze has begun while the lock was waited for', async () => {
    const { failure, done, state } = await release(runAt(friday), withDead());
    expect([failure?.error.code, changes(done), state.undone]).toEqual(['frozen', [], undefined]);
  });
});
