import { bad, good, quote, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';

const second = 1000;
const units: Readonly<Record<string, number>> = { ms: 1, s: second, m: 60 * second, h: 3600 * second };
const longest = 24 * 3600 * second;
/** Source of the regular expression of a duration; the range is checked apart from it. */
export const durationPattern = '^(?:[0-9]{1,9}(?:\\.[0-9]{1,3})?(?:ms|s|m|h))+$';
const form = 'Write a number with a unit, e.g. 90s, 10m or 1h30m.';

/** A duration in ms, written as Go and kubectl write it: `500ms`, `90s`, `10m`, `1h30m`. More than 0 and at most 24 hours. */
export const parseDuration = (text: string): Checked<number> => parse(text, 1);

/** The same, with `0s` allowed: do not wait. */
export const parseDurationOrZero = (text: string): Checked<number> => parse(text, 0);

function parse(text: string, least: number): Checked<number> {
  if (/^-/.test(text)) return bad(`is ${quote(text)}, and a duration cannot be negative`, form);
  if (/^[0-9]+(\.[0-9]+)?$/.test(text)) return bad(`is ${quote(text)}, which has no unit`, `Did you mean "${text}s" or "${text}m"?`);
  const days = /^([0-9]{1,3})d$/.exec(text)?.[1];
  if (days !== undefined) return bad(`is ${quote(text)}, and days are not a unit`, `Write hours: "${Number(days) * 24}h".`);
  if (!new RegExp(durationPattern).test(text)) return bad(`is ${quote(text)}, which is not a duration`, form);
  const total = [...text.matchAll(/(?<![0-9.])([0-9.]+)(ms|s|m|h)/g)]
    .reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0), 0);
  const ms = Math.round(total);
  if (ms < least) return bad(`is ${quote(text)}, which is zero`, 'Give more than zero.');
  if (ms > longest) return bad(`is ${quote(text)}, which is longer than 24 hours`, 'Give at most 24h.');
  return good(ms);
}

/** `1h30m`, `90s`, `500ms`: the shortest text that parses to the same number of ms. */
export function formatDuration(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = Math.floor(ms / second) % 60;
  const rest = ms % second;
  const parts = [hours && `${hours}h`, minutes && `${minutes}m`, seconds && `${seconds}s`, rest && `${rest}ms`];
  return parts.filter(Boolean).join('') || '0s';
}

const options = { expects: 'a duration such as 10m', schema: { pattern: durationPattern } };
export const duration = line(parseDuration, options);
export const durationOrZero = line(parseDurationOrZero, options);
