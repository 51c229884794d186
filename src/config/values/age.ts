import { bad, good, quote, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';

const hour = 3_600_000;
const units: Readonly<Record<string, number>> = { m: hour / 60, h: hour, d: 24 * hour, w: 7 * 24 * hour };
const agePattern = '^[0-9]{1,4}[mhdw]$';

/** How old something is allowed to be, in ms: `15m`, `6h`, `30d`, `4w`. More than 0. */
export function parseAge(text: string): Checked<number> {
  const form = 'Write a number with a unit, e.g. 15m, 6h or 30d.';
  if (!new RegExp(agePattern).test(text)) return bad(`is ${quote(text)}, which is not an age`, form);
  const ms = Number(text.slice(0, -1)) * (units[text.slice(-1)] ?? 0);
  return ms > 0 ? good(ms) : bad(`is ${quote(text)}, which is zero`, 'Give more than zero.');
}

export const age = line(parseAge, { expects: 'an age such as 6h', schema: { pattern: agePattern } });
