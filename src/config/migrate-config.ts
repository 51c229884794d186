import type { GivenMigrate } from './sections/migrate.js';

/** A command in a container: its words, or a text for `sh -c` of the image. */
export type ContainerCommand = readonly string[];

/** A command line without anything that a shell would treat specially is started as it is, so an image without a shell can run it. */
const plain = /^[A-Za-z0-9_@%+=:,./ -]+$/;
export const commandOfText = (text: string): ContainerCommand => (plain.test(text) && !/^[A-Za-z_][A-Za-z0-9_]*=/.test(text) ? text.split(/ +/) : ['sh', '-c', text]);

/** How the database is migrated before the rollout. */
export const migrateOf = (given: GivenMigrate) => {
  const { run, workload, database, backup = { 'max-age': 900_000, off: undefined }, rehearse, reversible, force, timeout } = given;
  return {
    text: run, run: commandOfText(run),
    /** `kind/name` of the workload that it runs as; undefined: the first. */
    workload,
    /** Name of the database in the settings; undefined: the only one. */
    database,
    /** Age of the last verified backup up to which no new one is made, ms; or why there is none. */
    backup: backup.off === undefined ? { maxAgeMs: backup['max-age'] } : { off: backup.off },
    /** How the workload reaches the database, beyond the Services of its pod, if the migration is tried on a restored copy first. */
    rehearse: rehearse && { hosts: rehearse.hosts ?? [], ...rehearse.port !== undefined && { port: rehearse.port } },
    /** The command that undoes it; false: nothing does; undefined: not known. */
    undo: reversible === undefined ? undefined : reversible === 'false' ? false as const : { text: reversible, run: commandOfText(reversible) },
    /** Whether the image is rolled back although the migration cannot be undone. */
    force, timeoutMs: timeout,
  };
};
export type MigrateConfig = ReturnType<typeof migrateOf>;

interface Migrated {
  readonly app: string;
  readonly migrate?: MigrateConfig;
  readonly databases?: readonly { readonly name: string }[];
}

/** The name of the database that is migrated, for its lock: that of the settings, or of the app where they name none. */
export const migratedDatabase = ({ app, migrate, databases = [] }: Migrated): string =>
  migrate?.database ?? databases[0]?.name ?? app;
