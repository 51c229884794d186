import { parseAnswer } from '../client/answer.js';
import { ApiError, type Api } from '../client/api.js';
import type { Cluster } from '../client/cluster.js';
import { isFailedTest } from '../client/meaning.js';
import type { Lease } from '../client/objects.js';
import { persistently } from '../client/persist.js';
import { apiPath, resources } from '../client/resources.js';
import { ClusterError } from '../../outcome/errors.js';
import type { Ports } from '../../ports/ports.js';
import { retry } from '../../ports/retry.js';
import { LeaseNotWritten, LeaseWrites } from './lease-writes.js';
import type { Holder, Lock } from '../../record/store.js';

const leaseSeconds = 15;
const renewEveryMs = 5000;
const urlAnnotation = 'deploy-action/run-url';
/** What the holder does, as a part of a sentence: `The database main of api is being restored`. */
const workAnnotation = 'deploy-action/work';

export const lockName = (app: string): string => `deploy-lock-${app}`;

/** A Lease that is used as a lock. */
export interface LeaseOf {
  readonly name: string;
  readonly app: string;
  /** What is locked: `api`, `the database main of api`. */
  readonly subject: string;
  /** What this run does with it: `api is being deployed`. It is recorded for those who wait. */
  readonly work: string;
  /** What to do when another run has taken it over. */
  readonly whenLost: string;
}

/** The lock of an app, for what changes its workloads. */
export const appLease = (app: string, work: 'deployed' | 'restored' = 'deployed'): LeaseOf => ({
  name: lockName(app), app, subject: app, work: `${app} is being ${work}`, whenLost: 'That run finishes the rollout that this one started: see its summary.',
});

/** Names of databases may have characters that those of objects cannot have. */
export const databaseLockName = (app: string, database: string): string => `deploy-database-${app}-${database.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`.slice(0, 250).replace(/-$/, '');

/** The lock of a database of an app, for what dumps it, changes its schema or exchanges its data. */
export const databaseLease = (app: string, database: string, work: 'backed up' | 'migrated' | 'restored' | 'emptied'): LeaseOf => ({
  name: databaseLockName(app, database), app, subject: `the database ${database} of ${app}`, work: `The database ${database} of ${app} is being ${work}`,
  whenLost: 'Wait until that run has ended, then run this one again.',
});

interface Wanted {
  readonly holder: Holder;
  readonly timeoutMs: number;
  /** Called once, if another run holds it. */
  readonly onWait?: () => void;
}

/**
 * Acquires a lock, waiting for it at most `timeoutMs`.
 * @throws ClusterError locked, with who holds it and since when; or why the API server does not write the Lease
 */
export async function acquireLock(ports: Ports, cluster: Cluster, of: LeaseOf, { holder, timeoutMs, onWait }: Wanted): Promise<Lock> {
  const path = apiPath(resources.leases, cluster.namespace, of.name);
  const deadlineAt = ports.clock.monotonic() + timeoutMs;
  const writes = new LeaseWrites(ports, of.subject, deadlineAt);
  let told = false;
  return retry(ports.clock, writes, async () => {
    for (;;) {
      const { lease, ageMs } = await persistently(ports.clock, () => readLease(cluster.api, path), { signal: ports.cancelled });
      const heardAt = ports.clock.monotonic() - ageMs;
      if (isFree(lease, ageMs, holder)) {
        await take(cluster, path, of, holder, lease, ports.clock.now());
        return { ...keepLock(ports, cluster, of, holder), formerHeardAt: heardAt };
      }
      const leftMs = deadlineAt - ports.clock.monotonic();
      if (leftMs <= 0) throw new ClusterError('locked', `${describeHolder(of, lease)}, which did not finish within ${Math.round(timeoutMs / 1000)} s.`);
      if (!told) {
        ports.log.info(`${describeHolder(of, lease)}; waiting for it, at most ${Math.round(timeoutMs / 1000)} s`);
        onWait?.();
      }
      told = true;
      writes.forget();
      await changed(ports, cluster, of, lease, Math.min(leftMs, leaseSeconds * 1000 - ageMs + 200));
    }
  });
}

/** Whether the Lease can be acquired: no one holds it, it is ours, or its holder has not renewed it for too long. */
export const isFree = (lease: Lease | undefined, ageMs: number, holder: Holder): boolean =>
  !lease?.spec?.holderIdentity || lease.spec.holderIdentity === holder.id || ageMs >= leaseSeconds * 1000;

async function readLease(api: Api, path: string): Promise<{ lease: Lease | undefined; ageMs: number }> {
  const answer = await api.raw(path, { timeoutMs: 10_000 });
  if (answer.status === 404) return { lease: undefined, ageMs: 0 };
  const lease = parseAnswer<Lease>(path, answer);
  return { lease, ageMs: leaseAgeMs(lease, answer.headers.date) };
}

/** How long ago the Lease was written, both times by the API server; 0 when it does not say. */
export function leaseAgeMs(lease: Lease, serverDate: string | undefined): number {
  const written = Math.max(...(lease.metadata?.managedFields ?? []).map(({ time }) => Date.parse(time ?? '')).filter(Number.isFinite));
  const age = Date.parse(serverDate ?? '') - written;
  return Number.isFinite(age) ? Math.max(0, age) : 0;
}

