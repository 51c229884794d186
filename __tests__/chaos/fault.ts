import type { Choices } from './random.js';

/** When something is done: so long after the first line of the log that looks like this. */
export interface Moment {
  readonly name: string;
  readonly line: RegExp;
  readonly afterMs: number;
}

const lines: Readonly<Record<string, RegExp>> = {
  start: /./, change: / set image /, wave: /first pods pass the smoke checks/, rolledOut: /rolled out in /, undo: /^rollback +[^\s/]+\/\S+ /,
};

function moment(name: string, afterMs: number): Moment {
  return { name: `${name}+${afterMs}ms`, line: lines[name] ?? /./, afterMs };
}

/** Somewhere in the run: most often in the middle of the rollout, or of the rollback that a bad release needs. */
const anyMoment = (choices: Choices, good: boolean): Moment => choices.weighted<() => Moment>([
  [2, () => moment('start', choices.whole(0, 1500))],
  [2, () => moment('change', choices.pick([0, 5, 20, 60, 100]))],
  [5, () => moment('change', choices.whole(100, 5000))],
  [1, () => moment('wave', choices.whole(0, 200))],
  [1, () => moment('rolledOut', choices.whole(0, 500))],
  [good ? 0 : 3, () => moment('undo', choices.whole(0, 1500))],
])();

/** Soon after the images were set, while the rollout is certainly not over when it is a slow one. */
const earlyMoment = (choices: Choices): Moment => moment('change', choices.whole(400, 1800));

export type ApiTrouble = 'outage' | 'watches cut' | 'all cut' | '401' | '403' | '500' | '503' | '429' | 'web page' | '410 for watches' | 'slow' | 'answers cut' | 'no answers';
export type OtherChange = 'other image' | 'scale' | 'annotation' | 'restart' | 'pause' | 'delete' | 'pod deleted' | 'Service turned away';
export type RegistryTrouble = '500' | '503' | '429' | 'slow';

/** What goes wrong besides the release. */
export type Fault =
  | { readonly type: 'none' }
  /** As a person cancels: SIGINT, later SIGTERM, later the end. */
  | { readonly type: 'cancel' | 'SIGTERM' | 'SIGINT twice'; readonly moment: Moment }
  /** kill -9 of the step and all that it has started, or of its own process alone; the post step follows. */
  | { readonly type: 'kill'; readonly alone: boolean; readonly moment: Moment }
  /** kill -9, and no post step: only the next run can finish. */
  | { readonly type: 'runner gone'; readonly moment: Moment; readonly next: 'good' | 'crash' }
  | { readonly type: 'api'; readonly trouble: ApiTrouble; readonly moment: Moment; readonly ms: number; readonly times: number }
  | { readonly type: 'other'; readonly change: OtherChange; readonly moment: Moment }
  /** The registry, for the runner and for the nodes. */
  | { readonly type: 'registry'; readonly trouble: RegistryTrouble; readonly moment: Moment; readonly ms: number }
  /** The clock of the runner is set, so long after a step has begun. */
  | { readonly type: 'clock'; readonly bySeconds: number; readonly afterMs: number }
  /** A second run of the same app, which waits for the first, or does not. */
  | { readonly type: 'another run'; readonly afterMs: number; readonly release: 'good' | 'crash'; readonly waits: boolean };

/** @param good whether the release is to stay */
export function chooseFault(choices: Choices, good: boolean): Fault {
  return choices.weighted<() => Fault>([
    [34, () => ({ type: 'none' })],
    [6, () => ({ type: 'cancel', moment: anyMoment(choices, good) })],
    [3, () => ({ type: 'SIGTERM', moment: anyMoment(choices, good) })],
    [2, () => ({ type: 'SIGINT twice', moment: anyMoment(choices, good) })],
    [9, () => ({ type: 'kill', alone: choices.chance(0.4), moment: anyMoment(choices, good) })],
    [8, () => ({ type: 'runner gone', moment: anyMoment(choices, good), next: choices.pick(['good', 'good', 'crash'] as const) })],
    [14, () => chooseTrouble(choices, good)],
    [good ? 12 : 6, () => ({ type: 'other', change: chooseChange(choices, good), moment: earlyMoment(choices) })],
    [6, () => ({ type: 'another run', afterMs: choices.whole(0, 4000), release: choices.pick(['good', 'good', 'crash'] as const), waits: choices.chance(0.7) })],
    [6, () => ({
      type: 'registry', trouble: choices.pick(['500', '503', '429', 'slow'] as const), ms: choices.whole(1, 8) * 1000,
      moment: choices.chance(0.3) ? moment('start', choices.whole(0, 1000)) : moment('change', choices.pick([0, 5, 20, 300, 1000, 2000])),
    })],
    [4, () => ({ type: 'clock', bySeconds: choices.pick([-7200, -60, 60, 7200, 300 * 86_400]), afterMs: choices.whole(0, 6000) })],
  ])();
}

const chooseTrouble = (choices: Choices, good: boolean): Fault => ({
  type: 'api', moment: anyMoment(choices, good), ms: choices.whole(2, 10) * 1000, times: choices.whole(1, 3),
  trouble: choices.weighted<ApiTrouble>([[4, 'outage'], [1, 'watches cut'], [1, 'all cut'], [1, '401'], [2, '403'], [2, '500'], [2, '503'], [2, '429'], [1, 'web page'], [1, '410 for watches'], [1, 'slow'], [1, 'answers cut'], [2, 'no answers']]),
});

const chooseChange = (choices: Choices, good: boolean): OtherChange => choices.weighted<OtherChange>([
  [3, 'other image'], [4, 'scale'], [2, 'annotation'], [2, 'restart'], [good ? 1 : 0, 'pause'], [good ? 1 : 0, 'delete'], [3, 'pod deleted'], [good ? 2 : 0, 'Service turned away'],
]);

/** What kind of fault it is, for a table. */
export function kindOf(fault: Fault): string {
  switch (fault.type) {
    case 'none': return 'none';
    case 'another run': return fault.waits ? 'another run, which waits' : 'another run, which does not wait';
    case 'api': return `API: ${fault.trouble}`;
    case 'other': return `by others: ${fault.change}`;
    case 'registry': return `registry: ${fault.trouble}`;
    case 'clock': return 'clock of the runner jumps';
    case 'kill': return fault.alone ? 'kill of one process' : 'kill';
    default: return fault.type;
  }
}

const lasting: readonly string[] = ['outage', 'slow', 'no answers'];

export function describeFault(fault: Fault): string {
  switch (fault.type) {
    case 'none': return 'no fault';
    case 'another run': return `another run (${fault.release}${fault.waits ? '' : ', does not wait'}) after ${fault.afterMs} ms`;
    case 'api': return `API ${fault.trouble}${lasting.includes(fault.trouble) ? ` ${fault.ms / 1000} s` : ` ×${fault.times}`} @${fault.moment.name}`;
    case 'other': return `${fault.change} by others @${fault.moment.name}`;
    case 'registry': return `registry ${fault.trouble} ${fault.ms / 1000} s @${fault.moment.name}`;
    case 'clock': return `clock ${fault.bySeconds > 0 ? '+' : ''}${fault.bySeconds} s after ${fault.afterMs} ms`;
    case 'runner gone': return `runner gone @${fault.moment.name}, then ${fault.next}`;
    default: return `${kindOf(fault)} @${fault.moment.name}`;
  }
}
