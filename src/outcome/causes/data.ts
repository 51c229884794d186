import type { CauseTable } from './entry.js';
import { settingText } from '../place-words.js';

/** Backups, restores and migrations of databases. */
export const data = {
  'backup-failed': {
    observed: 'A dump is incomplete, does not restore, or could not be stored unchanged.',
    sentence: 'The backup failed.',
    hint: 'Fix what the message names, and run the backup again.',
  },
  'backup-overdue': {
    observed: 'The last verified backup is older than `rpo`.',
    sentence: 'The last verified backup is too old.',
    hint: 'Run a backup now. Then check why the schedule did not: GitHub disables schedules of repositories without activity, and drops runs at busy times.',
  },
  'restore-failed': {
    observed: 'A backup does not have its checksum, cannot be decrypted or restored, or differs from what was backed up.',
    sentence: 'The restore failed.',
    hint: 'Fix what the message names, and run the restore again, or choose an earlier backup.',
  },
  'migration-failed': {
    observed: 'The migration exits with a code other than 0, does not finish within its `timeout`, or cannot be started.',
    sentence: 'The migration of the database failed. Nothing was rolled out.',
    hint: 'Read the last lines of its log. The database is as the migration left it; the summary has the commands to restore the backup from before.',
  },
  'migration-irreversible': {
    observed: 'A migration between the release to restore and the current one is declared irreversible, and `force` is not `true`.',
    sentence: 'A rollback would cross a migration that cannot be undone.',
    get hint() { return `Deploy a version that fixes the problem. If the earlier release works with the migrated database, set ${settingText('force', 'true')}.`; },
  },
} as const satisfies CauseTable;
