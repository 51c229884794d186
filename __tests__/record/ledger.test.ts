import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ApiError } from '../../src/kubernetes/client/api.js';
import type { SmokeCheck } from '../../src/config/config.js';
import type { ConfigMap } from '../../src/kubernetes/client/objects.js';
import { formatLedger, imagesOf, inPhase, parseLedger, releasesKept, sameImages, withRelease, type Ledger, type Release } from '../../src/record/ledger.js';
import { ledgerName, openLedger } from '../../src/kubernetes/store/config-map.js';
import { previousRelease } from '../../src/record/history.js';
import { ClusterError } from '../../src/outcome/errors.js';
import { swiftClock } from '../kubernetes/client/hand-clock.js';
import { newImage, oldImage, target } from '../kubernetes/judge/build.js';
import { fakeCluster, type FakeCluster } from '../target/set-image/fake-cluster.js';

const at = '2026-01-01T00:00:00.000Z';
const check: SmokeCheck = { text: 'service/api/', target: { type: 'service', name: 'api', path: '/' }, statuses: [200] };
const release = (version: string, changes: Partial<Release> = {}): Release =>
  ({ reference: `api:${version}`, at, proven: true, images: [{ workload: 'deployment/api', container: 'app', image: `api:${version}` }], ...changes });
const now = (version: string) => release(version).images;
const ledger = (changes: Partial<Ledger> = {}): Ledger => ({
  schema: 1, app: 'api', releases: [release('2'), release('1')],
  run: { id: 'run-1', startedAt: at, phase: 'changing', targets: [target()], held: [{ ref: 'deployment/api', minReadySeconds: 3 }], rollback: 'auto', smoke: [check], before: { held: ['service/api/'], running: { 'deployment/api:app': ['sha256:1'] } } }, ...changes,
});

describe('a ledger as text', () => {
  it('is read as it was written', () => {
    expect(parseLedger(formatLedger(ledger()))).toEqual(ledger());
    const text = fc.string({ unit: 'grapheme' });
    const workload = fc.stringMatching(/^(deployment|statefulset|daemonset|cronjob)\/[a-z][a-z0-9-]{0,20}$/);
    const releases = fc.array(fc.record({
      reference: text, at: text, proven: fc.boolean(), images: fc.array(fc.record({ workload, container: text, image: text }), { maxLength: 3 }),
    }), { maxLength: releasesKept });
    fc.assert(fc.property(releases, (some) => expect(parseLedger(formatLedger(ledger({ releases: some })))).toEqual(ledger({ releases: some }))));
  });

  it('keeps the last twenty releases', () => {
    const many = Array.from({ length: 50 }, (_each, index) => release(String(index)));
    expect(parseLedger(formatLedger(ledger({ releases: many })))?.releases).toEqual(many.slice(0, 20));
  });

  it('never outgrows half of what a ConfigMap holds, and forgets the oldest releases first', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 200_000 }), { maxLength: 20 }), (sizes) => {
      const releases = sizes.map((size, index) => release(`${index}${'ü'.repeat(size / 2)}`));
      const text = formatLedger(ledger({ releases }));
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(512 * 1024);
      const kept = parseLedger(text)?.releases ?? [];
      expect(kept).toEqual(releases.slice(0, kept.length));
    }), { numRuns: 20 });
  });

  it.each([
    undefined, '', 'no json', 'null', '[]', '7', '{}', '{"schema":2}', '{"schema":1,"run":null,"releases":[]}', '{"schema":1,"run":{"id":1,"targets":[]},"releases":[]}',
    JSON.stringify({ ...ledger(), releases: [null] }), JSON.stringify({ ...ledger(), releases: [{}] }), JSON.stringify({ ...ledger(), releases: [{ ...release('1'), images: [{}] }] }),
    JSON.stringify({ ...ledger(), releases: [release('1', { images: [{ workload: 'job/api', container: 'a', image: 'b' }] })] }),
    JSON.stringify({ ...ledger(), run: { ...ledger().run, targets: [{ ...target(), kind: 'job' }] } }),
    JSON.stringify({ ...ledger(), run: { ...ledger().run, smoke: [{ text: 'x' }] } }),
    JSON.stringify({ ...ledger(), releases: [release('1', { repository: 7 as never })] }), JSON.stringify({ ...ledger(), run: { ...ledger().run, repository: {} } }),
    JSON.stringify({ ...ledger(), releases: 'none' }), JSON.stringify({ ...ledger(), run: { ...ledger().run, targets: [null] } }),
    JSON.stringify({ ...ledger(), run: { ...ledger().run, before: undefined } }), JSON.stringify({ ...ledger(), run: { ...ledger().run, held: 'all' } }),
    JSON.stringify({ ...ledger(), run: { ...ledger().run, held: ['deployment/api'] } }),
  ])('that somebody edited is none: %j', (text) => expect(parseLedger(text)).toBeUndefined());

  it('of any shape never breaks whoever reads it', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 5 }), (text) => {
      const found = parseLedger(text);
      if (found) previousRelease(found.releases, now('1'));
    }));
  });
});

