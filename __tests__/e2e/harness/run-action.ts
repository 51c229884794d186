import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Any } from './api.js';
import { environment, pause, readIfThere, root } from './environment.js';
import { asSeen, parseFileCommands, type WorkflowCommand } from './runner-files.js';

export type ActionName = 'deploy' | 'build' | 'rollout' | 'rollback' | 'pr-check' | 'backup' | 'restore' | 'setup';

export interface SignalPlan {
  /** The first line of output for which this holds sends the signal. */
  readonly at: (line: string) => boolean;
  /**
   * Sent one after another, each so many ms after the one before; SIGKILL ends the whole tree, as the runner does, or the
   * process `alone`, as a kernel does that runs out of memory.
   */
  readonly send: readonly SignalAt[];
}

export interface SignalAt {
  readonly signal: NodeJS.Signals;
  readonly afterMs: number;
  readonly alone?: boolean;
}

/** The same, when something is seen elsewhere than in the output: in the cluster, or at a proxy. */
export interface SignalsWhen {
  readonly when: Promise<unknown>;
  readonly send: readonly SignalAt[];
}

/** What the runner does when a person cancels: SIGINT, 7.5 s later SIGTERM, 2.5 s later the end of the process tree. */
export const cancelAt = (at: (line: string) => boolean): SignalPlan => ({
  at, send: [{ signal: 'SIGINT', afterMs: 0 }, { signal: 'SIGTERM', afterMs: 7500 }, { signal: 'SIGKILL', afterMs: 2500 }],
});

export interface ActionRun {
  readonly action?: ActionName;
  readonly inputs: Readonly<Record<string, string>>;
  /** The file of GITHUB_EVENT_PATH; a push to the default branch unless told otherwise. */
  readonly event?: Any;
  readonly env?: Readonly<Record<string, string>>;
  /** The folder that was checked out; an empty one unless given. */
  readonly workspace?: string;
  readonly commit?: string;
  /** The node binary; the one that runs the tests unless given. */
  readonly node?: string;
  readonly signals?: SignalPlan | SignalsWhen;
  /** Called for each line of the main step, e.g. to interfere with the cluster at the right moment. */
  readonly onLine?: (line: string) => void;
  /** The same for the post step. */
  readonly onPostLine?: (line: string) => void;
  /** Leaves the post step out, as when the whole machine is gone. */
  readonly withoutPost?: boolean;
  /** The run fails after that; default 240 s, which only what hangs takes. */
  readonly withinMs?: number;
}

export interface StepResult {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly outputs: Readonly<Record<string, string>>;
  readonly state: Readonly<Record<string, string>>;
  readonly summary: string;
  /** As a person sees it: masked, and without the lines that only the runner reads. */
  readonly log: string;
  readonly lines: readonly { readonly atMs: number; readonly text: string }[];
  /** As it was written. */
  readonly raw: string;
  readonly commands: readonly WorkflowCommand[];
  readonly durationMs: number;
}

export interface ActionResult extends StepResult {
  /** report.json, when the output `report` names it. */
  readonly report: Any;
  readonly post: StepResult | undefined;
  /** Command lines of processes that outlived the job. They have been ended. */
  readonly leftovers: readonly string[];
  /** Files that are left under RUNNER_TEMP after the post step, relative to it. */
  readonly temporary: readonly string[];
}

/**
 * Runs main and then post of an action of this repository as the runner does, in an environment of its own. Throws when
 * one of them had to end itself, or node warned of something, whatever its verdict.
 */
