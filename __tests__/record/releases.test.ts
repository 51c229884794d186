import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../src/kubernetes/client/api.js';
import type { KubeObject } from '../../src/kubernetes/client/objects.js';
import type { Release } from '../../src/record/ledger.js';
import { annotateVerified, namedRelease, verifiedAnnotation } from '../../src/target/set-image/revisions.js';
import { ago, describeRelease, releaseTable, shortReleases } from '../../src/record/releases.js';
import { deployment, newImage, replicaSet, target } from '../kubernetes/judge/build.js';
import { deploymentPath, fakeCluster } from '../target/set-image/fake-cluster.js';

const digest = `sha256:${'a'.repeat(64)}`;
const at = '2026-01-01T00:00:00.000Z';
const release = (version: string, changes: Partial<Release> = {}): Release =>
  ({ reference: `api:${version}`, at, verified: true, commit: `${version}c0ffee`.padEnd(40, '0'), contents: [{ subject: 'deployment/api', part: 'app', version: `api:${version}` }], ...changes });

describe('a release in words', () => {
  it.each([
    [release('1'), 'api:1 of 2026-01-01T00:00:00.000Z, commit 1c0ffee00000, verified'],
    [release('1', { commit: undefined, verified: false }), 'api:1 of 2026-01-01T00:00:00.000Z, never verified'],
    [release('1', { commit: undefined, contents: release('1').contents.map((each) => ({ ...each, withdrawnAt: at })) }), 'api:1 of 2026-01-01T00:00:00.000Z, withdrawn'],
    [release('1', { commit: undefined, verified: false, unverified: ['deployment/api'] }), 'api:1 of 2026-01-01T00:00:00.000Z, not verified: nothing ran with it'],
    [release('1', { commit: undefined, unverified: ['cronjob/nightly'] }), 'api:1 of 2026-01-01T00:00:00.000Z, verified, except cronjob/nightly (nothing ran)'],
  ])('%#', (each, text) => expect(describeRelease(each)).toBe(text));
});

describe('the table of releases', () => {
  const now = Date.parse(at) + 125_000;
  const sha = (version: string): string => `${version}c0ffee`.padEnd(40, '0');
  const full = (version: string, changes: Partial<Release> = {}): Release => release(version, {
    reference: `ghcr.io/acme/api:${sha(version)}@${digest}`, contents: [{ subject: 'deployment/api', part: 'app', version: `ghcr.io/acme/api:${sha(version)}` }], ...changes,
  });

  it('says which are verified, how old they are, and which one is there now', () => {
    const releases = [full('3', { verified: false, at: new Date(now - 5000).toISOString() }), full('2'), full('1', { at: '2025-12-30T00:00:00.000Z' })];
    expect(releaseTable(releases, { now: full('2').contents, at: now, subjects: new Map([[sha('2'), 'Fix the greeting'], [sha('1'), 'x'.repeat(80)]]) })).toEqual([
      'release      age        commit',
      `api:3c0ffee  5 s ago                                        never verified`,
      `api:2c0ffee  2 min ago  Fix the greeting                    verified        ← now`,
      `api:1c0ffee  2 days ago  ${'x'.repeat(25)}…  verified`,
    ].map((line, _, all) => (all.length === 4 ? line : '')).map((line) => expect.stringMatching(new RegExp(`^${line.replaceAll(/ +/g, ' +')}$`))));
  });
  it('names a release by its commit where its name does not', () => {
    expect(releaseTable([release('1')], { now: [], at: now, subjects: new Map() })).toEqual(['release  age        commit', 'api:1    2 min ago  1c0ffee  verified']);
  });
  it('has at most 100 columns', () => {
    const long = release('1', { reference: `ghcr.io/acme/${'long-'.repeat(20)}:1`, unverified: ['cronjob/a', 'cronjob/b', 'cronjob/c'] });
    for (const line of releaseTable([long], { now: long.contents, at: now, subjects: new Map([[long.commit ?? '', 'y'.repeat(200)]]) })) expect([...line].length).toBeLessThanOrEqual(100);
  });
  it('is nothing without releases', () => expect(releaseTable([], { now: [], at: now, subjects: new Map() })).toEqual([]));
  it('is a few words each in a sentence', () => expect(shortReleases([full('2'), release('1', { at: '' })], now)).toEqual(['api:2c0ffee (2 min ago, verified)', 'api:1 (verified)']));

  it.each([[0, '0 s ago'], [119_000, '119 s ago'], [120_000, '2 min ago'], [7_199_000, '119 min ago'], [7_200_000, '2 h ago'], [172_800_000, '2 days ago'], [NaN, ''], [-5000, '0 s ago']])('%s ms: %s', (ms, text) => expect(ago(ms)).toBe(text));
});

