import { parseReference } from '../image/reference.js';
import { PreflightError, together, type Checked } from '../outcome/finding.js';
import type { Outcome } from '../outcome/outcome.js';
import type { Ledger, Release } from '../record/ledger.js';
import { describeMigration, migrationsSince } from '../record/migrations.js';
import { lastRunOf } from '../record/last-run.js';
import { describeRelease } from '../record/releases.js';
import { kindOf } from '../target/kinds.js';
import type { OpenTarget, ProposalBack } from '../target/target.js';
import { conduct, named, type Found, type Prepared } from './conduct.js';
import { makePlan } from './plan.js';
import { openFinished } from './recover.js';
import { releaseStages } from './release.js';
import type { Run } from './run.js';
import { Slot } from './stage.js';

/** Rolls back to an earlier release. The rollback is a release itself: watched, checked, recorded, and undone if it fails. */
export const rollBack = (run: Run): Promise<Outcome> => conduct(run, prepare);

async function prepare(run: Run, found: Found): Promise<Prepared> {
  const kind = await kindOf(run.config, 'by record');
  if (!kind) throw new Error('the settings of a rollback name no target');
  found.words = kind.words;
  // An interrupted run is finished first: a rollback needs a known state to start from.
  const target = await openFinished(run, kind, 'rollback', found);
  try {
    const proposal = await target.proposeBack();
    const { problems, warnings } = together([proposal.checked, checkMigrations(run, target.ledger, proposal.release)]);
    if (problems.length > 0) throw new PreflightError(problems);
    // The commit of the release is recorded and reported, not the one that this workflow runs at.
    found.deployed = { commit: proposal.release.commit };
    return prepared(named(run, found), target, proposal, warnings);
  } catch (error) {
    await target.close?.();
    throw error;
  }
}

/** What the release meets in a database that was migrated since. One that is declared irreversible is crossed only when that is wanted. */
function checkMigrations({ config: { force } }: Pick<Run, 'config'>, ledger: Ledger | undefined, release: Release): Checked {
  const met = migrationsSince(ledger, release);
  const irreversible = met.filter(({ undo }) => undo === false);
  return {
    problems: force ? [] : irreversible.map((each) => ({
      cause: 'migration-irreversible', message: `${describeRelease(release)} is older than the migration ${describeMigration(each)}, which is declared irreversible.`,
    })),
    warnings: met.map((each) => `The release to restore meets a database that was migrated since: ${describeMigration(each)}.${typeof each.undo === 'string' ? ` A rollback does not undo that; \`${each.undo}\` does.` : ''}`),
  };
}

function prepared(run: Run, target: OpenTarget, proposal: ProposalBack, warnings: readonly string[]): Prepared {
  const { release } = proposal;
  const reference = new Slot<string>();
  reference.set(proposal.reference);
  const { stages, ending, close } = releaseStages({ run, target, proposal, reference });
  run.ports.log.info(`rolling back to ${describeRelease(release)}`);
  if (run.config.reason !== undefined) run.ports.log.info(`the reason: ${run.config.reason}`);
  return {
    plan: makePlan(run.config, { stages, target, proposal, warnings }), stages, ending,
    known: {
      target: target.kind, namespace: target.namespace, reference: proposal.reference || undefined, digest: parseReference(proposal.reference)?.digest,
      subjects: [...new Set(proposal.rows.map(({ subject }) => subject))], lastRun: lastRunOf(target.ledger, run.config.image),
    },
    close: async () => {
      await close();
      await target.close?.();
    },
  };
}
