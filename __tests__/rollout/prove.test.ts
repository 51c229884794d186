import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { RawAnswer } from '../../src/cluster/api.js';
import type { ContainerStatus, Pod } from '../../src/cluster/objects.js';
import type { DeployError } from '../../src/outcome/errors.js';
import { proveRelease } from '../../src/rollout/prove.js';
import { rollOut } from '../../src/rollout/release.js';
import { backingOff, nextVersion, pod, set, waiting } from './build.js';
import { check, simulate } from './simulation.js';

const reachesNobody: RawAnswer = { status: 503, headers: {}, body: JSON.stringify({ kind: 'Status', message: 'connect: connection refused' }) };
const right: RawAnswer = { status: 200, headers: {}, body: 'v2' };

/** Lets the first new pod be seen with this status. */
type Tell = (status: ContainerStatus) => void;

/** Rolls out, and gives `happen` a turn with each request of the smoke checks. */
async function prove(happen: (tell: Tell, count: number) => RawAnswer): Promise<string> {
  const { release } = simulate();
  const { followed } = await rollOut(release, async () => undefined);
  const { world } = release.watched;
  const news = new EventEmitter();
  const tell: Tell = (status) => {
    const known = release.targets.flatMap((target) => world.view(target).newPods)[0];
    world.apply(set({ ...known, metadata: { ...known?.metadata, resourceVersion: nextVersion() }, status: pod('x', { statuses: [status] }).status } as Pod));
    news.emit('news');
  };
  let count = 0;
  const raw = async (): Promise<RawAnswer> => happen(tell, (count += 1));
  const watched = { ...release.watched, news: async (_ms: number, signal?: AbortSignal) => void (await once(news, 'news', { signal })) };
  const cluster = { ...release.cluster, api: { ...release.cluster.api, raw } };
  return proveRelease({ ...release, cluster, watched }, followed, [check], release.ports.clock.monotonic() + 600_000, undefined)
    .then(() => 'proven', (error: unknown) => (error as DeployError).code);
}

describe('a workload that is scaled to nothing', () => {
  it('is asked nothing, and that is said', async () => {
    const { release, ports } = simulate({ replicas: 0 });
    const raw = async (): Promise<RawAnswer> => reachesNobody;
    const cluster = { ...release.cluster, api: { ...release.cluster.api, raw } };
    const { followed } = await rollOut(release, async () => undefined);
    await proveRelease({ ...release, cluster }, followed, [check], ports.clock.monotonic() + 1000, undefined);
    expect(ports.lines).toContain('warning Smoke check `service/api/` was not asked: api is scaled to 0 replicas, so that nothing runs that could answer.');
  });
});

describe('a version that is asked', () => {
  it('is proven when every answer is right', async () => {
    expect(await prove(() => right)).toBe('proven');
  });
  it('and is killed again and again meanwhile is a crash loop, whatever it answered', async () => {
    expect(await prove((tell) => {
      tell(backingOff(2));
      return reachesNobody;
    })).toBe('crash-loop');
  });
  it('and loses its image meanwhile is named by that', async () => {
    expect(await prove((tell, count) => {
      if (count > 1) tell(waiting('InvalidImageName'));
      return count > 1 ? reachesNobody : right;
    })).toBe('image-name-invalid');
  });
  it('and only answers wrongly has failed its smoke check', async () => {
    expect(await prove(() => ({ ...right, status: 500 }))).toBe('smoke-failed');
  });
});
