import { describe, expect, it } from '@jest/globals';
import type { Workload } from '../../../src/kubernetes/client/objects.js';
import type { Config, WorkloadRef } from '../../../src/config/config.js';
import { chooseRelease, workloadsOf } from '../../../src/target/set-image/choose-release.js';
import type { Ledger, Release } from '../../../src/record/ledger.js';
import type { FoundWorkload } from '../../../src/target/set-image/resolve.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import { fakeCluster } from './fake-cluster.js';
import { config } from '../../workflow/runs.js';

const release = (minute: number, ...images: readonly string[]): Release => ({
  reference: images[0] ?? '', at: `2026-01-01T00:0${minute}:00.000Z`, commit: `${minute}c0ffee`, verified: true,
  contents: images.map((image) => ({ subject: `deployment/${image.split(':')[0]}`, part: 'app', version: image })),
});
const ref = (name: string): WorkloadRef => ({ kind: 'deployment', name });
const found = (image: string, container = 'app') => {
  const name = image.split(':')[0] ?? '';
  return { ref: ref(name), workload: { metadata: { name, uid: `uid-${name}` }, spec: { template: { spec: { containers: [{ name: container, image }] } } } } as Workload };
};
const gone = (name: string) => ({ ref: ref(name), workload: undefined });

async function choose(releases: readonly Release[], workloads: readonly FoundWorkload[], changes: Partial<Config> = {}) {
  const ports = fakePorts();
  const ledger = { releases, run: { after: [] } } as unknown as Ledger;
  const chosen = await chooseRelease({ config: config(changes), ports }, { found: workloads, ledger, cluster: fakeCluster() });
  const sets = chosen.changes.map(({ name, uid, containers }) => [name, uid, ...containers.map((each) => `${each.name}: ${each.before} -> ${each.after}`)]);
  return { ...chosen, sets, lines: ports.lines };
}

const two = [release(3, 'api:3', 'worker:3'), release(2, 'api:2', 'worker:2')];

