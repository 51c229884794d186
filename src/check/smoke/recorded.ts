import type { SmokeCheck } from '../../config/config.js';
import type { Log } from '../../ports/log.js';
import { parseSmoke } from '../../config/values/smoke.js';

/**
 * The texts of the checks that can be stored in a record. Everyone who is allowed to read the record sees them, so an
 * address with a query, a login or a masked text is left out.
 */
export const recordable = (checks: readonly SmokeCheck[], log: Pick<Log, 'redact'>): string[] => checks.filter(({ text, target }) => {
  const isOpen = target.type === 'service' ? !target.path.includes('?') : !/[?@]/.test(target.url);
  return isOpen && log.redact(text) === text;
}).map(({ text }) => text);

/**
 * The checks of a recorded run, used in place of those of this run, which may expect a later version. A record is
 * untrusted text: each check is parsed again, and a URL only counts if the settings of this run contain it too.
 */
export const recordedChecks = (texts: readonly string[], own: readonly SmokeCheck[]): SmokeCheck[] => texts.flatMap((text) => {
  const read = parseSmoke(text);
  if (!read.ok) return [];
  return read.value.target.type === 'service' || own.some((check) => check.text === text) ? [read.value] : [];
});