export async function runAction(run: ActionRun): Promise<ActionResult> {
  const action = describeAction(run.action ?? 'deploy');
  const folder = mkdtempSync(join(tmpdir(), 'deploy-runner-'));
  const trackingId = `github_${randomUUID()}`;
  try {
    const env = { ...jobEnvironment(run, folder, trackingId), ...inputEnvironment(action.defaults, run.inputs) };
    const main = await step('main', action.main, run, env, folder);
    const report = main.outputs.report ? JSON.parse(readIfThere(main.outputs.report) ?? 'null') : undefined;
    const state = Object.fromEntries(Object.entries(main.state).map(([name, value]) => [`STATE_${name}`, value]));
    const post = run.withoutPost || !action.post
      ? undefined
      : await step('post', action.post, { ...run, signals: undefined, onLine: run.onPostLine }, { ...env, ...state }, folder);
    for (const { raw } of [main, ...(post ? [post] : [])]) if (unclean.test(raw)) throw new Error(`a step did not end by itself, or node had to warn of it:\n${raw}`);
    return { ...main, report, post, leftovers: endLeftovers(trackingId), temporary: filesUnder(join(folder, 'temp')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const unclean = /did not exit and was stopped|^\(node:\d+\) /m;

interface Described {
  readonly main: string;
  readonly post: string | undefined;
  readonly defaults: Readonly<Record<string, string>>;
}

/** From action.yml, which is what the runner reads. */
function describeAction(name: ActionName): Described {
  const folder = name === 'deploy' ? root : join(root, name);
  const text = readIfThere(join(folder, 'action.yml'));
  if (text === undefined) return { main: join(root, `dist/${name}.js`), post: join(root, `dist/${name}-post.js`), defaults: {} };
  const action = parse(text) as Any;
  const defaults = Object.entries(action.inputs ?? {}).map(([input, of]: [string, Any]) => [
    input, String(of.default ?? '').replaceAll(/\$\{\{\s*github\.token\s*\}\}/g, 'ghs_0123456789abcdefghijABCDEFGHIJ012345'),
  ]);
  return { main: join(folder, action.runs.main), post: action.runs.post && join(folder, action.runs.post), defaults: Object.fromEntries(defaults) };
}

/** INPUT_NAME: upper case, spaces become underscores, dashes stay. */
function inputEnvironment(defaults: Readonly<Record<string, string>>, given: Readonly<Record<string, string>>): Record<string, string> {
  const all = { ...defaults, ...given };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]));
}

function jobEnvironment(run: ActionRun, folder: string, trackingId: string): Record<string, string> {
  for (const name of ['home', 'temp', 'tools', 'workspace', 'files']) mkdirSync(join(folder, name));
  const event = run.event ?? { ref: 'refs/heads/main', repository: { default_branch: 'main', full_name: 'acme/app' } };
  writeFileSync(join(folder, 'files/event.json'), JSON.stringify(event));
  const commit = run.commit ?? '1c0ffee0000000000000000000000000000000ab';
  return {
    PATH: process.env.PATH ?? '', HOME: join(folder, 'home'), LANG: 'C.UTF-8', DOCKER_CONFIG: environment().dockerConfig,
    CI: 'true', GITHUB_ACTIONS: 'true', RUNNER_OS: 'Linux', RUNNER_ARCH: 'X64', RUNNER_NAME: 'test', RUNNER_ENVIRONMENT: 'github-hosted',
    RUNNER_TEMP: join(folder, 'temp'), RUNNER_TOOL_CACHE: join(folder, 'tools'), RUNNER_TRACKING_ID: trackingId,
    GITHUB_WORKSPACE: run.workspace ?? join(folder, 'workspace'), GITHUB_EVENT_PATH: join(folder, 'files/event.json'),
    GITHUB_EVENT_NAME: 'push', GITHUB_SHA: commit, GITHUB_REF: 'refs/heads/main', GITHUB_REF_NAME: 'main', GITHUB_REF_TYPE: 'branch',
    GITHUB_REPOSITORY: 'acme/app', GITHUB_REPOSITORY_OWNER: 'acme', GITHUB_ACTOR: 'octocat', GITHUB_WORKFLOW: 'deploy', GITHUB_JOB: 'deploy',
    GITHUB_RUN_ID: '4711', GITHUB_RUN_NUMBER: '42', GITHUB_RUN_ATTEMPT: '1', GITHUB_ACTION: '__acci_deploy-action',
    GITHUB_SERVER_URL: 'https://github.com', GITHUB_API_URL: 'https://api.github.com', GITHUB_GRAPHQL_URL: 'https://api.github.com/graphql',
    ...run.env,
  };
}

async function step(name: string, script: string, run: ActionRun, env: Readonly<Record<string, string>>, folder: string): Promise<StepResult> {
  const file = (kind: string): string => join(folder, 'files', `${name}-${kind}`);
  const files = { GITHUB_OUTPUT: file('output'), GITHUB_STATE: file('state'), GITHUB_STEP_SUMMARY: file('summary'), GITHUB_ENV: file('env'), GITHUB_PATH: file('path') };
  for (const path of Object.values(files)) writeFileSync(path, '');
  const begun = performance.now();
  const child = spawn(run.node ?? process.execPath, [script], {
    cwd: env.GITHUB_WORKSPACE, env: { ...env, ...files }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: { atMs: number; text: string }[] = [];
  const signalling = sender(child, run.signals);
  const onLine = (text: string): void => {
    lines.push({ atMs: Math.round(performance.now() - begun), text });
    run.onLine?.(text);
    signalling.onLine(text);
  };
  const readers = [child.stdout, child.stderr].map((stream) => new Promise((done) => {
    createInterface({ input: stream }).on('line', onLine).on('close', () => done(undefined));
  }));
  const tooLong = setTimeout(() => {
    lines.push({ atMs: Math.round(performance.now() - begun), text: '[test] took too long, and was ended' });
    sendSignal(child.pid, 'SIGKILL');
  }, run.withinMs ?? 240_000);
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, by) => resolve([code, by]));
  });
  const durationMs = Math.round(performance.now() - begun);
  clearTimeout(tooLong);
  signalling.end();
  // A process that outlives the step may hold the pipes open; the runner does not wait for it either. Without one, the
  // last lines are only late, as this process has much to do.
  const read = Promise.all(readers).then(() => true);
  while (!await Promise.race([read, pause(500)]) && marked(env.RUNNER_TRACKING_ID).length === 0);
  child.stdout.destroy();
  child.stderr.destroy();
  const raw = lines.map((line) => line.text);
  const seen = asSeen(raw);
  return {
    exitCode: exitCode ?? undefined, signal: signal ?? undefined, durationMs, lines, raw: raw.join('\n'), log: seen.lines.join('\n'), commands: seen.commands,
    outputs: parseFileCommands(readIfThere(files.GITHUB_OUTPUT) ?? ''), state: parseFileCommands(readIfThere(files.GITHUB_STATE) ?? ''),
    summary: readIfThere(files.GITHUB_STEP_SUMMARY) ?? '',
  };
}

