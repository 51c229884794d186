import type { BackupConfig, DatabaseConfig, WorkloadRef } from '../config/config.js';
import { DataError } from '../data/error.js';
import type { OpenedDatabase } from '../data/opened.js';
import { findContainers } from '../data/reach/find-pod.js';
import type { Cluster } from '../kubernetes/client/cluster.js';
import { nameOf, type KubeObject } from '../kubernetes/client/objects.js';
import { workloadResource } from '../kubernetes/client/resources.js';
import { lowerFence, raiseFence, type FenceScope } from '../kubernetes/fence/fence.js';
import { untilReady } from '../kubernetes/fence/ready.js';
import { applyManifests, applyObjects, type ManifestPath, type ManifestScope } from '../kubernetes/recovery/manifests.js';
import { workloadKindOf } from '../kubernetes/recovery/pods.js';
import { progressStore } from '../kubernetes/recovery/progress.js';
import { AppFence } from './app-fence.js';
import { DataLocks } from './data-locks.js';
import type { DataSession } from './data-session.js';
import type { RecoveryHands } from './disaster-steps.js';
import { fetched, limited, type Restoring } from './restoring.js';
import type { Run } from './run.js';

/** How long pods may take to become ready: images are pulled, volumes attached. ms. */
const readyMs = 600_000;
/** How long a server may take after its pod is ready: it still creates its database. ms. */
const answerMs = 60_000;
const pauseMs = 2000;

export interface HandsOf {
  readonly run: Run;
  readonly session: DataSession;
  readonly cluster: Cluster;
  readonly backup: BackupConfig;
  readonly paths: readonly ManifestPath[];
}

type Ref = Pick<WorkloadRef, 'kind' | 'name'>;
const refsOf = (app: readonly KubeObject[]): readonly Ref[] => app.flatMap((object) => {
  const kind = workloadKindOf(object);
  return kind === undefined ? [] : [{ kind, name: nameOf(object) }];
});

/** The real ones. */
export function recoveryHands({ run, session, cluster, backup, paths }: HandsOf): RecoveryHands {
  const { ports, id } = run;
  const { clock, log, cancelled: signal } = ports;
  const scope: FenceScope = { cluster, ports };
  const manifests: ManifestScope = { cluster, clock, signal };
  const opened = new Map<string, OpenedDatabase>();
  const open = async (config: DatabaseConfig): Promise<OpenedDatabase> => {
    const known = opened.get(config.name) ?? await session.database(config);
    opened.set(config.name, known);
    return known;
  };
  const said = (lines: readonly string[]): void => { for (const line of lines) log.info(line); };
  return {
    progress: progressStore(cluster, run.config.app),
    createNamespace: async () => void await cluster.api.send('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: cluster.namespace } }),
    stopApp: async (app) => raiseFence(scope, await existing(cluster, refsOf(app)), { run: id, forMs: readyMs, signal }),
    apply: async (objects) => said(await applyObjects(manifests, objects)),
    untilReachable: (config) => untilReachable(run, cluster, config, () => open(config)),
    holds: async (config) => (await open(config)).database.holds(signal),
    restore: async (config, manifest) => {
      const restoring: Restoring = { run, session, backup, store: await session.store(), manifest, opened: await open(config) };
      const locks = DataLocks.ofApp(run, session, config, 'restored');
      return locks.within(() => limited(restoring, locks.signal, async (over) => {
        const { spool, facts } = await fetched(restoring, over);
        const restoration = restoring.opened.database.restoration(spool, facts);
        try {
          await restoration.check(over);
          const compared = await restoration.prepare(over);
          await locks.confirm();
          return { ...compared, ...await restoration.swap(over) };
        } finally {
          await restoration.discard();
          await spool.close();
        }
      }));
    },
    empty: async (config) => {
      const locks = DataLocks.ofDatabase(run, session, config, 'emptied');
      return (await locks.within(() => session.emptyCache(config, locks.signal))).words;
    },
    startApp: async (app) => {
      for (const { message } of await lowerFence(scope, await existing(cluster, refsOf(app)))) if (message !== undefined) log.warning(message);
      for (const path of paths) said(await applyManifests(manifests, path));
      await untilReady(scope, refsOf(app), readyMs, signal);
    },
    check: () => new AppFence(run, session, []).smoke(signal),
  };
}

/** Those that exist and can be stopped. */
async function existing({ api, namespace }: Cluster, refs: readonly Ref[]): Promise<readonly Ref[]> {
  const stoppable = refs.filter(({ kind }) => kind !== 'daemonset');
  const found = await Promise.all(stoppable.map(({ kind, name }) => api.find(workloadResource[kind], namespace, name)));
  return stoppable.filter((_, index) => found[index] !== undefined);
}

/** Waits for its pod first, and then for its server. */
async function untilReachable({ ports }: Run, cluster: Cluster, { reach, isCache }: DatabaseConfig, open: () => Promise<unknown>): Promise<void> {
  const { clock, cancelled: signal } = ports;
  const until = async (ms: number, look: () => Promise<unknown>): Promise<void> => {
    const end = clock.monotonic() + ms;
    for (;;) {
      try {
        await look();
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof DataError) || clock.monotonic() >= end) throw error;
      }
      await clock.sleep(pauseMs, signal);
    }
  };
  if (reach.kind === 'pod') await until(readyMs, () => findContainers(cluster, reach, 'restore-failed', signal));
  // A cache may be a cluster, whose nodes are opened when it is emptied.
  if (!isCache) await until(answerMs, open);
}
