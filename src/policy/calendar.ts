import type { Period } from '../config/config.js';

const second = 1000;
const minute = 60 * second;
const day = 24 * 60;
const week = 7 * day;
/** Days from a Sunday to 1 January 1970, which was a Thursday. */
const epochDay = 4;
/** If no time is open within so many minutes, none ever is: the weeks repeat, except for the hour that a clock change skips. */
const horizon = 4 * week;
const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/**
 * Why no rollout is allowed at `now` (ms since 1970), as a sentence without a full stop; undefined when it is allowed. A
 * period follows the local clock of its zone: an hour that a clock change skips does not occur, a repeated one occurs twice.
 */
export function closedReason(now: number, freeze: readonly Period[], windows: readonly Period[]): string | undefined {
  if (isOpen(now, freeze, windows)) return undefined;
  const opening = nextOpening(now, freeze, windows);
  const last = lastFreeze(now, freeze);
  const by = byName(last);
  const never = 'these settings never allow a deployment';
  if (last === undefined) {
    if (opening === undefined) return `${by}, and ${never}`;
    const next = windows.find((period) => isIn(period, opening)) ?? onlyZone;
    return `${by}; the next one is \`${next.text}\`, open from ${moment(opening, next.timeZone)} (in ${span(opening - now)})`;
  }
  const { period, end } = last;
  if (end === undefined || opening === undefined) return `${by}, and ${never}`;
  const until = `${by} until ${moment(end, period.timeZone)} (in ${span(end - now)})`;
  if (opening === end) return until;
  const { timeZone } = windows.find((window) => isIn(window, opening)) ?? period;
  return `${until}; the next open time is ${moment(opening, timeZone)} (in ${span(opening - now)})`;
}

/**
 * The next time after `now` at which no rollout is allowed, as a sentence without a full stop: what closes, from when, until
 * when. Undefined if rollouts are not allowed at `now` already, and if there is none within 4 weeks.
 */
export function nextClosing(now: number, freeze: readonly Period[], windows: readonly Period[]): string | undefined {
  if (!isOpen(now, freeze, windows)) return undefined;
  const start = nextTime(now, [...freeze, ...windows], (at) => !isOpen(at, freeze, windows));
  if (start === undefined) return undefined;
  const last = lastFreeze(start, freeze);
  const { timeZone } = last?.period ?? windows[0] ?? onlyZone;
  const end = nextOpening(start, freeze, windows);
  return `${byName(last)} from ${moment(start, timeZone)} (in ${span(start - now)})${end === undefined ? ' on' : ` until ${moment(end, timeZone)}`}`;
}

/** The first part of that reason, which does not change while it lasts. */
export const closedBy = (now: number, freeze: readonly Period[], windows: readonly Period[]): string | undefined =>
  isOpen(now, freeze, windows) ? undefined : byName(lastFreeze(now, freeze));

const byName = (last: { readonly period: Period } | undefined): string => (last ? `frozen by \`${last.period.text}\`` : 'outside every window');

/** Of the active freezes, the one that ends last, with its end; undefined if none is active. */
function lastFreeze(now: number, freeze: readonly Period[]): { readonly period: Period; readonly end: number | undefined } | undefined {
  const frozen = freeze.filter((period) => isIn(period, now)).map((period) => ({ period, end: nextTime(now, [period], (at) => !isIn(period, at)) }));
  return frozen.sort((a, b) => (b.end ?? Infinity) - (a.end ?? Infinity))[0];
}

const onlyZone = { text: '', timeZone: 'UTC' };

/** The first ms from `now` on at which a rollout is allowed; undefined if there is none within 4 weeks. */
export function nextOpening(now: number, freeze: readonly Period[], windows: readonly Period[]): number | undefined {
  const open = (at: number): boolean => isOpen(at, freeze, windows);
  return open(now) ? now : nextTime(now, [...freeze, ...windows], open);
}

const isOpen = (at: number, freeze: readonly Period[], windows: readonly Period[]): boolean =>
  !freeze.some((period) => isIn(period, at)) && (windows.length === 0 || windows.some((period) => isIn(period, at)));

/** The first moment after `now` at which one of these periods starts or ends, or a clock changes, and the condition is true. */
function nextTime(now: number, periods: readonly Period[], holds: (at: number) => boolean): number | undefined {
  let at = now;
  while (periods.length > 0 && at < now + horizon * minute) {
    at = Math.min(...periods.map((period) => nextMark(period, at)));
    if (holds(at)) return at;
  }
  return undefined;
}

function isIn(period: Period, at: number): boolean {
  const here = minuteOfWeek(at, period.timeZone);
  return starts(period).some((start) => modulo(here - start, week) < lengthOf(period));
}

/** Minutes since Sunday 00:00 at which it starts; those of its last days may be in the next week. */
const starts = ({ fromMinute, days = 1 }: Period): readonly number[] => Array.from({ length: days }, (_, index) => fromMinute + index * day);
const lengthOf = ({ fromMinute, toMinute }: Period): number => modulo(toMinute - fromMinute, week) || week;

/** The next moment at which the period may start or end: one of its own times, or a clock change in its zone. */
function nextMark(period: Period, at: number): number {
  const { timeZone } = period;
  const here = minuteOfWeek(at, timeZone);
  const marks = starts(period).flatMap((start) => [start, start + lengthOf(period)]);
  const ahead = Math.min(...marks.map((mark) => modulo(mark - here, week) || week));
  const offset = offsetOf(at, timeZone);
  const next = at - modulo(at + offset, minute) + ahead * minute;
  return offsetOf(next, timeZone) === offset ? next : clockChange(at, next, timeZone);
}

/** The first ms after `from` with the UTC offset of `to`, which is a different one. No zone changes twice within a week. */
function clockChange(from: number, to: number, timeZone: string): number {
  const before = offsetOf(from, timeZone);
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetOf(middle, timeZone) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** What the clocks of the place show, as minutes since Sunday 00:00. */
const minuteOfWeek = (at: number, timeZone: string): number =>
  modulo(Math.floor((at + offsetOf(at, timeZone)) / minute) + epochDay * day, week);

const formats = new Map<string, Intl.DateTimeFormat>();

/** How far the clocks of the place are ahead of UTC, ms. */
function offsetOf(at: number, timeZone: string): number {
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  formats.set(timeZone, format);
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(format.format(at)) ?? [];
  return (sign === '-' ? -1 : 1) * ((Number(hours) * 60 + Number(minutes)) * minute + Number(seconds) * second);
}

/** `Monday 08:00 Europe/Paris`. */
function moment(at: number, timeZone: string): string {
  const here = minuteOfWeek(at, timeZone);
  const two = (count: number): string => String(count).padStart(2, '0');
  return `${dayNames[Math.floor(here / day)]} ${two(Math.floor(here / 60) % 24)}:${two(here % 60)} ${timeZone}`;
}

/** `14 h 20 min`, `3 d 2 h`: rounded up to minutes, and from a day on without them. */
function span(ms: number): string {
  const minutes = Math.ceil(ms / minute);
  const [days, hours, rest] = [Math.floor(minutes / day), Math.floor(minutes / 60) % 24, minutes % 60];
  const parts = [days && `${days} d`, hours && `${hours} h`, days === 0 && rest && `${rest} min`];
  return parts.filter(Boolean).join(' ') || '0 min';
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by;
