import type { BackupConfig } from './backup-config.js';
import { defined } from './kit/record.js';
import type { GivenDisaster } from './sections/disaster.js';

/** What a recovery recreates, and how long it is allowed to take. */
export const disasterOf = ({ objects = [], rto, rpo }: GivenDisaster, backup: Pick<BackupConfig, 'rpoMs'> | undefined) => defined({
  /** Paths of files and folders, in order. */
  objects,
  /** ms. */
  rtoMs: rto,
  /** ms; undefined: no limit. */
  rpoMs: rpo ?? backup?.rpoMs,
});
export type DisasterConfig = ReturnType<typeof disasterOf>;
