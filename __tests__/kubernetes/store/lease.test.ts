import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kubernetes/client/api.js';
import type { KubeObject } from '../../../src/kubernetes/client/objects.js';
import { asDeployError } from '../../../src/workflow/failure.js';
import { acquireLock, appLease, databaseLease, isFree, leaseAgeMs, lockName } from '../../../src/kubernetes/store/lease.js';
import type { Holder, Lock } from '../../../src/record/store.js';
import { fakePorts } from '../client/fake-ports.js';
import { handClock } from '../client/hand-clock.js';
import { fakeCluster, type FakeCluster } from '../../target/set-image/fake-cluster.js';

const path = `/apis/coordination.k8s.io/v1/namespaces/web/leases/${lockName('api')}`;
const first = { id: 'run-1', url: 'https://github.example/runs/1' };
const second = { id: 'run-2' };

interface Held { readonly cluster: FakeCluster; readonly clock: ReturnType<typeof handClock>; readonly onLine: () => ((line: string) => void) | undefined }

function world(): Held {
  const clock = handClock();
  let tell: ((line: string) => void) | undefined;
  const cluster = fakeCluster({
    now: () => clock.now(),
    stream: (_path, onLine, signal) => {
      tell = onLine;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    },
  });
  return { cluster, clock, onLine: () => tell };
}