describe('releases', () => {
  it('are put in front, once each, at most twenty', () => {
    const again = withRelease(ledger({ releases: [release('2'), release('1')] }), release('1', { at: 'later' }));
    expect(again.releases.map((each) => [each.reference, each.at])).toEqual([['api:1', 'later'], ['api:2', at]]);
    let many = ledger({ releases: [] });
    for (let count = 0; count < 30; count += 1) many = withRelease(many, release(String(count)));
    expect([many.releases.length, many.releases[0]?.reference]).toEqual([20, 'api:29']);
  });
  it('are kept for each repository: one that is released often does not push out another', () => {
    let many = withRelease(ledger({ releases: [] }), release('billing', { repository: 'r/billing/api' }));
    for (let count = 0; count < 30; count += 1) many = withRelease(many, release(String(count), { repository: 'r/shop/api' }));
    const kept = parseLedger(formatLedger(many))?.releases ?? [];
    expect([kept.length, kept[0]?.reference, kept.at(-1)?.reference]).toEqual([21, 'api:29', 'api:billing']);
  });
  it('are kept twice when one between needs the older to tell what stood beside it', () => {
    const both = (a: string, b: string): Release => release(a, { images: [...now(a), { workload: 'deployment/worker', container: 'app', image: `worker:${b}` }] });
    const again = withRelease(ledger({ releases: [release('2'), both('1', '1')] }), both('1', '1'));
    expect(again.releases).toEqual([both('1', '1'), release('2'), both('1', '1')]);
    expect(withRelease(ledger({ releases: [both('2', '2'), both('1', '1')] }), both('1', '1')).releases).toEqual([both('1', '1'), both('2', '2')]);
  });
  it('lift what was withdrawn, where they name it again', () => {
    const left = now('2').map((each) => ({ ...each, withdrawnAt: at }));
    const withdrawn = release('2', { images: left });
    const both = release('3', { images: [...left, { workload: 'deployment/worker', container: 'app', image: 'worker:3', withdrawnAt: at }] });
    const { releases } = withRelease(ledger({ releases: [both, withdrawn] }), release('2'));
    expect(releases.map(({ images }) => images.map(({ image, withdrawnAt }) => [image, withdrawnAt]))).toEqual([[['api:2', undefined]], [['api:2', undefined], ['worker:3', at]]]);
  });
  it('are the same whatever the order of their images', () => {
    const images = imagesOf([target(), target('statefulset')], 'after');
    expect(sameImages(images, [...images].reverse())).toBe(true);
    expect(sameImages(images, imagesOf([target(), target('statefulset')], 'before'))).toBe(false);
    expect(sameImages(images, images.slice(1))).toBe(false);
  });
  it('hold what the workloads had before or after', () => {
    expect(imagesOf([target()], 'before')).toEqual([{ workload: 'deployment/api', container: 'app', image: oldImage }]);
    expect(imagesOf([target()], 'after')).toEqual([{ workload: 'deployment/api', container: 'app', image: newImage }]);
  });
});

