import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../src/kubernetes/client/objects.js';
import type { DeployError } from '../../../src/outcome/errors.js';
import type { Ledger, Release, RunRecord } from '../../../src/record/ledger.js';
import { settled } from '../../../src/target/set-image/settle.js';
import { takeSnapshot } from '../../../src/target/set-image/snapshot.js';
import { backingOff, deployment, oldImage, pod, replicaSet, running, set, target, waiting } from '../../kubernetes/judge/build.js';
import { worldOf } from '../../kubernetes/judge/judging.js';
import { simulate } from '../../kubernetes/judge/simulation.js';
import { runRecord, imagesRecord } from '../../record/build.js';

const released = (image: string, changes: Partial<Release> = {}): Release =>
  ({ reference: image, at: '2025-01-01T00:00:00Z', verified: true, contents: [{ subject: 'deployment/api', part: 'app', version: image }], ...changes });
const ancient = released('registry.example/api:0');
const ledger = (releases: readonly Release[] = [ancient], run: Partial<RunRecord> = {}): Ledger => ({
  schema: 2, app: 'api', releases, run: runRecord([], { phase: 'verified', ...run }),
});
const ran = [target('deployment', { containers: [{ name: 'app', before: 'registry.example/api:0', after: oldImage }] })];

const whole = (changes: Parameters<typeof deployment>[0] = {}) => deployment({ image: oldImage, spec: { replicas: 1 }, ...changes });
const alone = { status: { replicas: 1, updatedReplicas: 1, availableReplicas: 0 } };
const owned = { owner: 'uid-rs' };
const creating = pod('a', { ...owned, statuses: [waiting('ContainerCreating')] });

interface Seen { readonly reason: string | undefined; readonly ms: number; readonly lines: readonly string[]; readonly error?: DeployError }

/** What is seen of a Deployment of one replica; `news` come one after the other, 5 s apart. */
async function settle(objects: readonly KubeObject[], news: readonly (readonly KubeObject[])[] = [], known: Ledger | undefined = ledger()): Promise<Seen> {
  const { release, ports } = simulate();
  const world = worldOf([replicaSet('rs', oldImage), ...objects]);
  const begunAt = ports.clock.monotonic();
  const waitingNews = [...news];
  const watched = { ...release.watched, world, news: async (ms: number, signal?: AbortSignal) => {
    await ports.clock.sleep(waitingNews.length > 0 ? Math.min(ms, 5000) : ms, signal);
    for (const object of waitingNews.shift() ?? []) world.apply(set(object));
  } };
  const opened = { ...release, watched, snapshots: [takeSnapshot(world, target())] };
  const seen = await settled(opened, known).then(
    ({ snapshots }) => ({ reason: snapshots[0]?.unhealthy }), (error: unknown) => ({ reason: undefined, error: error as DeployError }),
  );
  return { ...seen, ms: ports.clock.monotonic() - begunAt, lines: ports.lines };
}

describe('before what is there counts as broken', () => {
  it('a pod that was drained gets the time to be ready somewhere else', async () => {
    const { reason, ms, lines } = await settle([whole(alone), creating], [[], [pod('a', owned)]]);
    expect([reason, ms]).toEqual([undefined, 10_000]);
    expect(lines).toEqual(['info Waiting at most 30 s for workloads that are not healthy yet: deployment/api (0 of 1 pods available)']);
  });
  it('and half a minute, no more', async () => {
    expect(await settle([whole(alone), creating])).toMatchObject({ reason: '0 of 1 pods available', ms: 30_000 });
  });
  it.each([
    ['everything is well', [whole(), pod('a', owned)], undefined],
    ['a pod fails', [whole(alone), pod('a', { ...owned, statuses: [backingOff(3)] })], '0 of 1 pods available'],
    ['a pod cannot be pulled', [whole(alone), pod('a', { ...owned, statuses: [waiting('ImagePullBackOff')] })], '0 of 1 pods available'],
  ])('nothing is waited for when %s', async (_when, objects, reason) => {
    expect(await settle(objects)).toMatchObject({ reason, ms: 0, lines: [] });
  });
  it('it ends when a pod begins to fail', async () => {
    expect(await settle([whole(alone), creating], [[pod('a', { ...owned, statuses: [backingOff(1)] })]])).toMatchObject({ reason: '0 of 1 pods available', ms: 5000 });
  });
  it.each([
    ['there is no release yet', []],
    ['none was ever proven', [{ ...ancient, verified: false }]], ['none may be gone back to', [{ ...ancient, contents: ancient.contents.map((each) => ({ ...each, withdrawnAt: '2026-01-01T00:00:00Z' })) }]],
    ['what is there is proven', [ancient, released(oldImage)]],
  ])('nothing is waited for when a rollback would go nowhere else, as %s', async (_as, releases) => {
    expect(await settle([whole(alone), creating], [], ledger(releases))).toMatchObject({ reason: '0 of 1 pods available', ms: 0, lines: [] });
  });
  it('nothing is waited for when the run before has left it as not good', async () => {
    const left = ledger([ancient], { phase: 'unverified', ...imagesRecord(ran) });
    expect(await settle([whole(alone), creating], [], left)).toMatchObject({ reason: '0 of 1 pods available', ms: 0 });
    expect(await settle([whole(alone), creating], [], ledger([ancient], { phase: 'unverified', ...imagesRecord([target()]) }))).toMatchObject({ ms: 30_000 });
  });
  it('what somebody else sets meanwhile is not overwritten', async () => {
    const { error } = await settle([whole(alone), creating], [[whole({ ...alone, image: 'hotfix:1', generation: 3 })]]);
    expect([error?.code, error?.message]).toEqual(['superseded', 'deployment/api was changed by someone else while the run waited for it to become healthy.']);
  });
  it('nor is anything made anew that somebody has deleted', async () => {
    const { error } = await settle([whole(alone), pod('a', { ...owned, statuses: [running({ ready: false })] })], [[whole({ ...alone, spec: { replicas: 1, template: {} } })]]);
    expect(error?.code).toBe('superseded');
  });
});
