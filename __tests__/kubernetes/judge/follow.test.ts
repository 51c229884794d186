import { describe, expect, it } from '@jest/globals';
import type { DeployError } from '../../../src/outcome/errors.js';
import { follow, guard, type Followed } from '../../../src/kubernetes/judge/follow.js';
import type { Watched } from '../../../src/kubernetes/observe/watching.js';
import { fakePorts, type FakePorts } from '../client/fake-ports.js';
import { swiftClock } from '../client/hand-clock.js';
import { deployment, ended, pod, running, set, slice, target } from './build.js';
import { expectation, midway, replicaSets, worldOf } from './judging.js';

interface Following { readonly ports: FakePorts; readonly watched: Watched; readonly sinceMs: () => number }

/** A world that is not seen between two times, ms; `then` happens when it is seen again. */
function following(world: Watched['world'], [fromMs, untilMs]: readonly [number, number], then: () => void = () => undefined): Following {
  const clock = swiftClock();
  const startedAt = clock.monotonic();
  const sinceMs = (): number => clock.monotonic() - startedAt;
  let isBack = false;
  const watched: Watched = {
    world, close: () => undefined, sees: () => sinceMs() < fromMs || sinceMs() >= untilMs,
    news: async (ms, signal) => {
      await clock.sleep(Math.min(ms, 500), signal);
      if (sinceMs() < untilMs || isBack) return;
      isBack = true;
      then();
    },
  };
  return { ports: fakePorts({ clock }), watched, sinceMs };
}

async function end({ ports, watched, sinceMs }: Following, changes: Partial<Followed['expected']> = {}, deadlineMs = 600_000): Promise<readonly [string, number]> {
  const followed = [{ workload: target(), expected: expectation(changes) }];
  const patience = { deadlineAt: ports.clock.monotonic() + deadlineMs, steadyMs: 2000 };
  const word = await follow(ports, watched, followed, patience, 'rollout', undefined).then(() => 'done', (error: unknown) => (error as DeployError).code);
  return [word, Math.floor(sinceMs() / 1000)];
}

describe('time in which nothing was seen', () => {
  it('does not make a pod that was starting when the server went away one that never becomes ready', async () => {
    const world = midway(pod('p', { statuses: [running({ ready: false })] }));
    const blind = following(world, [1000, 120_000], () => world.apply(set(pod('p'))));
    expect((await end(blind, {}, 150_000))[0]).toBe('deadline');
    expect(blind.ports.lines).toContain('progress rollout deployment/api the API server does not answer');
  });
  it('does not make an endpoint that was on its way out one that stays', async () => {
    const world = worldOf([deployment(), ...replicaSets(), pod('a'), pod('b'), slice('api', { a: {}, b: {}, old: {} })]);
    const services = [{ name: 'api', exact: true, selects: true }];
    expect(await end(following(world, [1000, 31_000], () => world.apply(set(slice('api', { a: {}, b: {} })))), { services })).toEqual(['done', 33]);
  });
  it('does not prove that a container which has crashed lives on', async () => {
    const life = { startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:20Z' };
    const crashed = running({ restartCount: 1, lastState: { terminated: { exitCode: 1, ...life } } });
    const world = worldOf([deployment(), ...replicaSets(), pod('a', { statuses: [crashed] }), pod('b')]);
    const again = () => world.apply(set(pod('a', { statuses: [ended({ exitCode: 1 }, { restartCount: 2 })] })));
    expect((await end(following(world, [1000, 60_000], again)))[0]).toBe('crash-loop');
  });
  it('counts towards the deadline', async () => {
    expect(await end(following(midway(pod('p')), [1000, Infinity]), {}, 30_000)).toEqual(['deadline', 30]);
  });
});

it('smoke checks that come to no end are ended by the deadline', async () => {
  const { ports, watched } = following(worldOf([deployment(), ...replicaSets(), pod('a'), pod('b')]), [Infinity, Infinity]);
  const patience = { deadlineAt: ports.clock.monotonic() + 20_000, steadyMs: 0 };
  await expect(guard(ports, watched, [{ workload: target(), expected: expectation() }], patience, 'smoke', new AbortController().signal)).rejects.toMatchObject({
    code: 'deadline', message: 'The smoke checks of deployment/api did not finish before the deadline.',
  });
});
