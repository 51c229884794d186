import type { BackupFound, MigrationData, Rehearsal } from '../data/migration.js';
import type { RehearsalResult } from '../outcome/data.js';
import { DeployError } from '../outcome/errors.js';
import { OneOffError } from '../outcome/one-off.js';
import type { Ports } from '../ports/ports.js';
import type { MigrationRecord } from '../record/migration.js';
import type { OneOff, OneOffs, RanOnce } from '../target/one-off.js';
import { detailsOf, MigrationError } from './migration-error.js';

/** A migration that is tried on a copy of its database. */
export interface Rehearsing {
  readonly ports: Pick<Ports, 'log'>;
  readonly oneOffs: OneOffs;
  readonly data: MigrationData;
  readonly backup: BackupFound;
  /** The migration. */
  readonly command: OneOff;
  readonly record: MigrationRecord;
  /** `the database main` */
  readonly what: string;
  /** Records that the migration may be applied. */
  started(): Promise<unknown>;
}

/**
 * Runs the migration with the names of the database leading to a copy of it. It has shown something only if the command has logged in to
 * the copy: one that reaches the database in another way has migrated that, or nothing.
 * @throws MigrationError; ClusterError; what `signal` aborts with
 */
export async function rehearse(of: Rehearsing, signal: AbortSignal): Promise<RehearsalResult> {
  const { ports: { log }, oneOffs, data, backup, command, record } = of;
  const copy = await data.rehearsal(backup, signal).catch((error: unknown) => { throw notMade(of, error, signal); });
  log.info(`trying the migration on ${copy.words} first, to which these names lead: ${copy.hosts.join(', ')}`);
  const ran = await oneOffs.run({ ...command, sidecar: copy.sidecar }, signal).catch((error: unknown) => {
    if (error instanceof OneOffError) return error;
    throw notMade(of, error, signal);
  });
  const seen = copy.seen();
  const head = await data.head(signal);
  await refuseChanged(of, copy, head);
  if (ran instanceof OneOffError) {
    const isSafe = !ran.hasStarted || ('logins' in seen && seen.logins > 0);
    const state = isSafe ? `${sentence(of)} was not changed.` : `It was not seen to log in to the copy: check whether it changed ${of.what}.`;
    throw new MigrationError(`The migration failed on ${copy.words}: ${ran.message} ${state}`, detailsOf(ran));
  }
  await refuseUnseen(of, copy, ran, head === undefined);
  const headAfter = 'logins' in seen ? seen.head : undefined;
  const change = headAfter === undefined ? '' : headAfter === record.headBefore ? ': nothing to migrate' : `: ${record.headBefore ?? 'none'} → ${headAfter}`;
  log.info(`the migration succeeded on the copy in ${(ran.tookMs / 1000).toFixed(1)} s${change}`);
  return {
    database: data.database, backup: backup.name, tookMs: ran.tookMs,
    ...record.headBefore !== undefined && { headBefore: record.headBefore }, ...headAfter !== undefined && { headAfter },
  };
}

const sentence = ({ what }: Rehearsing): string => what.replace(/^t/, 'T');

/** The copy could not be made, or its pod not be started. */
function notMade(of: Rehearsing, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || !(error instanceof DeployError) || error.code === 'permission-denied') return error;
  return new MigrationError(`The migration could not be tried on a copy first: ${error.message} ${sentence(of)} was not changed.`, { hint: error.hint, evidence: error.evidence, cause: error });
}

const ways = ({ hosts }: Rehearsal): string =>
  `In the rehearsal, these names lead to the copy: ${hosts.join(', ')}. Name the host that the migration uses in \`migrate.rehearse.hosts\`, and its port in \`migrate.rehearse.port\`; an IP address cannot be made to lead there. Or set \`migrate.rehearse\` to false.`;

/** It has reached the database although its names lead to the copy. */
async function refuseChanged(of: Rehearsing, copy: Rehearsal, head: string | undefined): Promise<void> {
  const { record: { headBefore }, what } = of;
  if (head === headBefore) return;
  await of.started();
  throw new MigrationError(`The migration was to be tried on ${copy.words}, but it changed ${what} itself (${headBefore ?? 'none'} → ${head ?? 'none'}).`, { hint: ways(copy) });
}

/** @param isUnknown whether the last migration of the database cannot be read */
async function refuseUnseen(of: Rehearsing, copy: Rehearsal, { log }: RanOnce, isUnknown: boolean): Promise<void> {
  const seen = copy.seen();
  if ('logins' in seen && seen.logins > 0) return;
  if (isUnknown) await of.started();
  const state = isUnknown ? `Whether it has changed ${of.what} is not known.` : `The last migration of ${of.what} is the same as before.`;
  const message = 'logins' in seen ? `nothing logged in to ${copy.words}, so nothing is verified` : `${copy.words} could not be looked at afterwards, so nothing is verified: ${seen.why}`;
  throw new MigrationError(`The migration succeeded in its rehearsal, but ${message}. ${state}`, { hint: 'logins' in seen ? ways(copy) : 'Check whether the connection to the cluster is stable. Then run again.', evidence: log });
}
