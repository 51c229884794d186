import type { Config } from '../config/config.js';
import type { MigrationData } from '../data/migration.js';
import type { ActionName } from '../outcome/action.js';
import type { Announce } from '../outcome/events.js';
import type { Context } from '../ports/context.js';
import type { Given } from '../target/under-lock.js';

/** One run of one action: its settings and its surroundings. */
export interface Run extends Context {
  readonly action: ActionName;
  readonly config: Config;
  /** Start of the run: monotonic ms, and ms since 1970. */
  readonly startedAt: number;
  readonly startedAtWall: number;
  /** Passes an event on to whoever follows the run. */
  readonly announce: Announce;
  /** Opens the database that is migrated before a rollout. The caller closes it. */
  readonly openMigrationData?: (given: Given) => Promise<MigrationData | undefined>;
  /** Keeps a value for the post step. */
  keep(name: string, value: string): Promise<void>;
}

/** What is needed to undo a migration. */
export type MigratingRun = Given & Pick<Run, 'openMigrationData'>;

/** Names under which a main step keeps what its post step needs. */
export const kept = {
  /** Id of the run while a release is in progress; empty otherwise. */
  release: 'release',
  /** Id of the run while a restore may have something left to finish; empty otherwise. */
  restore: 'restore',
  /** The deployment on GitHub that has no final state yet, as JSON; empty otherwise. */
  deployment: 'deployment',
} as const;

/** Whether the run deploys something: others test or build. */
export const deploys = ({ action, config: { workloads, command } }: Pick<Run, 'action' | 'config'>): boolean =>
  action === 'rollback' || workloads.length > 0 || command !== undefined;

export const msSince = (run: Pick<Run, 'ports' | 'startedAt'>): number => Math.round(run.ports.clock.monotonic() - run.startedAt);
