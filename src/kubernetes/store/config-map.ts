import { ApiError, type Api } from '../client/api.js';
import type { Clock } from '../../ports/clock.js';
import type { RecordStore } from '../../record/store.js';
import { apiPath, resources } from '../client/resources.js';
import type { ConfigMap } from '../client/objects.js';
import { formatLedger, parseLedger, whyUnreadable } from '../../record/schema.js';
import { persistently } from '../client/persist.js';
import { ClusterError } from '../../outcome/errors.js';
import type { Ledger } from '../../record/ledger.js';
import { JsonError } from '../../ports/json.js';
import { retry, type RetryPolicy } from '../../ports/retry.js';

const dataKey = 'ledger.json';

export const ledgerName = (app: string): string => `deploy-ledger-${app}`;

export function openLedger(api: Api, clock: Clock, namespace: string, app: string): Pick<RecordStore, 'read' | 'write'> {
  const path = apiPath(resources.configmaps, namespace, ledgerName(app));
  let found: ConfigMap | undefined;
  /** Values that are not another run's: none, the one that was read last, and those that were sent since. */
  let own: readonly (string | undefined)[] = [undefined];
  let newest = 0;
  const look = async (): Promise<string | undefined> => {
    found = await api.find<ConfigMap>(resources.configmaps, namespace, ledgerName(app));
    return found?.data?.[dataKey];
  };
  // With the resourceVersion it fails when someone else wrote in between: two runs never share one record.
  const put = (data: Readonly<Record<string, string>>): Promise<ConfigMap> => {
    const labels = { ...found?.metadata?.labels, 'app.kubernetes.io/managed-by': 'deploy-action', 'app.kubernetes.io/part-of': app };
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...found?.metadata, name: ledgerName(app), namespace, labels }, data };
    return found ? api.send<ConfigMap>('PUT', path, body) : api.send<ConfigMap>('POST', apiPath(resources.configmaps, namespace), body);
  };
  return {
    read: async () => {
      const text = await look();
      const ledger = text === undefined ? undefined : understood(text, namespace, ledgerName(app));
      own = [undefined, text];
      return ledger;
    },
    write: async (ledger, patienceMs = 0) => {
      const text = formatLedger(ledger);
      own = [...own, text];
      const number = (newest += 1);
      let sent = false;
      const attempt = async (): Promise<void> => {
        // The record of a rollback is not waited for: it must not overwrite a later one.
        if (number !== newest) return;
        // After a timeout or conflict it is not known whether the write was done: read again and compare.
        const stands = sent ? await look() : found?.data?.[dataKey];
        if (!own.includes(stands)) throw lostLedger();
        if (stands === text) return;
        sent = true;
        found = await put({ [dataKey]: text });
      };
      await persistently(clock, () => retry(clock, throughConflicts, attempt), { until: clock.monotonic() + patienceMs });
    },
  };
}

/** Others can change labels and annotations of the ConfigMap, or delete it: only another record in it stops the run. */
const throughConflicts: RetryPolicy = {
  delaysMs: Array.from({ length: 5 }, () => 0), retryable: (error) => error instanceof ApiError && (error.status === 409 || error.status === 404),
};

const lostLedger = (): ClusterError => new ClusterError('superseded', 'Another run wrote the record in the meantime, so this run stops.');

/** Overwriting an unreadable record could lose an interrupted release with a paused Deployment, so someone has to look at it. */
function understood(text: string, namespace: string, name: string): Ledger {
  try {
    return parseLedger(text, `The record (ConfigMap ${name} in namespace ${namespace})`);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ClusterError('record-unreadable', `The record (ConfigMap ${name} in namespace ${namespace}) cannot be read: ${whyUnreadable(text, error)}.`, {
      hint: `Use the version of the action that wrote it. Or read it (\`kubectl --namespace=${namespace} get configmap ${name} --output=yaml\`), finish by hand what it lists as unfinished, and delete it.`,
      cause: error,
    });
  }
}
