import type { DatabaseConfig, WorkloadRef } from '../config/config.js';
import { needsForData } from '../data/rights.js';
import { fenceNeeds } from '../kubernetes/fence/check.js';
import { needsToAsk, type Need } from '../kubernetes/preflight/needs.js';
import { checkPermissions } from '../kubernetes/preflight/permissions.js';
import { PreflightError } from '../outcome/finding.js';
import type { DataRun, DataSession } from './data-session.js';

/** What a run is going to do in the cluster. */
export interface DataUse {
  readonly databases: readonly DatabaseConfig[];
  /** Names of the Leases that it takes. */
  readonly locks: readonly string[];
  /** Whether a dump is restored into a scratch server. */
  readonly usesScratch: boolean;
  /** Workloads that are stopped meanwhile. */
  readonly fence: readonly WorkloadRef[];
  /** Whether smoke checks follow. */
  readonly asks: boolean;
}

/**
 * Checks whether the account is allowed to do all of it, before any of it is done. Without a cluster there is nothing to check.
 * @throws PreflightError permission-denied with everything that is missing at once, and the Role that grants it
 */
export async function checkRights(run: DataRun, session: DataSession, use: DataUse): Promise<void> {
  const { config, ports } = run;
  const needs = needsOfUse(run, use);
  if (needs.length === 0) return;
  const { api, namespace, namespaceOfContext } = await session.cluster();
  const place = { namespace, isSetting: config.cluster.namespace !== undefined, ofContext: namespaceOfContext };
  const { problems, warnings } = await checkPermissions(api, place, needs, ports.cancelled, { account: 'The account of this run', role: 'docs/rbac-backup.yaml' });
  for (const warning of warnings) ports.log.warning(warning);
  if (problems.length > 0) throw new PreflightError(problems);
}

function needsOfUse({ config: { backup, smoke } }: DataRun, { databases, locks, usesScratch, fence, asks }: DataUse): readonly Need[] {
  const inPods = databases.filter(({ reach }) => reach.kind === 'pod');
  const to = backup?.store.to;
  return [
    ...needsForData({
      usesPods: inPods.length > 0, usesScratch: usesScratch && inPods.length > 0, locks,
      secrets: [...new Set(inPods.flatMap(({ password }) => (password && 'secret' in password ? [password.secret] : [])))],
      ...to?.kind === 'volume' && { claim: to.claim },
    }),
    ...fence.length === 0 ? [] : fenceNeeds(fence),
    ...asks ? needsToAsk(smoke) : [],
  ];
}
