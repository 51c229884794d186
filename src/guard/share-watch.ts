import { assessShare, type Assessment, type ShareLimit } from './assessment.js';
import { since, type PodCounts } from './counting.js';
import { noRequests, sum, type Tally } from './requests.js';

/** The requests of the last minute decide: what was wrong at first and is right now is no reason to go back. */
const windowMs = 60_000;

/** What was counted at one look. */
export interface Look {
  /** ms */
  readonly at: number;
  /** Undefined: there are none, or it cannot be known. */
  readonly ours: readonly PodCounts[];
  readonly theirs: readonly PodCounts[];
}

interface Interval { readonly at: number; readonly ours: Tally; readonly theirs: Tally | undefined }

/** What is known of the counters of both versions by now. */
export interface ShareCourse {
  readonly pods: ReadonlyMap<string, PodCounts>;
  readonly startedAt?: number;
  /** The newest last. */
  readonly intervals: readonly Interval[];
  readonly whole: Interval | undefined;
}
export const nothingCounted: ShareCourse = { pods: new Map(), intervals: [], whole: undefined };

export interface Counting {
  readonly course: ShareCourse;
  readonly assessment: Assessment;
}

/**
 * One look at the counters of all pods.
 * @param isNew whether a pod was created since the first look
 * @param ourOwn requests that probes and checks have sent to the new pods since the first look, if they are among those counted
 */
export function counted(course: ShareCourse, { at, ours, theirs }: Look, limit: ShareLimit, isNew: (pod: string) => boolean): Counting {
  const compare = (pods: readonly PodCounts[]): ReturnType<typeof grown> => grown(course, pods, isNew);
  const [our, their] = [compare(ours), theirs.length > 0 ? compare(theirs) : undefined];
  const pods = new Map([...course.pods, ...[...ours, ...theirs].map((each) => [each.pod, each] as const)]);
  if (our === 'backwards') {
    return { course: { ...course, pods }, assessment: { state: 'unknown', why: 'counters of a pod go backwards without a restart: several processes in it count for themselves' } };
  }
  const interval: Interval = { at, ours: our, theirs: their === 'backwards' ? undefined : their };
  const intervals = [...course.intervals.filter((each) => each.at > at - windowMs), interval];
  const whole = together([...course.whole ? [course.whole] : [], interval]);
  const { ours: oursNow, theirs: theirsNow } = together(intervals);
  return { course: { pods, intervals, whole }, assessment: assessShare(limit, oursNow, theirsNow) };
}

/** Of the whole watch. */
export const assessWhole = ({ whole }: ShareCourse, limit: ShareLimit): Assessment | undefined => whole && assessShare(limit, whole.ours, whole.theirs);

function grown({ pods }: ShareCourse, now: readonly PodCounts[], isNew: (pod: string) => boolean): Tally | 'backwards' {
  let all = noRequests;
  for (const each of now) {
    const seen = since(pods.get(each.pod), each, isNew(each.pod));
    if (seen.state === 'backwards') return 'backwards';
    if (seen.state === 'counted') all = sum(all, seen.since);
  }
  return all;
}

const together = (intervals: readonly Interval[]): Interval => intervals.reduce((a, b) => ({
  at: b.at, ours: sum(a.ours, b.ours), theirs: a.theirs && b.theirs ? sum(a.theirs, b.theirs) : undefined,
}));
