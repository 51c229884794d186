import type { DatabaseConfig } from '../config/config.js';
import type { DataContext } from '../data/engine.js';
import { ofStore, type DataFailure } from '../data/error.js';
import { isBackupObject, readCatalog, type Catalog } from '../data/catalog.js';
import type { OpenedDatabase } from '../data/opened.js';
import type { Emptied } from '../data/redis/cache.js';
import { progressLog } from '../data/progress.js';
import type { Cluster } from '../kubernetes/client/cluster.js';
import type { StageName } from '../outcome/verdict.js';
import type { ObjectStore } from '../store/store.js';
import type { MountVolume } from '../store/volume/mounted.js';
import type { Run } from './run.js';

/** What a run with databases has open. Each part is opened when it is first needed, and all are closed together. */
export interface DataSession {
  readonly context: DataContext;
  cluster(): Promise<Cluster>;
  store(): Promise<ObjectStore>;
  /** The backups of this database, or of all. @throws DataError when the store cannot be read */
  catalog(database?: string): Promise<Catalog>;
  database(config: DatabaseConfig): Promise<OpenedDatabase>;
  /** Empties a cache. @throws DataError, ClusterError */
  emptyCache(config: DatabaseConfig, signal: AbortSignal): Promise<Emptied>;
  close(): Promise<void>;
}

/** What a session needs of a run. */
export type DataRun = Pick<Run, 'ports' | 'config' | 'id' | 'folder' | 'facts' | 'hasPost'>;

export type OpenDataSession = typeof openDataSession;

/** @param failure the cause of what fails here @param stage of the lines about progress */
export function openDataSession(run: DataRun, failure: DataFailure, stage: StageName): DataSession {
  const { ports, config, id, folder } = run;
  const context: DataContext = { ports, id, app: config.app, failure, signal: ports.cancelled, progress: progressLog(ports, stage) };
  const closing: (() => Promise<void> | undefined)[] = [];
  let cluster: Promise<Cluster> | undefined;
  let store: Promise<ObjectStore> | undefined;
  /** Closed at the end, if it could be opened. */
  const kept = <T>(opening: Promise<T>, close: (opened: T) => Promise<void> | undefined): Promise<T> => opening.then((opened) => {
    closing.unshift(() => close(opened));
    return opened;
  });
  const session: DataSession = {
    context,
    cluster: () => (cluster ??= kept(import('../kubernetes/client/cluster.js').then(({ openCluster }) => openCluster(ports, config.cluster, folder)), (opened) => opened.close())),
    store: () => (store ??= kept(openStoreOf(run, session), (opened) => opened.close?.())),
    database: async (database) => {
      const { openDatabase } = await import('../data/open.js');
      return kept(openDatabase(context, database, () => session.cluster()), (opened) => opened.close());
    },
    emptyCache: async (database, signal) => {
      const { empty } = await import('../data/empty.js');
      return empty({ ...context, signal }, database, () => session.cluster());
    },
    catalog: async (database) => {
      const signedBy = config.backup?.signedBy;
      try {
        const opened = await session.store();
        const origin = { app: config.app, ...config.environment !== undefined && { environment: config.environment } };
        const wanted = { origin, ...database !== undefined && { database }, ...signedBy !== undefined && { signedBy } };
        return await readCatalog(opened, { ...wanted, signal: ports.cancelled });
      } catch (error) {
        throw ofStore(error, failure);
      }
    },
    close: async () => {
      for (const close of closing.splice(0)) await close();
    },
  };
  return session;
}

async function openStoreOf({ ports, config, id }: DataRun, session: DataSession): Promise<ObjectStore> {
  if (!config.backup) throw new Error('the settings name no place for backups');
  const { store } = config.backup;
  const { openStore } = await import('../store/open.js');
  // What is opened later is closed first, and a volume needs the cluster until it is closed.
  if (store.to.kind === 'volume') await session.cluster();
  const mount: MountVolume = async (claim, image, signal) => {
    const { mountVolume } = await import('../kubernetes/volume/mount.js');
    return mountVolume({ cluster: await session.cluster(), ports }, { app: config.app, run: id, claim, image }, signal);
  };
  return openStore({ ports, isOwn: isBackupObject, mount }, store);
}
