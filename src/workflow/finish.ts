import type { Outcome } from '../outcome/outcome.js';
import { RolloutError } from '../outcome/errors.js';
import { imagesNow } from '../target/set-image/images-now.js';
import { acquireLock } from '../kubernetes/store/lease.js';
import type { Lock } from '../record/store.js';
import { readCluster, type ClusterFacts } from '../target/set-image/cluster-facts.js';
import { outcomeOf } from './outcome.js';
import { isUnfinished, reopen, undoRecorded } from './recover.js';
import { msSince, type Run } from './run.js';

/** The lock is ours still, or another run has it by now and finishes what was begun: no need to wait for that. */
const lockForMs = 1000;

/**
 * Finishes what a main step began and did not finish, because it was cancelled or killed: puts the old images back where
 * that was not done, and proves that they serve.
 * @returns undefined when there is nothing left to do
 * @throws ClusterError locked when another run does it
 */
export async function finish(run: Run): Promise<Outcome | undefined> {
  const facts = await readCluster(run, () => []);
  try {
    if (!isOurs(run, facts)) return undefined;
    if (facts.ledger?.run.rollback === 'off') return leave(run, facts);
    run.ports.log.info('The main step began a rollout and did not finish it: putting back what was there before.');
    const lock = await acquireLock(run.ports, facts.cluster, run.config.app, { id: run.id, url: run.facts.runUrl }, lockForMs);
    try {
      const ledger = await facts.store.read();
      return isOurs(run, { ledger }) ? await undo(run, { ...facts, ledger }, lock) : undefined;
    } finally {
      await lock.release();
    }
  } finally {
    await facts.cluster.close();
  }
}

const isOurs = (run: Run, { ledger }: Pick<ClusterFacts, 'ledger'>): boolean =>
  isUnfinished(ledger) && ledger.run.id === run.id;

/** What the settings say is not to be put back is left to the next run, which confirms it or says that it is not good. */
function leave(run: Run, { ledger }: Pick<ClusterFacts, 'ledger'>): undefined {
  const refs = (ledger?.run.targets ?? []).map(({ ref }) => ref).join(', ');
  run.ports.log.warning(`The main step was stopped in the middle of a rollout of ${refs}, and \`rollback\` is off: what it had set by then stays. The next run looks at it first.`);
}

async function undo(run: Run, facts: ClusterFacts, lock: Lock): Promise<Outcome | undefined> {
  const { ledger, cluster, store, services } = facts;
  if (!ledger) return undefined;
  const { targets } = ledger.run;
  const startMs = msSince(run);
  const release = await reopen({ ports: run.ports, cluster, config: run.config, services }, ledger, lock);
  const undone = await undoRecorded(release, store, ledger).finally(() => release.watched.close());
  return outcomeOf(run, {
    failure: { stage: 'rollout', error: new RolloutError('cancelled', 'The step was stopped before the rollout was finished.') },
    undone, targets, namespace: cluster.namespace, warnings: [],
    spans: [{ stage: 'rollback', label: 'finish the rollback', startMs, endMs: msSince(run), result: undone.result === 'failed' ? 'failed' : 'ok' }],
    typed: cluster.typed, imagesNow: await imagesNow(cluster, targets),
  });
}