/** Sends signals to a process as planned, as long as it lives. */
function sender(child: ChildProcess, plan: ActionRun['signals']): { readonly onLine: (line: string) => void; readonly end: () => void } {
  const timers: NodeJS.Timeout[] = [];
  let due = plan;
  const begin = (): void => {
    let afterMs = 0;
    for (const next of due?.send ?? []) {
      afterMs += next.afterMs;
      const send = (): void => sendSignal(child.pid, next.signal, next.alone);
      if (afterMs === 0) send();
      else timers.push(setTimeout(send, afterMs));
    }
    due = undefined;
  };
  if (plan && 'when' in plan) plan.when.then(begin, () => undefined);
  return {
    onLine: (line) => {
      if (due && 'at' in due && due.at(line)) begin();
    },
    end: () => {
      due = undefined;
      timers.forEach(clearTimeout);
    },
  };
}

/** The runner sends SIGINT and SIGTERM to the process, and kills the whole tree. */
function sendSignal(pid: number | undefined, signal: NodeJS.Signals, alone = signal !== 'SIGKILL'): void {
  if (pid === undefined) return;
  const targets = alone ? [pid] : [...descendants(pid), pid];
  for (const target of targets) {
    try {
      process.kill(target, signal);
    } catch {
      // It has ended already.
    }
  }
}

const processes = (): number[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
const procFile = (pid: number, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
};

function descendants(pid: number): number[] {
  const children = processes().filter((other) => procFile(other, 'stat').replace(/^.*\) \S+ /, '').split(' ')[0] === String(pid));
  return children.flatMap((child) => [...descendants(child), child]);
}

const marked = (trackingId: string | undefined): number[] => processes().filter((pid) => procFile(pid, 'environ').includes(`RUNNER_TRACKING_ID=${trackingId}`));

/** Ends what still carries the job's mark, as the runner does when a job is over, and says what it was. */
function endLeftovers(trackingId: string): string[] {
  const left = marked(trackingId);
  const commands = left.map((pid) => procFile(pid, 'cmdline').replaceAll('\0', ' ').trim()).filter((line) => line !== '');
  left.forEach((pid) => sendSignal(pid, 'SIGKILL'));
  return commands;
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
