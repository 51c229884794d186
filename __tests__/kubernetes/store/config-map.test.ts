import { describe, expect, it } from '@jest/globals';
import { target } from '../judge/build.js';
import { ledgerOfRun, runRecord } from '../../record/build.js';
import { type Ledger, inPhase } from '../../../src/record/ledger.js';
import { fakeCluster, type FakeCluster } from '../../target/set-image/fake-cluster.js';
import { swiftClock } from '../client/hand-clock.js';
import { openLedger, ledgerName } from '../../../src/kubernetes/store/config-map.js';
import type { ConfigMap } from '../../../src/kubernetes/client/objects.js';
import { parseLedger, formatLedger } from '../../../src/record/schema.js';
import { ClusterError } from '../../../src/outcome/errors.js';
import { ApiError } from '../../../src/kubernetes/client/api-error.js';

const ledger = (changes: Partial<Ledger> = {}): Ledger => ledgerOfRun(runRecord([target()]), changes);

describe('the ledger in the cluster', () => {
  const path = '/api/v1/namespaces/web/configmaps/deploy-ledger-api';
  const open = (cluster = fakeCluster()) => ({ cluster, clock: swiftClock(), get store() { return openLedger(cluster.api, this.clock, 'web', 'api'); } });
  const held = (cluster: ReturnType<typeof fakeCluster>) => {
    const text = (cluster.objects.get(path) as ConfigMap | undefined)?.data?.['ledger.json'];
    return text === undefined ? undefined : parseLedger(text, 'It');
  };

  it('is a ConfigMap beside the workloads, with a name and labels that say whose it is', async () => {
    const { cluster, store } = open();
    expect(await store.read()).toBeUndefined();
    await store.write(ledger());
    expect(cluster.objects.get(path)?.metadata).toMatchObject(
      { name: ledgerName('api'), namespace: 'web', labels: { 'app.kubernetes.io/managed-by': 'deploy-action', 'app.kubernetes.io/part-of': 'api' } });
    expect(await store.read()).toEqual(ledger());
  });

  it.each([
    ['{"schema":2,"app":"api"}', 'it was edited by hand or damaged: lacks run'], ['{\n "schema": 3\n}', 'it was written by a later version of this action'],
    [formatLedger({ ...ledger(), run: { ...ledger().run, phase: 'verifying' as never } }), 'it was written by a later version of this action'],
    [formatLedger({ ...ledger(), run: { ...ledger().run, rollback: 'partly' as never } }), 'it was edited by hand or damaged: must have "auto" or "off" as run.rollback'],
    ['{"schema":1,"run":null}', 'it was edited by hand or damaged: lacks app'], ['no json', 'it was edited by hand or damaged: is not JSON'], ['', 'it was edited by hand or damaged: is empty'],
  ])('that is not understood is left alone, and said: %j', async (text, why) => {
    const { cluster, store } = open(fakeCluster({ objects: { [path]: { metadata: { name: ledgerName('api') }, data: { 'ledger.json': text } } as ConfigMap } }));
    const error = await store.read().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClusterError);
    expect(error).toMatchObject({
      code: 'record-unreadable', message: `The record (ConfigMap deploy-ledger-api in namespace web) cannot be read: ${why}.`,
      hint: 'Use the version of the action that wrote it. Or read it (`kubectl --namespace=web get configmap deploy-ledger-api --output=yaml`), finish by hand what it lists as unfinished, and delete it.',
    });
    expect(cluster.done).toEqual([`GET ${path}`]);
  });

  it('without anything in it is none yet', async () => {
    expect(await open(fakeCluster({ objects: { [path]: { metadata: { name: ledgerName('api') } } } })).store.read()).toBeUndefined();
  });

  it('is written again and again by one run', async () => {
    const { cluster, store } = open();
    await store.read();
    for (const phase of ['in-progress', 'restoring', 'restored'] as const) await store.write(inPhase(ledger(), phase));
    expect(held(cluster)?.run.phase).toBe('restored');
  });

  it('holds what was written last, also while an earlier write of the same run is not answered', async () => {
    const { cluster, store } = open();
    await store.write(ledger());
    cluster.troubles.push(...Array.from({ length: 3 }, () => ({ method: 'PUT', trouble: new ApiError(503, '', 'away') })));
    await Promise.all([store.write(inPhase(ledger(), 'restoring')), store.write(inPhase(ledger(), 'restored'))]);
    expect(held(cluster)?.run.phase).toBe('restored');
  });

  const superseded = { code: 'superseded', message: 'Another run wrote the record in the meantime, so this run stops.' };
  it('is not written over what another run wrote in between', async () => {
    const cluster = fakeCluster();
    const first = open(cluster).store;
    const second = open(cluster).store;
    await first.write(ledger());
    await second.read();
    await second.write(inPhase(ledger({ app: 'second' }), 'verified'));
    for (const phase of ['restoring', 'unverified'] as const) await expect(first.write(inPhase(ledger(), phase))).rejects.toMatchObject(superseded);
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
    await store.write(inPhase(ledger(), 'verified'));
    expect(held(cluster)?.run.phase).toBe('verified');
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
    await store.write(inPhase(ledger(), 'verified'));
    expect(held(cluster)).toEqual(inPhase(ledger(), 'verified'));
  });

  it('that is touched again and again is given up', async () => {
    const { cluster, store } = open();
    await store.write(ledger());
    for (let count = 0; count < 100; count += 1) cluster.troubles.push({ method: 'PUT', trouble: new ApiError(409, 'Conflict', 'the object has been modified') });
    await expect(store.write(inPhase(ledger(), 'verified'))).rejects.toMatchObject({ status: 409 });
    expect(cluster.done.length).toBeLessThan(20);
  });

  it.each(['POST', 'PUT'])('knows after an answer that was lost that its own %s was done', async (method) => {
    const { cluster, store } = open();
    if (method === 'PUT') await store.write(ledger());
    cluster.troubles.push({ method, trouble: 'lose' });
    await store.write(inPhase(ledger(), 'verified'));
    expect(held(cluster)?.run.phase).toBe('verified');
    expect(cluster.done.filter((each) => each.startsWith(method)).length).toBe(1);
  });

  it('is tried again while the server is away, and given up after a minute', async () => {
    const { cluster, store } = open();
    for (let count = 0; count < 2; count += 1) cluster.troubles.push({ method: 'POST', trouble: new ApiError(503, '', 'away') });
    await store.write(ledger());
    expect(held(cluster)).toEqual(ledger());
    for (let count = 0; count < 100; count += 1) cluster.troubles.push({ method: 'PUT', trouble: new ApiError(503, '', 'away') });
    await expect(store.write(inPhase(ledger(), 'verified'))).rejects.toMatchObject({ status: 503 });
    expect(cluster.done.length).toBeLessThan(100);
  });

  it('is refused when that lasts', async () => {
    const { cluster, store } = open();
    for (let count = 0; count < 100; count += 1) cluster.troubles.push({ method: 'POST', trouble: new ApiError(403, 'Forbidden', 'you may not') });
    await expect(store.write(ledger())).rejects.toMatchObject({ status: 403 });
  });
});