describe('a release that is named', () => {
  const known = [release('3'), release('2', { contents: [{ subject: 'deployment/api', part: 'app', version: `api:2@${digest}` }] }), release('1')];
  const sets = [
    replicaSet('rs-1', 'api:1', { revision: 1 }),
    { ...replicaSet('rs-2', newImage, { revision: 2 }), metadata: { ...replicaSet('rs-2', newImage, { revision: 2 }).metadata, annotations: { 'deployment.kubernetes.io/revision': '2', [verifiedAnnotation]: newImage } } },
    { ...replicaSet('other', 'x', { revision: 9 }), metadata: { ...replicaSet('other', 'x', { revision: 9 }).metadata, ownerReferences: [{ uid: 'somebody', controller: true }] } },
  ];
  const cluster = fakeCluster();
  cluster.put('/apis/apps/v1/namespaces/web/replicasets', { items: sets } as KubeObject);
  const found = [{ ref: { kind: 'deployment', name: 'api' } as const, workload: deployment() }];
  const named = (to: string, facts = { cluster, found }) => namedRelease(to, known, facts);

  it('is found by its digest, or by its commit', async () => {
    expect((await named(digest))?.reference).toBe('api:2');
    expect((await named('1c0ffee'))?.reference).toBe('api:1');
    expect((await named('aaaaaaa'))?.reference).toBe('api:2');
    expect(await named('deadbeef')).toBeUndefined();
    expect(await named(`sha256:${'b'.repeat(64)}`)).toBeUndefined();
  });
  it('is found by its revision, with whether it was ever proven', async () => {
    expect(await namedRelease('1', [], { cluster, found })).toMatchObject({ reference: 'api:1', verified: false, contents: [{ subject: 'deployment/api', part: 'app', version: 'api:1' }] });
    expect(await named('2')).toMatchObject({ reference: newImage, verified: true });
  });
  it('is found by its revision with all of its containers, those that run first included', async () => {
    const template = { spec: { containers: [{ name: 'app', image: 'api:4' }], initContainers: [{ name: 'migrate', image: 'api:4' }] } };
    cluster.put('/apis/apps/v1/namespaces/web/replicasets', { items: [...sets, { ...replicaSet('rs-4', 'api:4', { revision: 4 }), spec: { template } }] } as KubeObject);
    expect((await named('4'))?.contents).toEqual(['app', 'migrate'].map((part) => ({ subject: 'deployment/api', part, version: 'api:4' })));
  });
  it('is the recorded one, when its revision is of a release', async () => {
    expect(await named('1')).toBe(known[2]);
  });
  it('is refused when there is no such revision, with those that there are', async () => {
    await expect(named('9')).rejects.toMatchObject({
      code: 'release-not-found', message: expect.stringContaining('deployment/api has no revision 9; it has 1, 2'), hint: expect.stringContaining('revisionHistoryLimit'),
    });
  });
  it('is not found by a revision when there are several workloads', async () => {
    await expect(named('1', { cluster, found: [...found, ...found] })).rejects.toMatchObject({
      code: 'config-invalid', message: expect.stringContaining('input to: 1 is a revision, and each Deployment counts its own revisions'),
    });
  });
});

describe('the note of what was proven', () => {
  it('is on the workload', async () => {
    const cluster = fakeCluster({ objects: { [deploymentPath]: deployment() } });
    await annotateVerified(cluster, [target()]);
    expect(cluster.objects.get(deploymentPath)?.metadata).toMatchObject({ name: 'api', generation: 2, annotations: { [verifiedAnnotation]: newImage } });
  });
  it('costs nothing when it cannot be written', async () => {
    const cluster = fakeCluster({ objects: { [deploymentPath]: deployment() } });
    cluster.troubles.push({ method: 'PATCH', trouble: new ApiError(403, 'Forbidden', 'no') });
    await expect(annotateVerified(cluster, [target()])).resolves.toBeUndefined();
  });
});
