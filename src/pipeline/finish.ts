import { RolloutError } from '../outcome/errors.js';
import type { Outcome } from '../outcome/outcome.js';
import { imagesNow } from '../rollout/images.js';
import { inPhase, type Ledger } from '../rollout/ledger.js';
import { reopenRelease } from '../rollout/release.js';
import { undoArguments } from '../rollout/restore.js';
import { undoRelease } from '../rollout/undo.js';
import { readCluster, type ClusterFacts } from './cluster-facts.js';
import { outcomeOf } from './outcome.js';
import { msSince, type Run } from './run.js';

/**
 * Finishes what a main step began and did not finish, because it was cancelled or killed: puts the old images back where
 * that was not done, and proves that they serve.
 * @returns undefined when there is nothing left to do
 */
export async function finish(run: Run): Promise<Outcome | undefined> {
  const facts = await readCluster(run, (ledger) => (ledger?.run.targets ?? []).map(({ kind, name }) => ({ kind, name })));
  try {
    const { ledger } = facts;
    if (!ledger || ledger.run.id !== run.id || (ledger.run.phase !== 'changing' && ledger.run.phase !== 'restoring')) return undefined;
    return await undo(run, facts, ledger);
  } finally {
    await facts.cluster.close();
  }
}

async function undo(run: Run, facts: ClusterFacts, ledger: Ledger): Promise<Outcome> {
  const { targets } = ledger.run;
  const failure = new RolloutError('cancelled', 'The step was stopped before the rollout was finished.');
  const startMs = msSince(run);
  const release = await reopenRelease({
    ports: run.ports, cluster: facts.cluster, config: run.config, targets, services: facts.services, workloads: facts.found.flatMap(({ workload }) => workload ?? []),
  }, ledger.run.before);
  const undone = await undoRelease(release, failure, { resumed: true, held: new Set(ledger.run.held), restoring: () => facts.store.write(inPhase(ledger, 'restoring')) });
  release.watched.close();
  await facts.store.write(inPhase(ledger, undone.result === 'failed' ? 'left' : 'restored')).catch(() => undefined);
  return outcomeOf(run, {
    failure: { stage: 'rollout', error: failure }, undone, targets, namespace: facts.cluster.namespace, warnings: [],
    spans: [{ stage: 'rollback', label: 'finish the rollback', startMs, endMs: msSince(run), result: undone.result === 'failed' ? 'failed' : 'ok' }],
    undoCommands: undoArguments(targets).map(facts.cluster.typed), imagesNow: await imagesNow(facts.cluster, targets),
  });
}
