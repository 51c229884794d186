import { bad, good, quote, type Checked } from '../kit/checked.js';
import { convert, shortOr, type Kind } from '../kit/kind.js';
import { object } from '../kit/object.js';
import { line } from '../kit/text.js';
import { count } from './connections.js';

/** A part of the calendar: months and years have their own lengths. */
export interface CalendarSpan {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
  /** As it is written: `1y6mo`. */
  readonly text: string;
}

/** Which backups stay: those that at least one of these rules wants. At least one is given. */
export interface Retention {
  /** The last so many. */
  readonly last?: number;
  /** The newest of each of the last so many hours, days, weeks, months or years that have one. */
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
  /** All that are not older than the newest one by more than this. */
  readonly within?: CalendarSpan;
}

const units = ['y', 'mo', 'w', 'd', 'h'] as const;
/** Source of the regular expression of a span; that it is more than zero is checked apart from it. */
const spanPattern = '^(?:[0-9]{1,4}y)?(?:[0-9]{1,4}mo)?(?:[0-9]{1,4}w)?(?:[0-9]{1,5}d)?(?:[0-9]{1,6}h)?$';
const spanForm = 'Write numbers with units, the longest first: y, mo, w, d, h, e.g. 30d or 1y6mo.';

/** `30d`, `1y6mo`: years, months, weeks, days and hours, in this order. */
export function parseSpan(text: string): Checked<CalendarSpan> {
  if (/^[0-9]+$/.test(text)) return bad(`is ${quote(text)}, which has no unit`, `Did you mean "${text}d"?`);
  if (text !== '' && new RegExp(spanPattern).test(text)) {
    const [years, months, weeks, days, hours] = units.map((unit) => Number(new RegExp(`(\\d+)${unit}(?![a-z])`).exec(text)?.[1] ?? 0)) as [number, number, number, number, number];
    if (years + months + weeks + days + hours === 0) return bad(`is ${quote(text)}, which is zero`, 'Give more than zero.');
    return good({ years, months, days: days + 7 * weeks, hours, text });
  }
  if (/^[0-9]{1,4}m$/.test(text)) return bad(`is ${quote(text)}, which could be minutes or months`, `Write "${text}o" for months.`);
  const [, number, word = ''] = /^([0-9]{1,4}) ?([a-z]+)$/i.exec(text) ?? [];
  const meant = units.find((unit) => number !== undefined && word.length > unit.length && word.toLowerCase().startsWith(unit));
  return bad(`is ${quote(text)}, which is not a span of time`, meant === undefined ? spanForm : `Did you mean "${number}${meant}"?`);
}

/** What `30d` and other spans say in one word: all of that time, and some more where backups are rare. */
const inShort = (within: CalendarSpan): Retention => ({ within, last: 5 });
/** Grandfather, father, son. */
const gfs: Retention = { last: 4, daily: 7, weekly: 5, monthly: 12, yearly: 3 };

/** `gfs`, or a span such as `30d`. */
export function parseRetention(text: string): Checked<Retention> {
  if (text === 'gfs') return good(gfs);
  const span = parseSpan(text);
  if (span.ok) return good(inShort(span.value));
  const hint = 'Write 30d or another span (y, mo, w, d, h), gfs, or a map of rules.';
  return { ok: false, faults: span.faults.map((fault) => (fault.hint === spanForm ? { message: `is ${quote(text)}, which is not a retention`, hint } : fault)) };
}

const rules = object({
  last: { description: 'The last so many.', kind: count },
  hourly: { description: 'The newest of each of the last so many hours that have a backup.', kind: count },
  daily: { description: 'The newest of each of the last so many days that have a backup.', kind: count },
  weekly: { description: 'The newest of each of the last so many weeks, from Monday to Sunday, that have a backup.', kind: count },
  monthly: { description: 'The newest of each of the last so many months that have a backup.', kind: count },
  yearly: { description: 'The newest of each of the last so many years that have a backup.', kind: count },
  within: {
    description: 'All that are at most so much older than the newest one: `30d`, `1y6mo`. Months are `mo`.',
    kind: line(parseSpan, { expects: 'a span such as 30d', schema: { pattern: spanPattern } }),
  },
});

const inFull = convert(rules, (value) => (Object.keys(value).length > 0
  ? good<Retention>(value)
  : bad('has no rule, so no backup would stay', 'Give at least one of `last`, `hourly`, `daily`, `weekly`, `monthly`, `yearly` and `within`.')));

/** `30d`, `gfs`, or a map of rules. The meaning is that of restic, in UTC. */
export const retention: Kind<Retention> = shortOr<Retention>(line(parseRetention, { expects: 'a retention such as 30d or gfs', schema: { pattern: `^gfs$|${spanPattern}` } }), inFull);
