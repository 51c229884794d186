import type { Problem } from '../outcome/errors.js';
import { quote, type Checked, type Fault } from './checked.js';
import type { Position } from './node.js';

/** A place in the settings: `input workloads, line 2`, or a path inside the file with its line and column. */
export interface Spot {
  readonly where: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** What came out of reading something: the value unless there were problems. */
export interface Reading<T> {
  readonly value?: T;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export const problemAt = (spot: Spot, { message, hint }: Fault): Problem => ({ ...spot, message, ...(hint === undefined ? {} : { hint }) });
export const wrong = (spot: Spot, ...faults: readonly Fault[]): Reading<never> =>
  ({ problems: faults.map((fault) => problemAt(spot, fault)), warnings: [] });

/** The reading of a text at its place. */
export function readingOf<T>(spot: Spot, checked: Checked<T>): Reading<T> {
  if (!checked.ok) return wrong(spot, ...checked.faults);
  return { value: checked.value, problems: [], warnings: checked.warnings.map((fault) => problemAt(spot, fault)) };
}

/** One reading of many: all values when none had problems. */
export function together<T>(readings: readonly Reading<T>[]): Reading<readonly T[]> {
  const problems = readings.flatMap((reading) => reading.problems);
  const warnings = readings.flatMap((reading) => reading.warnings);
  return problems.length > 0 ? { problems, warnings } : { value: readings.map((reading) => reading.value as T), problems, warnings };
}

/** Goes on with the value when there is one. */
export function then<T, U>(reading: Reading<T>, next: (value: T) => Reading<U>): Reading<U> {
  if (reading.value === undefined) return { problems: reading.problems, warnings: reading.warnings };
  const after = next(reading.value);
  return { ...after, problems: [...reading.problems, ...after.problems], warnings: [...reading.warnings, ...after.warnings] };
}

/** The place of a key or an item under a place. Keys that are not plain words are quoted, as they come from outside. */
export function below(spot: Spot, step: string | number, at: Position): Spot {
  const plain = typeof step === 'number' ? `[${step}]` : /^[\w./-]{1,60}$/.test(step) ? `.${step}` : `.${quote(step)}`;
  return { where: `${spot.where}${plain}`.replace(/^\./, ''), file: spot.file, line: at.line, column: at.column };
}
