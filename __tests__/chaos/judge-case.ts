import { pause } from '../e2e/harness/environment.js';
import { allowed, type Allowed } from './expected.js';
import {
  differences as differencesOf, falsehoods, imagesIn, isTaking, look, nameOfTruth, objectsNotAs, sameGenerations, type Expected, type OthersChange,
  type Seen, type Truth,
} from './oracle.js';
import { followerOf, type Case } from './plan.js';
import { releases } from './release.js';
import { runNext, type Brought, type Ran, type Run } from './run-case.js';
import { appName, lookFor, mend, type Stand } from './stand.js';
import { endingOf, inconsistencies, type Ended } from './verdict.js';

/** A run, what it said, and what was true. */
export interface Judged {
  readonly label: string;
  readonly said: string;
  readonly verdict: string;
  readonly cause: string;
  readonly truth: string;
  readonly wrong: readonly string[];
}

export interface JudgedCase {
  readonly judged: readonly Judged[];
  readonly runs: readonly Run[];
  readonly hit: boolean;
  /** What the app answers now; undefined when it is not in a state from which one can go on. */
  readonly version: string | undefined;
  readonly now: Seen;
}

const unfinished = ({ phase }: Seen): boolean => ['in-progress', 'interrupted', 'restoring'].includes(phase ?? '');
const taken = (others: readonly OthersChange[]): boolean => others.some(({ change }) => isTaking(change));

/** Compares what the runs of a case said with what is true, and has the next run finish what a dead one left. */
export async function judgeCase(stand: Stand, given: Case, before: Seen, ran: Ran): Promise<JudgedCase> {
  const [first] = ran.runs;
  if (!first) throw new Error('a case without a run');
  if (given.fault.type === 'another run') return judgeTwo(stand, given, before, ran);
  const { judged, now, truth } = await judgeRun(stand, ran, first, allowed(given, ran.hit), oldState(stand, before, ran));
  const mayBeLeft = ran.hit && (given.fault.type === 'runner gone' || given.fault.type === 'api');
  const mustGoOn = unfinished(now) || (ran.hit && given.fault.type === 'runner gone');
  if (mustGoOn && mayBeLeft) return judgeNext(stand, given, before, ran, { first, judged, now, truth });
  const wrong = [...judged.wrong, ...await halfStates(stand, given, before, now, ran)];
  const goesOn = wrong.length === 0 && !taken(ran.others) && truth !== 'neither';
  const version = goesOn ? (isNew(truth) ? first.brings?.version : stand.version) : undefined;
  return { judged: [{ ...judged, wrong }], runs: ran.runs, hit: ran.hit, version, now };
}

const isNew = (truth: string): boolean => truth === 'new version' || truth === 'the same';

/** Everything set to this reference. */
function imagesWith(before: Seen, reference: string): Expected['images'] {
  const all = (images: object): Record<string, string> => Object.fromEntries(Object.keys(images).map((container) => [container, reference]));
  return Object.fromEntries(Object.entries(imagesIn(before)).map(([ref, images]) => [ref, all(images)]));
}

const stateWith = (before: Seen, brings: Brought, others: readonly OthersChange[]): Expected =>
  ({ before, images: imagesWith(before, brings.reference), version: brings.version, others });

/** As it was before the case. */
const oldState = (stand: Stand, before: Seen, { others }: Ran): Expected => ({ before, images: imagesIn(before), version: stand.version, others });

interface JudgedRun {
  readonly judged: Judged;
  readonly now: Seen;
  readonly truth: string;
}

/** @param base what a rollback goes back to */
async function judgeRun(stand: Stand, ran: Ran, run: Run, may: Allowed, base: Expected): Promise<JudgedRun> {
  const { before } = base;
  const ended = endingOf(run.result);
  const wanted = ended.verdict === 'deployed' && run.brings ? stateWith(before, run.brings, ran.others) : base;
  // What others do at the last moment takes its time after the run; a verdict that something is not well is looked at as it is.
  const disturbed = ran.hit && ended.verdict !== 'rollback-failed';
  const { seen } = await lookFor(stand, wanted, disturbed ? 20_000 : 0);
  const truth: Truth = {
    asNew: run.brings && differencesOf(stateWith(before, run.brings, ran.others), seen), asOld: differencesOf(base, seen),
    untouched: sameGenerations(before, seen), others: ran.others,
  };
  const gone = run.result.post === undefined && run.result.signal === 'SIGKILL';
  const wrong = [
    // Nobody has finished a run whose runner is gone, so that there is nothing yet to be true or false.
    ...(gone ? [] : falsehoods(ended.verdict, truth)),
    ...notAllowed(ended, may),
    ...goneBack(run, ended, ran.hit),
    ...inconsistencies(run.result),
    ...strayFiles(run),
    ...(releases[run.release].kept && ended.verdict === 'rollback-failed' ? notKept(base, run, seen) : []),
  ];
  return { judged: { label: run.label, ...ended, verdict: gone ? 'killed' : ended.verdict, truth: nameOfTruth(truth), wrong }, now: seen, truth: nameOfTruth(truth) };
}

/** Where there is a release to go back to, it is gone back to; where there is none, nothing else is. */
function goneBack({ release, brings }: Run, { verdict }: Ended, disturbed: boolean): string[] {
  if (!releases[release].back || disturbed || (verdict === 'deployed') === (brings !== undefined)) return [];
  return [brings ? `there was ${brings.reference} to go back to` : 'there was nothing to go back to'];
}

const strayFiles = ({ left }: Run): string[] => (left.length > 0 ? [`files were left in the repository: ${left.join(', ')}`] : []);

