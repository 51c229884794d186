import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import type { Workload } from '../../src/kubernetes/client/objects.js';
import { rollBack } from '../../src/workflow/rollback.js';
import { first, image, second, third, TestWorld } from './world.js';

/** `second` and then `third` were deployed over `first`. */
const world = (): Promise<TestWorld> => new TestWorld().deployed(second, third);

const back = async (over: TestWorld, settings: Partial<Config> = {}) => {
  over.server.seen.splice(0);
  const { run, lines } = over.start('rollback', { image, smoke: over.deploying(second).smoke, ...settings });
  return { lines, outcome: await rollBack(run) };
};

describe('a rollback', () => {
  it('goes to the release before, as a release of its own, and reports its commit', async () => {
    const over = await world();
    const { outcome, lines } = await back(over);
    expect(outcome).toMatchObject({
      verdict: 'deployed', wentBack: true, commit: second, reference: over.imageOf(second), digest: over.registry.digestOf(second),
      changes: [{ before: over.imageOf(third), after: over.imageOf(second), now: over.imageOf(second) }],
    });
    expect(lines.filter((line) => /^info (?:release|api@|rolling)/.test(line))).toEqual([
      expect.stringMatching(/^info release {2,}age {2,}commit$/), expect.stringMatching(/^info api@.* ago {2}ccccccc {2}verified {2}← now$/),
      expect.stringMatching(/^info api@.* ago {2}bbbbbbb {2}verified$/), expect.stringMatching(/^info api@.* ago {2,}verified$/),
      expect.stringMatching(/^info rolling back to .*commit bbbbbbbbbbbb, verified$/),
    ]);
    expect(lines).toContainEqual(expect.stringMatching(/^output .* of 20.*, commit bbbbbbbbbbbb, verified$/));
    expect(over.ledger?.run).toMatchObject({ phase: 'verified', commit: second, goesBackTo: { reference: over.imageOf(second) } });
  });
  it('records its reason', async () => {
    const over = await world();
    const { lines } = await back(over, { reason: 'INC-7: orders fail' });
    expect(lines).toContain('info the reason: INC-7: orders fail');
    expect([over.ledger?.run.reason, over.ledger?.releases[0]?.reason]).toEqual(['INC-7: orders fail', 'INC-7: orders fail']);
  });
  it('withdraws what it leaves: the next one goes further back, and not to and fro', async () => {
    const over = await world();
    await back(over);
    const { outcome } = await back(over);
    expect([outcome.verdict, outcome.commit, over.imageNow]).toEqual(['deployed', undefined, over.imageOf(first)]);
    expect(over.ledger?.run.commit).toBeUndefined();
    const { outcome: further } = await back(over);
    expect([further.verdict, further.failure?.cause, over.changes]).toEqual(['failed', 'release-not-found', []]);
  });
  it('goes to the commit that is named', async () => {
    const over = await world();
    const { outcome } = await back(over, { to: second.slice(0, 12) });
    expect([outcome.verdict, over.imageNow]).toEqual(['deployed', over.imageOf(second)]);
  });
  it('finds its workloads in the record, or takes those of the settings', async () => {
    const over = await world();
    const { outcome } = await back(over, { image: undefined, workloads: [{ kind: 'deployment', name: 'api' }] });
    expect([outcome.verdict, over.imageNow]).toEqual(['deployed', over.imageOf(second)]);
  });
  it('names in a dry run every stage of the run that it plans, and writes nothing', async () => {
    const over = await world();
    const { outcome: planned } = await back(over, { dryRun: true });
    expect([planned.verdict, over.server.seen.filter((each) => !each.startsWith('GET'))]).toEqual(['planned', []]);
    const { outcome: done } = await back(over);
    expect(['preflight', ...planned.plan?.steps.map(({ stage }) => stage) ?? []]).toEqual(done.timeline.map(({ stage }) => stage));
  });
  it('is undone itself when the version that it went back to fails', async () => {
    const over = await world();
    over.behaviours.set(second, 'wrong');
    const { outcome } = await back(over);
    expect([outcome.verdict, outcome.failure?.cause, over.imageNow, over.ledger?.run.phase]).toEqual(['rolled-back', 'smoke-failed', over.imageOf(third), 'restored']);
    expect(over.ledger?.releases.flatMap(({ contents }) => contents.flatMap(({ withdrawnAt }) => withdrawnAt ?? []))).toEqual([]);
  });
});

describe('a rollback that fails before its change', () => {
  it.each<[string, string, (over: TestWorld) => void, Partial<Config>]>([
    ['there is no record', 'release-not-found', (over) => over.server.remove(over.ledgerPath), { workloads: [{ kind: 'deployment', name: 'api' }] }],
    ['no release fits `to`', 'release-not-found', () => undefined, { to: 'f'.repeat(12) }],
    ['the registry does not hold the release any more', 'image-not-found', (over) => void over.registry.forget(image, second), {}],
    ['a check names a Service that does not exist', 'config-invalid', (over) => over.server.remove('/api/v1/namespaces/web/services/api'), {}],
    ['the workload is paused', 'not-deployable', (over) => {
      const path = '/apis/apps/v1/namespaces/web/deployments/api';
      const known = over.server.get<Workload>(path);
      over.server.put(path, { ...known, spec: { ...known?.spec, paused: true } } as Workload);
    }, {}],
    ['its record cannot be read', 'record-unreadable', (over) => over.keepLedger('{"schema": 2'), {}],
  ])('has changed nothing when %s', async (_when, cause, prepare, settings) => {
    const over = await world();
    prepare(over);
    const { outcome } = await back(over, settings);
    expect([outcome.verdict, outcome.failure?.cause, outcome.failure?.stage, over.changes, over.imageNow]).toEqual(['failed', cause, 'preflight', [], over.imageOf(third)]);
    expect(over.holder).toBe('');
  });
  it('has changed nothing when something else was deployed since it chose the release', async () => {
    const over = await world();
    const { run } = over.start('rollback', { image, smoke: over.deploying(second).smoke });
    void over.holdLock('other', 20_000, () => over.deployments.set('api', over.imageOf(first)));
    const { verdict, failure } = await rollBack(run);
    expect([verdict, failure?.cause, failure?.message]).toEqual(['failed', 'superseded', expect.stringMatching(/^Something else was deployed meanwhile: deployment\/api:app was .* when the rollback was planned, and is .* now\. Nothing was changed\.$/)]);
    expect(over.imageNow).toBe(over.imageOf(first));
  });
});

describe('a rollback that finds a dead run', () => {
  it('finishes it first, and goes back from what is there then', async () => {
    const over = await world();
    over.keepLedger({ ...over.deadLedger({}, [second, third]), releases: over.ledger?.releases ?? [] });
    const { outcome } = await back(over);
    expect([outcome.verdict, outcome.recovery?.result, over.imageNow]).toEqual(['deployed', 'confirmed', over.imageOf(second)]);
  });
  it('refuses where it belongs to another repository under the same name', async () => {
    const over = await world();
    over.keepLedger({ ...over.deadLedger({ repository: 'registry.example/billing/api' }, [second, third]), releases: over.ledger?.releases ?? [] });
    const { outcome } = await back(over);
    expect([outcome.verdict, outcome.failure?.cause, outcome.failure?.message]).toEqual([
      'failed', 'locked', expect.stringMatching(/^A run of registry\.example\/billing\/api \(dead, started .*\) was interrupted during its rollout, .* Nothing was changed\.$/)]);
    expect([over.changes, over.ledger?.run.phase, over.holder]).toEqual([[], 'in-progress', '']);
  });
});