describe('the release that a rollback chooses', () => {
  it('is listed among the others, with what is there now', async () => {
    const { sets, lines, warnings } = await choose(two, [found('api:3'), found('worker:3')]);
    expect(sets).toEqual([['api', 'uid-api', 'app: api:3 -> api:2'], ['worker', 'uid-worker', 'app: worker:3 -> worker:2']]);
    expect(lines).toEqual([
      expect.stringMatching(/^info release {2}age {6}commit$/), expect.stringMatching(/^info api:3 {4}.* ago {2}3c0ffee {2}verified {2}← now$/),
      expect.stringMatching(/^info api:2 {4}.* ago {2}2c0ffee {2}verified$/),
      'output api:3 of 2026-01-01T00:03:00.000Z, commit 3c0ffee, verified', 'output api:2 of 2026-01-01T00:02:00.000Z, commit 2c0ffee, verified',
    ]);
    expect(warnings).toEqual([]);
  });
  it('leaves out a workload that was deleted since, and says so', async () => {
    const { release: chosen, sets, warnings } = await choose(two, [found('api:3'), gone('worker')]);
    expect([chosen.reference, sets]).toEqual(['api:2', [['api', 'uid-api', 'app: api:3 -> api:2']]]);
    expect(warnings).toEqual(['deployment/worker is part of recorded releases, but no longer exists in namespace web: it is left out.']);
  });
  it('is refused when a workload that was asked for does not exist', async () => {
    await expect(choose(two, [found('api:3'), gone('worker')], { workloads: [ref('api'), ref('worker')] })).rejects.toMatchObject({
      code: 'config-invalid', message: 'workload deployment/worker: does not exist in namespace web', hint: '`kubectl get deployment --namespace=web` lists the existing ones.',
    });
  });
  it('says what stays because nothing as old is recorded of it', async () => {
    const { sets, warnings } = await choose([release(3, 'api:3', 'worker:3'), release(2, 'api:2')], [found('api:3'), found('worker:3')]);
    expect(sets).toEqual([['api', 'uid-api', 'app: api:3 -> api:2']]);
    expect(warnings).toEqual(['deployment/worker is left unchanged: its version at the time of that release is not recorded.']);
  });
  it('brings what stood beside it, also when it is named', async () => {
    const parts = [release(4, 'worker:4'), release(3, 'api:3'), release(2, 'api:2'), release(1, 'api:1', 'worker:1')];
    const { release: chosen, sets } = await choose(parts, [found('api:3'), found('worker:4')], { to: '2c0ffee' });
    expect([chosen.commit, sets]).toEqual(['2c0ffee', [['api', 'uid-api', 'app: api:3 -> api:2'], ['worker', 'uid-worker', 'app: worker:4 -> worker:1']]]);
    expect((await choose(parts, [found('api:3')], { to: '2c0ffee', workloads: [ref('api')] })).sets).toEqual([['api', 'uid-api', 'app: api:3 -> api:2']]);
  });
  it('is refused when a workload has lost a container of it, with what can be taken back without it', async () => {
    const error = choose(two, [found('api:3', 'web'), found('worker:3')]);
    await expect(error).rejects.toMatchObject({
      code: 'not-deployable', message: expect.stringContaining('workload deployment/api: no longer has the container app of the release of 2026-01-01T00:02:00.000Z in namespace web'),
      hint: 'Deploy a commit that matches the current workloads, or name only the others in `workloads`: deployment/worker.',
    });
    await expect(choose([release(3, 'api:3')], [found('api:3', 'web')])).rejects.toMatchObject({ hint: 'Deploy a commit that matches the current workloads.' });
  });
  it.each([
    [{}, /^There is no verified release to roll back to\. Known releases of api: api:3 \(.*, verified\)\.$/, /^Name a withdrawn release with `to`/],
    [{ to: 'deadbeef' }, /^No release matches `to: deadbeef`\. Known releases of api: api:3 \(/, /^Set `to` to the digest or the commit/],
  ])('is none, with those that there are: %j', async (changes, message, hint) => {
    await expect(choose([release(3, 'api:3')], [found('api:3')], changes)).rejects.toMatchObject({ code: 'release-not-found', message: expect.stringMatching(message), hint: expect.stringMatching(hint) });
  });
  it('is none without a record', async () => {
    await expect(choose([], [])).rejects.toMatchObject({ message: 'There is no verified release to roll back to. No release of api is recorded in namespace web.', hint: expect.stringMatching(/^Check `namespace`, `app` and `image`/) });
  });
});

it('the workloads of a rollback are those that any recorded release names', () => {
  const one = (name: string): Release => ({ ...release(1), repository: 'registry.example/shop', contents: [{ subject: `deployment/${name}`, part: 'app', version: `${name}:1` }] });
  expect(workloadsOf({ releases: [one('api'), one('worker'), one('cron')] } as unknown as Ledger, { app: 'api' })).toEqual([ref('api'), ref('worker'), ref('cron')]);
  expect(workloadsOf(undefined, { app: 'api' })).toEqual([]);
});

describe('a record of two repositories', () => {
  const [shop, billing] = ['registry.example/shop/api', 'registry.example/billing/api'];
  const of = (minute: number, name: string, image: string): Release => ({
    reference: `${image}:${minute}`, at: `2026-01-01T00:0${minute}:00.000Z`, verified: true, repository: image,
    contents: [{ subject: `deployment/${name}`, part: 'app', version: `${image}:${minute}` }],
  });
  const both = [of(4, 'shop', shop), of(3, 'billing', billing), of(2, 'shop', shop), of(1, 'billing', billing)];
  const runs = (name: string, image: string) => ({
    ref: ref(name), workload: { metadata: { name, uid: `uid-${name}` }, spec: { template: { spec: { containers: [{ name: 'app', image }] } } } } as Workload,
  });
  const now = [runs('shop', `${shop}:4`), runs('billing', `${billing}:3`)];
  const ledger = { releases: both, run: { after: [] } } as unknown as Ledger;

  it('gives a rollback the workloads and releases of its image, and touches no others', async () => {
    expect(workloadsOf(ledger, { app: 'api', image: billing })).toEqual([ref('billing')]);
    const { sets, lines } = await choose(both, [runs('billing', `${billing}:3`)], { image: billing });
    expect(sets).toEqual([['billing', 'uid-billing', `app: ${billing}:3 -> ${billing}:1`]]);
    expect(lines.join()).not.toContain(shop);
    expect((await choose(both, now, { image: billing })).sets).toEqual(sets);
  });
  it('is refused without `image` and `workloads`, with what there is', () => {
    expect(() => workloadsOf(ledger, { app: 'api' })).toThrow(
      `settings: do not say what to roll back: the record of api contains releases of ${billing} and ${shop}`);
  });
  it('goes by `workloads` where no image is given', async () => {
    const { sets } = await choose(both, [now[0] as FoundWorkload], { workloads: [ref('shop')] });
    expect(sets).toEqual([['shop', 'uid-shop', `app: ${shop}:4 -> ${shop}:2`]]);
  });
  it('is refused for a workload that runs another repository', async () => {
    await expect(choose(both, now, { image: billing, workloads: [ref('shop'), ref('billing')] })).rejects.toMatchObject({
      code: 'config-invalid', message: `workload deployment/shop: runs ${shop}:4, but \`image\` is ${billing}`, hint: 'Set `image` to the image that the workload runs, or remove the workload from `workloads`.',
    });
  });
  it('leaves out a workload that somebody gave to another repository since', async () => {
    const { sets, warnings } = await choose([...both, { ...of(1, 'billing', billing), contents: [...of(1, 'billing', billing).contents, ...of(1, 'extra', billing).contents] }],
      [...now, runs('extra', 'registry.example/other:1')], { image: billing });
    expect(sets.map(([name]) => name)).toEqual(['billing']);
    expect(warnings).toContain(`deployment/extra is left unchanged: it runs registry.example/other:1, not ${billing}.`);
  });
  it('says whose it is, when there is none of the image', async () => {
    await expect(choose([of(4, 'shop', shop)], [], { image: billing })).rejects.toMatchObject({
      code: 'release-not-found', message: `There is no verified release to roll back to. No release of ${billing} is recorded in namespace web: the record of api contains releases of ${shop}.`,
    });
  });
});