/** Lets everything that can happen now happen. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const pass = async ({ clock }: Held, ms: number): Promise<void> => {
  for (let left = ms; left > 0; left -= 1000) {
    clock.advance(Math.min(1000, left));
    await settled();
  }
};
const spec = ({ cluster }: Held) => (cluster.objects.get(path) as KubeObject & { spec?: Record<string, unknown> } | undefined)?.spec;

interface Acquiring { readonly ports: ReturnType<typeof fakePorts>; readonly lock: Promise<Lock>; readonly end: () => string }

function acquire({ cluster, clock }: Held, holder: Holder = first, timeoutMs = 600_000): Acquiring {
  const ports = fakePorts({ clock });
  const lock = acquireLock(ports, cluster, appLease('api'), { holder, timeoutMs });
  let end = 'waits';
  lock.then(() => (end = 'has it'), (error: { code?: string; message?: string }) => (end = `${error.code}: ${error.message}`));
  return { ports, lock, end: () => end };
}

describe('the lock of a database', () => {
  it('is another one than that of the app, and is named by what it is of', async () => {
    const { cluster, clock } = world();
    const ports = fakePorts({ clock });
    const [app, database] = await Promise.all([appLease('api'), databaseLease('api', 'Main_1', 'migrated')].map((of) => acquireLock(ports, cluster, of, { holder: first, timeoutMs: 0 })));
    await expect(acquireLock(ports, cluster, databaseLease('api', 'Main_1', 'backed up'), { holder: second, timeoutMs: 0 })).rejects.toMatchObject({
      code: 'locked', message: expect.stringMatching(/^The database Main_1 of api is being migrated by another run since/),
    });
    expect([...cluster.objects.keys()].map((each) => each.split('/').at(-1))).toEqual(['deploy-lock-api', 'deploy-database-api-main-1']);
    app?.leave();
    database?.leave();
  });
});

describe('a lock', () => {
  it('is taken where there is none, and says whose it is', async () => {
    const held = world();
    const lock = await acquire(held).lock;
    expect(spec(held)).toMatchObject({ holderIdentity: 'run-1', leaseDurationSeconds: 15, leaseTransitions: 1, acquireTime: '2026-01-01T00:00:01.000000Z' });
    expect(held.cluster.objects.get(path)?.metadata).toMatchObject({ annotations: { 'deploy-action/run-url': first.url }, labels: { 'app.kubernetes.io/part-of': 'api' } });
    lock.leave();
  });

  it('is waited for, is told once, and is had as soon as it is given up', async () => {
    const held = world();
    const lock = await acquire(held).lock;
    const next = acquire(held, second);
    await pass(held, 60_000);
    expect([next.end(), next.ports.lines]).toEqual(
      ['waits', ['info api is being deployed by another run since 2026-01-01T00:00:01Z (https://github.example/runs/1); waiting for it, at most 600 s']]);
    await lock.release();
    held.onLine()?.(JSON.stringify({ type: 'MODIFIED', object: held.cluster.objects.get(path) }));
    await settled();
    expect([next.end(), spec(held)?.holderIdentity, spec(held)?.leaseTransitions]).toEqual(['has it', 'run-2', 2]);
    (await next.lock).leave();
  });

  it('is not waited for longer than the settings say', async () => {
    const held = world();
    const lock = await acquire(held).lock;
    const next = acquire(held, second, 40_000);
    await pass(held, 45_000);
    expect(next.end()).toBe('locked: api is being deployed by another run since 2026-01-01T00:00:01Z (https://github.example/runs/1), which did not finish within 40 s.');
    lock.leave();
  });

  it('of a run that died is taken over after 15 s, not before', async () => {
    const held = world();
    (await acquire(held).lock).leave();
    const next = acquire(held, second);
    await pass(held, 14_000);
    expect(next.end()).toBe('waits');
    await pass(held, 3000);
    expect([next.end(), spec(held)?.holderIdentity]).toEqual(['has it', 'run-2']);
    (await next.lock).leave();
  });

  it('tells when whoever had it before was heard of last', async () => {
    const held = world();
    const lock = await acquire(held).lock;
    expect(lock.formerHeardAt).toBe(1000);
    await pass(held, 6000);
    lock.leave();
    await pass(held, 4000);
    // By its own post step, and by another run that had to wait for it.
    const again = await acquire(held).lock;
    expect(again.formerHeardAt).toBe(6000);
    again.leave();
    const next = acquire(held, second);
    await pass(held, 20_000);
    const taken = await next.lock;
    expect(taken.formerHeardAt).toBe(11_000);
    taken.leave();
  });

  it('is lost to whoever took it over: that run must touch nothing any more', async () => {
    const held = world();
    const lock = await acquire(held).lock;
    held.cluster.put(path, { ...held.cluster.objects.get(path), spec: { holderIdentity: 'run-2' } } as KubeObject);
    await pass(held, 5000);
    expect(lock.lost.reason).toMatchObject({ code: 'superseded', message: 'Another run took over the lock, because this run had not renewed it for 15 s.' });
    await expect(lock.confirm()).rejects.toMatchObject({ code: 'superseded' });
  });

  it('that somebody has deleted is created again, with a warning', async () => {
    const held = world();
    const { lock, ports } = acquire(held);
    const { confirm, lost } = await lock;
    held.cluster.objects.delete(path);
    await confirm();
    expect([spec(held)?.['holderIdentity'], lost.aborted]).toEqual([first.id, false]);
    expect(ports.lines).toContain('warning The Lease deploy-lock-api was deleted during the run. It is created again.');
  });
  it('that somebody has deleted is lost when another run was first to create it', async () => {
    const held = world();
    const { lock } = acquire(held);
    const { confirm, lost } = await lock;
    held.cluster.objects.delete(path);
    await acquire(held, second).lock;
    await expect(confirm()).rejects.toMatchObject({ code: 'superseded' });
    expect([spec(held)?.['holderIdentity'], lost.aborted]).toEqual([second.id, true]);
  });
  it('is confirmed by one write for all that ask at once', async () => {
    const held = world();
    const lock = await acquire(held).lock;
    const writes = (): number => held.cluster.done.filter((each) => each.includes('PATCH')).length;
    await Promise.all(Array.from({ length: 8 }, () => lock.confirm()));
    expect(writes()).toBe(1);
    await lock.confirm();
    expect(writes()).toBe(2);
    lock.leave();
  });

  it('is kept through a server that is away for a while', async () => {
    const held = world();
    const lock = await acquire(held).lock;
    for (let count = 0; count < 2; count += 1) held.cluster.troubles.push({ method: 'PATCH', trouble: new ApiError(503, '', 'away') });
    await pass(held, 16_000);
    expect([lock.lost.aborted, spec(held)?.renewTime]).toEqual([false, '2026-01-01T00:00:16.000000Z']);
    lock.leave();
  });

  it('is taken again by the post step of the same run', async () => {
    const held = world();
    (await acquire(held).lock).leave();
    const again = acquire(held);
    await settled();
    expect(again.end()).toBe('has it');
    (await again.lock).leave();
  });

  it('is had by one of two that come at once', async () => {
    const held = world();
    const [one, two] = [acquire(held, first), acquire(held, second)];
    await settled();
    expect([one.end(), two.end()].sort()).toEqual(['has it', 'waits']);
    (await Promise.race([one.lock, two.lock])).leave();
  });

  it('that was taken by an answer which was lost is known as its own', async () => {
    const held = world();
    held.cluster.troubles.push({ method: 'POST', trouble: 'lose' });
    const one = acquire(held);
    await settled();
    await pass(held, 1000);
    expect([one.end(), spec(held)?.holderIdentity]).toEqual(['has it', 'run-1']);
    (await one.lock).leave();
  });

  it('is waited for through the web page of a load balancer', async () => {
    const held = world();
    const { api } = held.cluster;
    let pages = 3;
    const raw: typeof api.raw = async (...asked) => ((pages -= 1) >= 0 ? { status: 200, headers: {}, body: '<h1>Please wait</h1>' } : api.raw(...asked));
    const one = acquire({ ...held, cluster: { ...held.cluster, api: { ...api, raw } } });
    await pass(held, 5000);
    expect([one.end(), spec(held)?.holderIdentity]).toEqual(['has it', 'run-1']);
    (await one.lock).leave();
  });

  it('behind a web page that does not go away ends as what it is: a cluster that is not there', async () => {
    const held = world();
    const raw = async () => ({ status: 200, headers: {}, body: '<h1>Please wait</h1>' });
    const { lock } = acquire({ ...held, cluster: { ...held.cluster, api: { ...held.cluster.api, raw } } });
    const ended = lock.catch((error: unknown) => asDeployError(error));
    await pass(held, 70_000);
    expect(await ended).toMatchObject({
      code: 'api-unreachable', message: `The API server could not process the request: ${path} did not return JSON: Please wait.`,
    });
  });

  describe('whose write is answered with', () => {
    const webhook = 'Internal error occurred: failed calling webhook "validate.kyverno.svc": failed to call webhook: Post "https://kyverno": dial tcp 10.0.0.9:443: connect: connection refused';
    const rbac = 'leases.coordination.k8s.io is forbidden: User "ci" cannot create resource "leases" in API group "coordination.k8s.io" in the namespace "web"';
    const quota = 'leases.coordination.k8s.io "deploy-lock-api" is forbidden: exceeded quota: objects, requested: count/leases.coordination.k8s.io=1, used: count/leases.coordination.k8s.io=3, limited: count/leases.coordination.k8s.io=3';
    const refuse = (held: Held, error: ApiError, times = 1000) => {
      for (let count = 0; count < times; count += 1) held.cluster.troubles.push({ method: 'POST', trouble: error });
    };
    const writes = ({ cluster }: Held) => cluster.done.filter((each) => each.startsWith('POST')).length;

    it.each([
      ['500 for a failing webhook', new ApiError(500, 'InternalError', webhook), 10_000, 'admission-denied', 11_000],
      ['503', new ApiError(503, 'ServiceUnavailable', 'etcd'), 10_000, 'api-unreachable', 11_000],
      ['500, and the lock would be waited for longer than the API server is', new ApiError(500, 'InternalError', webhook), 600_000, 'admission-denied', 61_000],
      ['403 for a missing permission', new ApiError(403, 'Forbidden', rbac), 600_000, 'permission-denied', 16_000],
      ['409 though it is free each time', new ApiError(409, 'AlreadyExists', 'it exists'), 10_000, 'locked', 11_000],
    ])('%s ends in time, with what it means', async (_what, error, timeoutMs, code, endsWithinMs) => {
      const held = world();
      refuse(held, error);
      const one = acquire(held, first, timeoutMs);
      await settled();
      await pass(held, endsWithinMs);
      expect(one.end()).toMatch(new RegExp(`^${code}: The lock of api `));
      if (error.status !== 409) {
        expect(one.end()).toContain(error.message);
        expect(one.ports.lines.filter((line) => line.startsWith('warning'))).toEqual([`warning The lock of api could not be acquired. Trying again: ${error.message}`]);
      }
    });
    it('a hiccup is no failure, however short the lock is waited for', async () => {
      const held = world();
      refuse(held, new ApiError(503, 'ServiceUnavailable', 'etcd'), 3);
      const one = acquire(held, first, 0);
      await settled();
      await pass(held, 3000);
      expect(one.end()).toBe('has it');
      (await one.lock).leave();
    });
    it('403 for a quota is not waited for', async () => {
      const held = world();
      refuse(held, new ApiError(403, 'Forbidden', quota));
      const one = acquire(held);
      await settled();
      expect([one.end(), writes(held)]).toEqual([`quota-exceeded: The lock of api could not be acquired: ${quota}.`, 1]);
    });
  });

  it('is not lost by a policy that does not let it be renewed', async () => {
    const held = world();
    const lock = await acquire(held).lock;
    held.cluster.troubles.push({ method: 'PATCH', trouble: new ApiError(422, 'Invalid', "leases \"deploy-lock-api\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no") });
    await expect(lock.confirm()).rejects.toMatchObject({ status: 422 });
    expect(lock.lost.aborted).toBe(false);
    lock.leave();
  });
});

describe('the age of a Lease', () => {
  const written = (...times: readonly string[]) => ({ metadata: { managedFields: times.map((time) => ({ time })) } });
  it.each([
    ['is measured by the server’s own clock', written('2026-01-01T00:00:00Z'), 'Thu, 01 Jan 2026 00:00:20 GMT', 20_000],
    ['is that of the last write', written('2026-01-01T00:00:00Z', '2026-01-01T00:00:18Z'), 'Thu, 01 Jan 2026 00:00:20 GMT', 2000],
    ['is never below nothing', written('2026-01-01T00:00:30Z'), 'Thu, 01 Jan 2026 00:00:20 GMT', 0],
    ['is nothing when the server does not say the time', written('2026-01-01T00:00:00Z'), undefined, 0],
    ['is nothing when nobody says when it was written', {}, 'Thu, 01 Jan 2026 00:00:20 GMT', 0],
    ['is nothing when the times are none', written('yesterday'), 'today', 0],
  ])('%s', (_what, lease, date, age) => expect(leaseAgeMs(lease, date)).toBe(age));
});

it.each([
  [undefined, 0, true], [{}, 0, true], [{ spec: { holderIdentity: '' } }, 0, true], [{ spec: { holderIdentity: 'run-1' } }, 0, true],
  [{ spec: { holderIdentity: 'run-2' } }, 14_999, false], [{ spec: { holderIdentity: 'run-2' } }, 15_000, true],
])('the Lease %j of the age %d ms is free for run-1: %s', (lease, age, free) => expect(isFree(lease, age, first)).toBe(free));
