import type { SmokeCheck } from '../../config/config.js';
import type { Log } from '../../ports/log.js';
import { parseSmoke } from '../../config/values/smoke.js';

/**
 * The texts of the checks that may stand in a record, which whoever may read it can read: an address with a query or a
 * login, or with anything that is masked, stays out.
 */
export const recordable = (checks: readonly SmokeCheck[], log: Pick<Log, 'redact'>): string[] => checks.filter(({ text, target }) => {
  const isOpen = target.type === 'service' ? !target.path.includes('?') : !/[?@]/.test(target.url);
  return isOpen && log.redact(text) === text;
}).map(({ text }) => text);

/**
 * The checks of a recorded run: those of this run may name a later version. A record is read with the care that any text
 * from outside is: each check is parsed from its text, and an address outside of the cluster only counts when the settings
 * of this run name it too.
 */
export const recordedChecks = (texts: readonly string[], own: readonly SmokeCheck[]): SmokeCheck[] => texts.flatMap((text) => {
  const read = parseSmoke(text);
  if (!read.ok) return [];
  return read.value.target.type === 'service' || own.some((check) => check.text === text) ? [read.value] : [];
});
