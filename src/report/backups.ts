import { alignColumns } from '../outcome/columns.js';
import type { KeptBackup } from '../outcome/data.js';
import { ageText, bytesText, verifiedWords } from './data.js';

/** The backups of a store as a table, for a terminal. @param now ms since 1970 */
export function backupLines(all: readonly KeptBackup[], now: number): readonly string[] {
  if (all.length === 0) return ['There are no backups.'];
  const rows = all.map(({ database, backup, at, bytes, verified, stays, removed, reasons }) => [
    database, backup, at > now ? 'in the future' : ageText(now - at), bytesText(bytes), verifiedWords[verified], stays ? 'stays' : removed ? 'removed' : 'goes', reasons.join(', '),
  ]);
  const bytes = all.reduce((sum, each) => sum + each.bytes, 0);
  const staying = all.filter(({ stays }) => stays).length;
  return [
    ...alignColumns(['database', 'backup', 'age', 'size', 'verified', '', 'because'], rows, [30, 40, 16, 10, 16, 8, 200]), '',
    `${staying} of ${all.length} backups stay, ${bytesText(all.filter(({ stays }) => stays).reduce((sum, each) => sum + each.bytes, 0))} of ${bytesText(bytes)}.`,
  ];
}
