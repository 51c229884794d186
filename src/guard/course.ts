import type { Assessment } from './assessment.js';

/* The looks of one guard, in order, and what they come to. */

/** Many looks without an answer of the source, in a row, and nothing is known of the version any more. */
const awayInRow = 5;

export interface CourseRule {
  /** So many failed looks in a row are a breach. */
  readonly failures: number;
}

/** What the looks so far come to. */
export interface Course {
  readonly looks: number;
  /** Failed looks in a row by now. */
  readonly failing: number;
  /** Looks in a row by now in which the source did not answer. */
  readonly away: number;
  readonly passed: number;
  readonly warned: boolean;
  readonly breached: boolean;
  /** The last look that said something about the version. */
  readonly last?: Exclude<Assessment, { readonly state: 'unknown' | 'away' }>;
  /** The last that did not. */
  readonly unknown?: Extract<Assessment, { readonly state: 'unknown' | 'away' }>;
}

export const noLooks: Course = { looks: 0, failing: 0, away: 0, passed: 0, warned: false, breached: false };

/** A look that says nothing neither counts nor interrupts a row. */
export function followed(course: Course, look: Assessment, { failures }: CourseRule): Course {
  const next = { ...course, looks: course.looks + 1, away: look.state === 'away' ? course.away + 1 : 0 };
  switch (look.state) {
    case 'away': case 'unknown': return { ...next, unknown: look };
    case 'pass': return { ...next, failing: 0, passed: course.passed + 1, warned: course.warned || look.warns === true, last: look };
    case 'fail': case 'abort': {
      const failing = course.failing + 1;
      return { ...next, failing, breached: course.breached || look.state === 'abort' || failing >= failures, last: look };
    }
  }
}

/** Whether the source has been away for so long that the watch should last longer. */
export const isAway = ({ away }: Course): boolean => away >= awayInRow;

/** What a guard has shown at the end of a watch. */
export interface Concluded {
  readonly result: 'held' | 'breached' | 'unproven';
  /** What was counted or measured; '' for nothing. */
  readonly words: string;
  /** Of `unproven`. */
  readonly why?: string;
  readonly warned: boolean;
}

/**
 * @param whole of the whole watch: few requests prove nothing in one minute, but they may in five. For a guard that counts
 */
export function concluded(course: Course, whole: Assessment | undefined, { failures }: CourseRule): Concluded {
  const { last, unknown, warned } = course;
  const of = (result: Concluded['result'], { words = '' }: { readonly words?: string } = {}, why?: string): Concluded => ({ result, words, warned, ...why !== undefined && { why } });
  if (course.breached) return of('breached', last);
  if (isAway(course) && unknown) return of('unproven', last, unknown.why);
  if (last?.state === 'pass') return of('held', last);
  if (last) return of('unproven', last, `it failed in the last ${course.failing === 1 ? 'look' : `${course.failing} looks`}, and ${failures} in a row would be a breach`);
  const final = whole ?? unknown;
  if (!final) return of('unproven', undefined, 'there was no time for a look');
  if (final.state === 'pass') return of('held', final);
  return 'why' in final ? of('unproven', final, final.why) : of('breached', final);
}
