import * as v from 'valibot';
import { tryJson } from '../../ports/json.js';
import type { Cluster } from '../client/cluster.js';
import type { ConfigMap } from '../client/objects.js';
import { apiPath, resources } from '../client/resources.js';

/*
 * How far a recovery has come, in a ConfigMap of its namespace: a run that follows one that failed or was killed continues it. If the
 * namespace is lost once more, so is this, and everything starts anew.
 */

const shape = v.object({
  /** Of the first run of this recovery, ms since 1970. */
  startedAt: v.number(),
  /** By the names of the databases; not whole: it was empty, and its restore was started. */
  restored: v.record(v.string(), v.object({
    backup: v.string(), rows: v.optional(v.number()), compared: v.string(), kept: v.optional(v.string()), isWhole: v.boolean(),
  })),
  /** The app has passed its checks, ms since 1970. */
  finishedAt: v.optional(v.number()),
});

export type RecoveryProgress = v.InferOutput<typeof shape>;

export interface ProgressStore {
  /** Undefined where no recovery is in progress. @throws ApiError */
  read(): Promise<RecoveryProgress | undefined>;
  /** @throws ApiError, a conflict when another run writes it as well */
  write(progress: RecoveryProgress): Promise<void>;
}

const dataKey = 'recovery.json';

const progressName = (app: string): string => `deploy-recovery-${app}`;

export function progressStore({ api, namespace }: Pick<Cluster, 'api' | 'namespace'>, app: string): ProgressStore {
  const name = progressName(app);
  let found: ConfigMap | undefined;
  return {
    read: async () => {
      found = await api.find<ConfigMap>(resources.configmaps, namespace, name);
      const progress = tryJson(found?.data?.[dataKey] ?? '', shape);
      return progress?.finishedAt === undefined ? progress : undefined;
    },
    write: async (progress) => {
      const labels = { 'app.kubernetes.io/managed-by': 'deploy-action', 'app.kubernetes.io/part-of': app };
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...found?.metadata, name, namespace, labels }, data: { [dataKey]: JSON.stringify(progress) } };
      found = found
        ? await api.send<ConfigMap>('PUT', apiPath(resources.configmaps, namespace, name), body)
        : await api.send<ConfigMap>('POST', apiPath(resources.configmaps, namespace), body);
    },
  };
}
