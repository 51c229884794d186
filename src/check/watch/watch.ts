import type { WatchConfig } from '../../config/config.js';
import { concluded, followed, isAway, noLooks, type Course, type CourseRule } from '../../guard/course.js';
import type { Assessment } from '../../guard/assessment.js';
import { RolloutError, type Evidence } from '../../outcome/errors.js';
import type { GuardReport, WatchReport } from '../../outcome/watch.js';
import type { Ports } from '../../ports/ports.js';

/** A limit that a version must keep while it is watched. */
export interface Guard extends CourseRule {
  readonly name: string;
  /** One look. @throws what `signal` aborts with */
  look(signal: AbortSignal): Promise<Assessment>;
}

/** What the guards have shown, and for how long, ms. */
export type Guarded = Omit<WatchReport, 'healthy'>;

/** What one guard said at one look, for the evidence. */
interface Said { readonly atMs: number; readonly name: string; readonly said: string }

/**
 * Looks at all guards in turns until the time is over. If the source of one does not answer, the time is lengthened once by itself.
 * @throws RolloutError guard-breached, with the looks as evidence; what `signal` aborts with
 */
export async function watchGuards(ports: Pick<Ports, 'clock' | 'log'>, guards: readonly Guard[], time: Pick<WatchConfig, 'forMs' | 'intervalMs'>, signal: AbortSignal): Promise<Guarded> {
  const { clock, log } = ports;
  const startedAt = clock.monotonic();
  let endsAt = startedAt + time.forMs;
  let courses: ReadonlyMap<Guard, Course> = new Map(guards.map((guard) => [guard, noLooks]));
  const said: Said[] = [];
  for (let nextAt = startedAt + time.intervalMs; ;) {
    await clock.sleep(Math.max(0, Math.min(nextAt, endsAt) - clock.monotonic()), signal);
    // A look that takes longer than the interval is not made up for: several at once would be a row of failures in one moment.
    nextAt = clock.monotonic() + time.intervalMs;
    const atMs = Math.round(clock.monotonic() - startedAt);
    const looks = await Promise.all(guards.map(async (guard) => [guard, await guard.look(signal)] as const));
    courses = new Map(looks.map(([guard, look]) => [guard, followed(courses.get(guard) ?? noLooks, look, guard)]));
    for (const [{ name }, look] of looks) {
      said.push({ atMs, name, said: `${look.state}: ${wordsOf(look)}` });
      log.progress('watch', name, wordsOf(look));
    }
    const breached = looks.filter(([guard]) => courses.get(guard)?.breached);
    if (breached.length > 0) throw breach(breached.map(([{ name }, look]) => `Guard ${name} was breached: ${wordsOf(look)}.`), said);
    if (clock.monotonic() < endsAt) continue;
    const isLengthened = endsAt > startedAt + time.forMs;
    if (isLengthened || ![...courses.values()].some(isAway)) break;
    log.warning('The source of a guard does not answer: the watch is lengthened once.');
    endsAt += time.forMs;
  }
  return { ms: Math.round(clock.monotonic() - startedAt), guards: [...courses].map(([guard, course]) => reportOf(guard, course)) };
}

const reportOf = (guard: Guard, course: Course): GuardReport => ({ name: guard.name, looks: course.looks, ...concluded(course, undefined, guard) });

const wordsOf = (look: Assessment): string => ('why' in look ? look.why : look.words);

function breach(sentences: readonly string[], said: readonly Said[]): RolloutError {
  const text = said.slice(-60).map(({ atMs, name, said: words }) => `${String(Math.round(atMs / 1000)).padStart(5)} s  ${name.padEnd(8)} ${words}`).join('\n');
  const evidence: Evidence = { title: 'What the guards saw', text };
  return new RolloutError('guard-breached', sentences.join(' '), { stage: 'watch', evidence: [evidence] });
}