function describeHolder({ work }: LeaseOf, lease: Lease | undefined): string {
  const since = lease?.spec?.acquireTime ? ` since ${lease.spec.acquireTime.slice(0, 19)}Z` : '';
  const url = lease?.metadata?.annotations?.[urlAnnotation];
  return `${lease?.metadata?.annotations?.[workAnnotation] ?? work} by another run${since} (${url ?? lease?.spec?.holderIdentity})`;
}

/** @throws LeaseNotWritten */
async function take({ api, namespace }: Cluster, path: string, of: LeaseOf, holder: Holder, lease: Lease | undefined, now: number): Promise<void> {
  const { name, app, subject, work } = of;
  const at = microTime(now);
  const body = {
    apiVersion: 'coordination.k8s.io/v1', kind: 'Lease',
    metadata: {
      name, namespace, resourceVersion: lease?.metadata?.resourceVersion,
      labels: { 'app.kubernetes.io/managed-by': 'deploy-action', 'app.kubernetes.io/part-of': app }, annotations: { ...holder.url && { [urlAnnotation]: holder.url }, [workAnnotation]: work },
    },
    spec: {
      holderIdentity: holder.id, leaseDurationSeconds: leaseSeconds, acquireTime: at, renewTime: at,
      leaseTransitions: (lease?.spec?.leaseTransitions ?? 0) + 1,
    },
  };
  try {
    if (lease) await api.send('PUT', path, body);
    else await api.send('POST', apiPath(resources.leases, namespace), body);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // Someone else wrote it first, or released and deleted it.
    const isOvertaken = error.status === 409 || (error.status === 404 && lease);
    throw new LeaseNotWritten(subject, isOvertaken ? undefined : error);
  }
}

const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

/** Waits until the Lease is written again, or for `ms`. */
async function changed(ports: Ports, { api, namespace }: Cluster, { name }: LeaseOf, lease: Lease | undefined, ms: number): Promise<void> {
  const over = new AbortController();
  const query = new URLSearchParams({ watch: 'true', fieldSelector: `metadata.name=${name}`, resourceVersion: lease?.metadata?.resourceVersion ?? '', timeoutSeconds: '60' });
  const seen = api.stream(`${apiPath(resources.leases, namespace)}?${query.toString()}`, (line) => {
    // A renewal by the same holder does not matter.
    if (!line.includes(`"holderIdentity":"${lease?.spec?.holderIdentity}"`)) over.abort();
  }, over.signal).catch(() => undefined);
  await ports.clock.sleep(Math.max(500, ms), AbortSignal.any([ports.cancelled, over.signal])).catch((error: unknown) => {
    if (ports.cancelled.aborted) throw error;
  });
  over.abort();
  await seen;
}

function keepLock(ports: Ports, cluster: Cluster, of: LeaseOf, holder: Holder): Omit<Lock, 'formerHeardAt'> {
  const { api } = cluster;
  const path = apiPath(resources.leases, cluster.namespace, of.name);
  const lost = new AbortController();
  const stopped = new AbortController();
  const mine = { op: 'test', path: '/spec/holderIdentity', value: holder.id } as const;
  const createdAgain = async (): Promise<boolean> => {
    try {
      await take(cluster, path, of, holder, undefined, ports.clock.now());
    } catch (error) {
      if (!(error instanceof LeaseNotWritten)) throw error;
      if (error.answer) throw error.answer;
      return false;
    }
    ports.log.warning(`The Lease ${of.name} was deleted during the run. It is created again.`);
    return true;
  };
  const write = async (): Promise<void> => {
    try {
      await api.patch(path, [mine, { op: 'replace', path: '/spec/renewTime', value: microTime(ports.clock.now()) }], { timeoutMs: renewEveryMs });
    } catch (error) {
      if (!(error instanceof ApiError) || !(isFailedTest(error) || error.status === 404)) throw error;
      // Deleted by hand, for example. Whoever creates it first has it: a run that waits for it may be that one.
      if (error.status === 404 && await createdAgain()) return;
      const taken = new ClusterError('superseded', 'Another run took over the lock, because this run had not renewed it for 15 s.', {
        hint: of.whenLost, cause: error,
      });
      lost.abort(taken);
      throw taken;
    }
  };
  // One write for all simultaneous callers: the API server rejects parallel patches of one object (409).
  let underWay: Promise<void> | undefined;
  const renew = (): Promise<void> => (underWay ??= write().finally(() => { underWay = undefined; }));
  void (async () => {
    while (!stopped.signal.aborted && !lost.signal.aborted) {
      await ports.clock.sleep(renewEveryMs, stopped.signal).catch(() => undefined);
      // A server that is away for a moment is no reason to stop: later renewals show whether the lock was lost.
      if (!stopped.signal.aborted) await renew().catch(() => undefined);
    }
  })();
  return {
    lost: lost.signal,
    confirm: () => persistently(ports.clock, renew, { forMs: 15_000 }),
    leave: () => stopped.abort(),
    release: async () => {
      stopped.abort();
      const giveUp = (): Promise<unknown> => api.patch(path, [mine, { op: 'replace', path: '/spec/holderIdentity', value: '' }]);
      // A lock that cannot be released now expires within 15 s.
      await persistently(ports.clock, giveUp, { forMs: 5000 }).catch(() => undefined);
    },
  };
}