describe('the ledger in the cluster', () => {
  const path = '/api/v1/namespaces/web/configmaps/deploy-ledger-api';
  const open = (cluster = fakeCluster()) => ({ cluster, clock: swiftClock(), get store() { return openLedger(cluster.api, this.clock, 'web', 'api'); } });
  const held = (cluster: ReturnType<typeof fakeCluster>) => parseLedger((cluster.objects.get(path) as ConfigMap | undefined)?.data?.['ledger.json']);

  it('is a ConfigMap beside the workloads, with a name and labels that say whose it is', async () => {
    const { cluster, store } = open();
    expect(await store.read()).toBeUndefined();
    await store.write(ledger());
    expect(cluster.objects.get(path)?.metadata).toMatchObject(
      { name: ledgerName('api'), namespace: 'web', labels: { 'app.kubernetes.io/managed-by': 'deploy-action', 'app.kubernetes.io/part-of': 'api' } });
    expect(await store.read()).toEqual(ledger());
  });

  it.each([
    ['{"schema":2,"app":"api"}', 'a later version of this action wrote it'], ['{\n "schema": 3\n}', 'a later version of this action wrote it'],
    [formatLedger({ ...ledger(), run: { ...ledger().run, phase: 'verifying' as never } }), 'a later version of this action wrote it'],
    [formatLedger({ ...ledger(), run: { ...ledger().run, rollback: 'partly' as never } }), 'somebody has changed it by hand'],
    ['{"schema":1,"run":null}', 'somebody has changed it by hand'], ['no json', 'somebody has changed it by hand'], ['', 'somebody has changed it by hand'],
  ])('that is not understood is left alone, and said: %j', async (text, why) => {
    const { cluster, store } = open(fakeCluster({ objects: { [path]: { metadata: { name: ledgerName('api') }, data: { 'ledger.json': text } } as ConfigMap } }));
    const error = await store.read().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClusterError);
    expect(error).toMatchObject({
      code: 'record-unreadable', message: `The ledger (ConfigMap deploy-ledger-api in namespace web) cannot be read: ${why}.`,
      hint: 'Use that version, or look at it (`kubectl --namespace=web get configmap deploy-ledger-api --output=yaml`), see to what it says is unfinished, and delete it.',
    });
    expect(cluster.done).toEqual([`GET ${path}`]);
  });

  it('without anything in it is none yet', async () => {
    expect(await open(fakeCluster({ objects: { [path]: { metadata: { name: ledgerName('api') } } } })).store.read()).toBeUndefined();
  });

  it('is written again and again by one run', async () => {
    const { cluster, store } = open();
    await store.read();
    for (const phase of ['changing', 'restoring', 'restored'] as const) await store.write(inPhase(ledger(), phase));
    expect(held(cluster)?.run.phase).toBe('restored');
  });

  it('holds what was written last, also while an earlier write of the same run is not answered', async () => {
    const { cluster, store } = open();
    await store.write(ledger());
    cluster.troubles.push(...Array.from({ length: 3 }, () => ({ method: 'PUT', trouble: new ApiError(503, '', 'away') })));
    await Promise.all([store.write(inPhase(ledger(), 'restoring')), store.write(inPhase(ledger(), 'restored'))]);
    expect(held(cluster)?.run.phase).toBe('restored');
  });

  const superseded = { code: 'superseded', message: 'Another run wrote the ledger in the meantime: this run goes no further.' };
  it('is not written over what another run wrote in between', async () => {
    const cluster = fakeCluster();
    const first = open(cluster).store;
    const second = open(cluster).store;
    await first.write(ledger());
    await second.read();
    await second.write(inPhase(ledger({ app: 'second' }), 'proven'));
    for (const phase of ['restoring', 'left'] as const) await expect(first.write(inPhase(ledger(), phase))).rejects.toMatchObject(superseded);
    expect(held(cluster)?.app).toBe('second');
  });

  it('is made once, when two runs begin at once', async () => {
    const cluster = fakeCluster();
    const [first, second] = [open(cluster).store, open(cluster).store];
    await Promise.all([first.read(), second.read()]);
    await first.write(ledger());
    await expect(second.write(ledger({ app: 'second' }))).rejects.toMatchObject(superseded);
    expect(held(cluster)?.app).toBe('api');
  });

  it('is written on when somebody else has put labels and annotations on it, and keeps them', async () => {
    const { cluster, store } = open();
    await store.read();
    await store.write(ledger());
    const stands = cluster.objects.get(path) as ConfigMap;
    cluster.put(path, { ...stands, metadata: { ...stands.metadata, labels: { ...stands.metadata?.labels, backup: 'daily' }, annotations: { 'policy.example/seen': 'yes' } } });
    await store.write(inPhase(ledger(), 'proven'));
    expect(held(cluster)?.run.phase).toBe('proven');
    expect(cluster.objects.get(path)?.metadata).toMatchObject({
      labels: { 'app.kubernetes.io/part-of': 'api', backup: 'daily' }, annotations: { 'policy.example/seen': 'yes' },
    });
    await store.write(inPhase(ledger(), 'restored'));
    expect(cluster.done.filter((each) => !each.startsWith('GET'))).toEqual([`POST ${path.replace(/\/[^/]*$/, '')}`, ...Array.from({ length: 3 }, () => `PUT ${path}`)]);
  });

  it('is written on when it was touched, and its own write before was not answered', async () => {
    const { cluster, store } = open();
    await store.write(ledger());
    cluster.troubles.push({ method: 'PUT', trouble: 'lose' }, ...Array.from({ length: 99 }, () => ({ method: 'GET', trouble: new ApiError(503, '', 'away') })));
    await expect(store.write(inPhase(ledger(), 'restoring'))).rejects.toMatchObject({ status: 503 });
    cluster.troubles.length = 0;
    await store.write(inPhase(ledger(), 'restored'));
    expect(held(cluster)?.run.phase).toBe('restored');
  });

  it.each<[string, (cluster: FakeCluster) => unknown]>([
    ['removed', (cluster) => cluster.objects.delete(path)],
    ['emptied', (cluster) => cluster.put(path, { metadata: { name: ledgerName('api') } })],
  ])('is made anew when somebody has %s it', async (_what, touch) => {
    const { cluster, store } = open();
    await store.write(ledger());
    touch(cluster);
    await store.write(inPhase(ledger(), 'proven'));
    expect(held(cluster)).toEqual(inPhase(ledger(), 'proven'));
  });

  it('that is touched again and again is given up', async () => {
    const { cluster, store } = open();
    await store.write(ledger());
    for (let count = 0; count < 100; count += 1) cluster.troubles.push({ method: 'PUT', trouble: new ApiError(409, 'Conflict', 'the object has been modified') });
    await expect(store.write(inPhase(ledger(), 'proven'))).rejects.toMatchObject({ status: 409 });
    expect(cluster.done.length).toBeLessThan(20);
  });

  it.each(['POST', 'PUT'])('knows after an answer that was lost that its own %s was done', async (method) => {
    const { cluster, store } = open();
    if (method === 'PUT') await store.write(ledger());
    cluster.troubles.push({ method, trouble: 'lose' });
    await store.write(inPhase(ledger(), 'proven'));
    expect(held(cluster)?.run.phase).toBe('proven');
    expect(cluster.done.filter((each) => each.startsWith(method)).length).toBe(1);
  });

  it('is tried again while the server is away, and given up after a minute', async () => {
    const { cluster, store } = open();
    for (let count = 0; count < 2; count += 1) cluster.troubles.push({ method: 'POST', trouble: new ApiError(503, '', 'away') });
    await store.write(ledger());
    expect(held(cluster)).toEqual(ledger());
    for (let count = 0; count < 100; count += 1) cluster.troubles.push({ method: 'PUT', trouble: new ApiError(503, '', 'away') });
    await expect(store.write(inPhase(ledger(), 'proven'))).rejects.toMatchObject({ status: 503 });
    expect(cluster.done.length).toBeLessThan(100);
  });

  it('is refused when that lasts', async () => {
    const { cluster, store } = open();
    for (let count = 0; count < 100; count += 1) cluster.troubles.push({ method: 'POST', trouble: new ApiError(403, 'Forbidden', 'you may not') });
    await expect(store.write(ledger())).rejects.toMatchObject({ status: 403 });
  });
});
