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
  /** What may stand there without another run having written it: nothing, what was read last, and what was sent since. */
  let own: readonly (string | undefined)[] = [undefined];
  let newest = 0;
  const look = async (): Promise<string | undefined> => {
    found = await api.find<ConfigMap>(resources.configmaps, namespace, ledgerName(app));
    return found?.data?.[dataKey];
  };
  // The resourceVersion makes it fail when somebody wrote in between: two runs never share one record.
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
        // Nobody waits for the record of a rollback: what was to be written after it must not be written over by it.
        if (number !== newest) return;
        // Whether an unanswered write was done is not known, nor what a write was refused for: what stands there now decides.
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

/** Others may put labels and annotations on the ledger, or remove it: only another record in it is a reason to stop. */
const throughConflicts: RetryPolicy = {
  delaysMs: Array.from({ length: 5 }, () => 0), retryable: (error) => error instanceof ApiError && (error.status === 409 || error.status === 404),
};

const lostLedger = (): ClusterError => new ClusterError('superseded', 'Another run wrote the ledger in the meantime: this run goes no further.');

/** Writing over what cannot be read could lose a release in the middle, with a Deployment paused: a person has to look. */
function understood(text: string, namespace: string, name: string): Ledger {
  try {
    return parseLedger(text, `The ledger (ConfigMap ${name} in namespace ${namespace})`);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ClusterError('record-unreadable', `The ledger (ConfigMap ${name} in namespace ${namespace}) cannot be read: ${whyUnreadable(text, error)}.`, {
      hint: `Use that version, or look at it (\`kubectl --namespace=${namespace} get configmap ${name} --output=yaml\`), see to what it says is unfinished, and delete it.`,
      cause: error,
    });
  }
}
