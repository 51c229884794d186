import type { Retention } from '../config/values/retention.js';
import type { KeptBackup } from '../outcome/data.js';
import { missingObjects, type Catalog, type CatalogedBackup } from './catalog.js';
import { planRetention, type RetentionLimits } from './retention.js';

/** One backup of the store, and what becomes of it. */
interface Keeping {
  readonly backup: CatalogedBackup;
  readonly stays: boolean;
  readonly reasons: readonly string[];
}

export interface KeepingPlan {
  /** By database, newest first. */
  readonly keeping: readonly Keeping[];
  /** By the names of databases: why nothing of them is removed, though their retention wants it. Sentences. */
  readonly refusals: Readonly<Record<string, string>>;
}

/** Applies the retention to the backups of each database. One whose objects are not all there is not verified: it does not count. */
export function planKeeping({ backups }: Catalog, retention: Retention | undefined, limits: RetentionLimits): KeepingPlan {
  const databases = [...new Set(backups.map(({ database }) => database))].sort();
  const plans = databases.map((database) => {
    const own = new Map(backups.filter((backup) => backup.database === database).map((backup) => [backup.name, backup]));
    const candidates = [...own.values()].map((backup) => ({ name: backup.name, at: backup.at, isVerified: missingObjects(backup).length === 0 }));
    const { decisions, refusal } = planRetention(candidates, retention, limits);
    const keeping = decisions.flatMap(({ name, ...decision }): readonly Keeping[] => {
      const backup = own.get(name);
      return backup === undefined ? [] : [{ backup, ...decision }];
    });
    return { database, keeping, refusal };
  });
  return {
    keeping: plans.flatMap(({ keeping }) => keeping),
    refusals: Object.fromEntries(plans.flatMap(({ database, refusal }) => (refusal === undefined ? [] : [[database, refusal]]))),
  };
}

/** For the report. What the retention would remove, and was refused, stays. @param removed backups that this run has removed */
export const keptBackups = ({ keeping, refusals }: KeepingPlan, removed: readonly CatalogedBackup[] = []): readonly KeptBackup[] =>
  keeping.map(({ backup, stays, reasons }) => {
    const isRefused = !stays && refusals[backup.database] !== undefined;
    return {
      database: backup.database, backup: backup.name, at: backup.at, bytes: backup.objects.reduce((sum, { bytes }) => sum + bytes, 0),
      verified: missingObjects(backup).length > 0 ? 'incomplete' : backup.manifest.verification.how,
      stays: stays || isRefused, reasons: isRefused ? [`would go: ${reasons.join(', ')}`] : reasons, removed: removed.includes(backup),
    };
  });
