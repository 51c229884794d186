import { unicode } from '../../outcome/unicode.js';
import { bad, good, quote, type Checked, type Fault } from '../kit/checked.js';
import { suggestion } from '../kit/did-you-mean.js';
import { timeZoneFault } from './time-zones.js';
import { line } from '../kit/text.js';
import { repeated } from '../kit/faults.js';
import { list } from '../kit/list.js';

/** A part of every week or of its days, in a time zone: `Fri 16:00 – Mon 08:00 Europe/Paris`, `Mon–Fri 09:00–17:00 UTC`. */
export interface Period {
  /** As the user wrote it, for messages. */
  readonly text: string;
  /** Minutes since Sunday 00:00; a period may reach over the end of the week. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** It comes on so many days in a row, the first of which is that of `fromMinute`; 7: every day. Undefined: on one. */
  readonly days?: number;
  /** IANA name. */
  readonly timeZone: string;
}

const dayMinutes = 24 * 60;
const weekMinutes = 7 * dayMinutes;
const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const form = 'Write DAY TIME – DAY TIME ZONE, DAY TIME–TIME ZONE, DAY–DAY TIME–TIME ZONE or TIME–TIME ZONE, e.g. Fri 16:00 – Mon 08:00 Europe/Paris.';

/** The ways to write a period as sequences of days, times and dashes; each gives the places of its days and times. */
const shapes: Readonly<Record<string, { readonly days: readonly number[]; readonly times: readonly [number, number]; readonly repeats: boolean }>> = {
  'd t - d t': { days: [0, 3], times: [1, 4], repeats: false },
  'd t - t': { days: [0], times: [1, 3], repeats: false },
  'd - d t - t': { days: [0, 2], times: [3, 5], repeats: true },
  't - t': { days: [], times: [0, 2], repeats: true },
};

/**
 * A period of every week or of some of its days. One that ends before it starts continues into the next day or week. Days are
 * in English, in full or in three letters; any dash is accepted; the time zone is one of IANA's.
 */
export function parsePeriod(text: string): Checked<Period> {
  const plain = text.replace(/\s+/g, ' ').trim();
  if (shapeOf(plain)) return bad(`has ${quote(plain)}, which names no time zone`, 'Add one at its end, e.g. Europe/Paris or UTC.');
  const [, body = '', timeZone = ''] = /^(.*) (\S+)$/.exec(plain) ?? [];
  const shape = shapeOf(body);
  if (shape === undefined) return bad(`has ${quote(plain)}, which is not a period`, form);
  const words = wordsOf(body);
  const at = (index: number): string => words[index] ?? '';
  const [from, to] = shape.times.map(at) as [string, string];
  const days = shape.days.map((index) => dayOf(at(index)));
  const faults = [
    ...shape.days.map((index) => dayFault(at(index))), timeFault(from, false), timeFault(to, true), timeZoneFault(timeZone),
  ].filter((fault) => fault !== undefined);
  if (faults.length > 0) return { ok: false, faults };
  const [first = 0, last = first] = days;
  const fromMinute = first * dayMinutes + minuteOf(from);
  const ends = (shape.repeats ? first : last) * dayMinutes + minuteOf(to);
  // It could mean no time or all of it.
  if ((ends - fromMinute) % weekMinutes === 0) return bad(`has ${quote(plain)}, which starts and ends at the same time`, 'Whole days are written 00:00–24:00.');
  const nextDay = ends < fromMinute && (shape.repeats || shape.days.length < 2) ? ends + dayMinutes : ends;
  const count = shape.days.length === 0 ? 7 : (last - first + 7) % 7 + 1;
  return good({ text: plain, fromMinute, toMinute: nextDay % weekMinutes, ...(shape.repeats ? { days: count } : {}), timeZone });
}

const dash = unicode('^[\\p{Pd}\\u2212]', 'u');
const words = unicode('[\\p{Pd}\\u2212]|[^\\s\\p{Pd}\\u2212]+', 'gu');

/** Days, times and dashes. Every dash of Unicode counts, and the minus sign. */
const wordsOf = (text: string): readonly string[] => text.match(words()) ?? [];

function shapeOf(text: string) {
  const key = wordsOf(text).map((word) => (dash().test(word) ? '-' : /^[0-9]/.test(word) ? 't' : 'd')).join(' ');
  return Object.hasOwn(shapes, key) ? shapes[key] : undefined;
}

/** 0 for Sunday; -1 when it is no day. */
const dayOf = (word: string): number =>
  dayNames.findIndex((name) => [name, name.slice(0, 3)].some((known) => known.toLowerCase() === word.toLowerCase()));

function dayFault(word: string): Fault | undefined {
  if (dayOf(word) >= 0) return undefined;
  const known = [...dayNames, ...dayNames.map((name) => name.slice(0, 3))];
  return { message: `has the day ${quote(word)}, which is not a day of the week`, hint: suggestion(word, known, 'Days are Mon, Tue, Wed, Thu, Fri, Sat and Sun.') };
}

/** Minutes since midnight. */
function minuteOf(word: string): number {
  const [hours = '0', minutes = '0'] = word.split(':');
  return Number(hours) * 60 + Number(minutes);
}

function timeFault(word: string, isEnd: boolean): Fault | undefined {
  if (/^(?:[01]?[0-9]|2[0-3]):[0-5][0-9]$/.test(word) || (isEnd && word === '24:00')) return undefined;
  if (word === '24:00') return { message: 'starts at "24:00"', hint: 'Write 00:00 of the next day.' };
  return { message: `has the time ${quote(word)}, which is not a time of day`, hint: 'Write hours from 0 to 23 and two digits of minutes, e.g. 16:00; a period can end at 24:00.' };
}

export const periods = list(line(parsePeriod, { expects: 'a period such as Fri 16:00 – Mon 08:00 Europe/Paris' }), {
  expects: 'a list of periods', mayBeEmpty: true, check: repeated(({ text }) => text),
});
