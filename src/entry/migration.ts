import type { Run } from '../workflow/run.js';

/** Opens the database that is migrated, whose code is loaded when a migration needs it. */
export const openMigrationData: NonNullable<Run['openMigrationData']> = async (given) => {
  const data = await import('../workflow/migration-data.js');
  return data.openMigrationData(given);
};