/** What was not to be put back has to be there as it was set, and nothing else. */
const notKept = ({ before, others }: Expected, { sets = '' }: Run, seen: Seen): string[] =>
  objectsNotAs({ before, images: imagesWith(before, sets), version: '', others }, seen).map((each) => `to be left as it was set: ${each}`);

const notAllowed = ({ verdict, cause }: Ended, may: Allowed): string[] => [
  ...(may.verdicts.includes(verdict) ? [] : [`${verdict} is not among ${may.verdicts.join(', ')}`]),
  ...(cause === '' || may.causes.length === 0 || may.causes.includes(cause) ? [] : [`cause ${cause} is not among ${may.causes.join(', ')}`]),
];

/** Lease and ledger after the end of everything. */
async function halfStates(stand: Stand, given: Case, before: Seen, now: Seen, ran: Ran): Promise<string[]> {
  const found = unfinished(now) ? [`the ledger says ${now.phase}, and nobody is there who goes on`] : [];
  // What a run of an earlier case left to expire is not this one's.
  if (now.holder === '' || now.holder === before.holder) return found;
  const mayExpire = ran.hit && ['api', 'kill', 'runner gone', 'cancel'].includes(given.fault.type);
  if (!mayExpire) return [...found, `the Lease was not given up by ${now.holder}`];
  await pause(7000);
  const later = await look(stand.space.name, appName);
  // Nobody renews it: it expires by itself.
  return later.holder === now.holder && later.holderSilentMs < 6000 ? [...found, `the Lease is still renewed by ${now.holder}`] : found;
}

interface Died extends JudgedRun {
  readonly first: Run;
}

/** A version that only lacked what is back by the time of the next run may come up while that looks at it. */
const isBadByItself = ({ good, after }: (typeof releases)[keyof typeof releases]): boolean => good === false && after === undefined;

/** The workloads with the progress deadlines that they have now: a release that needed one of its own has given it back. */
const withDeadlines = (before: Seen, now: Seen): Seen => ({
  ...before,
  workloads: Object.fromEntries(Object.entries(before.workloads).map(([ref, was]) => {
    const seconds: unknown = now.workloads[ref]?.spec.progressDeadlineSeconds;
    return [ref, seconds === undefined ? was : { ...was, spec: { ...was.spec, progressDeadlineSeconds: seconds } }];
  })),
});

/** A dead run: the next one finishes it first. */
async function judgeNext(stand: Stand, given: Case, begun: Seen, ran: Ran, { first, judged, now, truth }: Died): Promise<JudgedCase> {
  const follower = followerOf(stand.shape, given.fault);
  await mend(stand, given.release);
  const before = withDeadlines(begun, await look(stand.space.name, appName));
  const next = await runNext(stand, now, given, follower);
  const recovery: string | undefined = next.result.report?.recovery?.result;
  const confirmed = recovery === 'confirmed' || (recovery === undefined && isNew(truth));
  const base = confirmed && first.brings ? stateWith(before, first.brings, ran.others) : oldState(stand, before, ran);
  const after = await judgeRun(stand, { ...ran, hit: false }, next, releases[follower], base);
  const wrong = [
    ...after.judged.wrong, ...await halfStates(stand, given, before, after.now, { ...ran, hit: false }),
    ...(unfinished(now) && recovery === undefined ? [`the run before died at ${now.phase}, and the next one did not say how it finished it`] : []),
    ...(recovery === 'confirmed' && isBadByItself(releases[first.release]) ? ['a bad release was confirmed'] : []),
    ...(recovery === 'failed' ? ['what the dead run left could not be finished'] : []),
  ];
  const version = wrong.length > 0 ? undefined : follower === 'good' ? next.brings?.version : base.version;
  const said = `${after.judged.said}${recovery ? ` (${recovery} first)` : ''}`;
  return { judged: [judged, { ...after.judged, said, wrong }], runs: [first, next], hit: ran.hit, version, now: after.now };
}

/** Two runs at once: each as if it were alone, one after the other, and the last one that deployed is there. */
async function judgeTwo(stand: Stand, given: Case, before: Seen, ran: Ran): Promise<JudgedCase> {
  const inOrder = [...ran.runs].sort((a, b) => a.endedAt - b.endedAt);
  let state: Expected = { before, images: imagesIn(before), version: stand.version, others: [] };
  const judged: Judged[] = [];
  for (const run of inOrder) {
    const ended = endingOf(run.result);
    const may = run === ran.runs[0] ? allowed(given, false) : mayEnd(run, given);
    if (ended.verdict === 'deployed' && run.brings) state = stateWith(before, run.brings, []);
    const wrong = [...notAllowed(ended, may), ...inconsistencies(run.result), ...strayFiles(run)];
    judged.push({ label: run.label, ...ended, truth: run === inOrder.at(-1) ? '' : 'in between', wrong });
  }
  const { seen, why } = await lookFor(stand, state, 0);
  const last = judged.pop();
  if (!last) throw new Error('a case without a run');
  const wrong = [...last.wrong, ...why, ...await halfStates(stand, given, before, seen, { ...ran, hit: false })];
  const truth = why.length > 0 ? 'neither' : state.version === stand.version ? 'as before' : last.verdict === 'deployed' ? 'new version' : 'as before';
  return { judged: [...judged, { ...last, truth, wrong }], runs: inOrder, hit: true, version: wrong.length === 0 ? state.version : undefined, now: seen };
}

/** One that does not wait may find the other at work. */
function mayEnd({ release }: Run, { fault }: Case): Allowed {
  const own = releases[release];
  return fault.type === 'another run' && !fault.waits ? { verdicts: [...own.verdicts, 'failed'], causes: [...own.causes, 'locked'] } : own;
}
