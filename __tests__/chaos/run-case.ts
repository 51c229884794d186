import { faultProxy } from '../e2e/harness/api-fault-proxy.js';
import type { PushedImage } from '../e2e/harness/images.js';
import { environment, pause } from '../e2e/harness/environment.js';
import { cancelAt, runAction, type ActionResult, type ActionRun, type SignalPlan } from '../e2e/harness/run-action.js';
import { clockJump } from './clock.js';
import type { Fault } from './fault.js';
import { changeByOthers, trigger, troubleApi, troubleRegistry, type Trigger } from './interfere.js';
import type { OthersChange, Seen } from './oracle.js';
import type { Case } from './plan.js';
import { imageOf, registryInputs, releases, type ReleaseName, type Where } from './release.js';
import { appName, here, withWorkspace, workloadLines, type Stand } from './stand.js';

export interface Brought {
  readonly reference: string;
  readonly version: string;
}

/** One run of the action, and what it was to bring. */
export interface Run {
  readonly label: string;
  readonly release: ReleaseName;
  /** `name@sha256:…`, and what the app then answers; undefined when nothing is released. */
  readonly brings: Brought | undefined;
  /** What the workloads are set to; undefined when that is not known beforehand. */
  readonly sets: string | undefined;
  /** What has come to the files of the repository that was checked out. */
  readonly left: readonly string[];
  readonly result: ActionResult;
  /** ms since the start of the case. */
  readonly endedAt: number;
}

export interface Ran {
  readonly runs: readonly Run[];
  readonly others: readonly OthersChange[];
  /** Whether the fault came before the run was over. */
  readonly hit: boolean;
}

const setsImages = { line: / set image /, afterMs: 0 };

/** Runs one case, faults included. The first run is the one that the case is about. */
export async function runCase(stand: Stand, given: Case, before: Seen): Promise<Ran> {
  const { fault } = given;
  const others: OthersChange[] = [];
  const begun = performance.now();
  const proxy = fault.type === 'api' ? await faultProxy(stand.space) : undefined;
  const release = releases[given.release];
  const triggers: Trigger[] = [];
  if (release.atChange) triggers.push(trigger(setsImages, async () => release.atChange?.(stand.space)));
  if (release.lost !== undefined) triggers.push(trigger(setsImages, async () => stand.registry.refuse(release.lost)));
  const disturb = disturbance(stand, given, others, proxy);
  const disturbing = disturb && trigger(disturb.at, disturb.act);
  if (disturbing) triggers.push(disturbing);
  const signals = signalsOf(fault);
  let signalled = false;
  try {
    const first = runRelease(stand, before, given, begun, {
      label: 'run', env: fault.type === 'clock' ? clockJump(fault.bySeconds * 1000, fault.afterMs) : undefined, version: `v${given.step + 2}`, kubeconfig: proxy?.kubeconfig, withoutPost: fault.type === 'runner gone',
      signals: signals && { ...signals, at: (line) => signals.at(line) && (signalled = true) }, onLine: (line) => triggers.forEach((each) => each.onLine(line)),
    });
    const second = fault.type === 'another run' ? anotherRun(stand, before, given, fault, begun) : undefined;
    const runs = (await Promise.all([first, second])).flatMap((run) => run ?? []);
    const done = await disturbing?.end();
    await Promise.all(triggers.map((each) => each.end()));
    return { runs, others, hit: fault.type === 'another run' || fault.type === 'clock' || signalled || (done ?? false) };
  } finally {
    await proxy?.close();
  }
}

/** The run that comes after one that died: of the same app, with the next version. */
export const runNext = (stand: Stand, before: Seen, given: Case, release: ReleaseName): Promise<Run> =>
  runRelease(stand, before, { ...given, release, where: 'all' }, performance.now(), { label: 'next run', version: `n${given.step + 2}` });

async function anotherRun(stand: Stand, before: Seen, given: Case, fault: Fault & { type: 'another run' }, begun: number): Promise<Run> {
  await pause(fault.afterMs);
  return runRelease(stand, before, { ...given, release: fault.release, where: 'all' }, begun, {
    label: 'another run', version: `w${given.step + 2}`, inputs: fault.waits ? {} : { 'lock-timeout': '0s' },
  });
}

function disturbance(stand: Stand, { fault, step, number }: Case, others: OthersChange[], proxy: Awaited<ReturnType<typeof faultProxy>> | undefined) {
  if (fault.type === 'api' && proxy) return { at: fault.moment, act: () => troubleApi(proxy, fault.trouble, fault.ms, fault.times) };
  if (fault.type === 'registry') return { at: fault.moment, act: () => troubleRegistry(stand.registry, fault.trouble, fault.ms) };
  if (fault.type !== 'other') return undefined;
  const { workloads } = stand.shape;
  const workload = workloads[number % workloads.length];
  return workload && {
    at: fault.moment,
    act: async () => {
      const done = await changeByOthers(stand, fault.change, workload, `x${step + 2}`);
      if (done) others.push(done);
    },
  };
}

function signalsOf(fault: Fault): SignalPlan | undefined {
  if (!('moment' in fault) || fault.type === 'api' || fault.type === 'other' || fault.type === 'registry') return undefined;
  const { line, afterMs } = fault.moment;
  const at = (text: string): boolean => line.test(text);
  const later = ({ send }: SignalPlan): SignalPlan => ({ at, send: send.map((each, index) => (index === 0 ? { ...each, afterMs } : each)) });
  switch (fault.type) {
    case 'cancel': return later(cancelAt(at));
    case 'SIGTERM': return { at, send: [{ signal: 'SIGTERM', afterMs }] };
    case 'SIGINT twice': return { at, send: [{ signal: 'SIGINT', afterMs }, { signal: 'SIGINT', afterMs: 50 }] };
    case 'kill': return { at, send: [{ signal: 'SIGKILL', afterMs, alone: fault.alone }] };
    default: return { at, send: [{ signal: 'SIGKILL', afterMs }] };
  }
}

interface HowToRun extends Pick<ActionRun, 'signals' | 'onLine' | 'withoutPost' | 'env'> {
  readonly label: string;
  readonly version: string;
  readonly kubeconfig?: string;
  readonly inputs?: Readonly<Record<string, string>>;
}

async function runRelease(stand: Stand, before: Seen, given: Pick<Case, 'release' | 'where' | 'fault'>, begun: number, how: HowToRun): Promise<Run> {
  const { release, where } = given;
  const { image, brings } = await imageFor(stand, before, release, where, how.version);
  const own = releases[release];
  const { signals, onLine, withoutPost, env } = how;
  const kubeconfig = how.kubeconfig ?? stand.space.kubeconfig;
  const inputs = { ...inputsFor(stand, release, { image, brings }, how.version), ...timeoutFor(given.fault), ...own.inputs, ...how.inputs, kubeconfig };
  const files = { ...(own.file ? { '.github/deploy.yml': own.file } : {}), ...(own.dockerfile ? { Dockerfile: own.dockerfile } : {}) };
  const { used: result, left } = await withWorkspace(files, (workspace) => runAction({
    action: own.action ?? 'rollout', inputs, workspace, signals, onLine, withoutPost, env, withinMs: 300_000,
  }));
  return { label: how.label, release, brings, sets: image && `${image.name}@${image.digest}`, left, result, endedAt: performance.now() - begun };
}

interface Chosen {
  readonly image: PushedImage | undefined;
  readonly brings: Brought | undefined;
}

async function imageFor(stand: Stand, before: Seen, release: ReleaseName, where: Where, next: string): Promise<Chosen> {
  const { back, dockerfile, good } = releases[release];
  if (back) {
    const reference = back === 'none' ? undefined : releasesToGoBackTo(before).at(back === 'previous' ? 0 : -1);
    const version = stand.versions.get(digestOf(reference ?? '')) ?? 'a release that was never good';
    return { image: undefined, brings: reference === undefined ? undefined : { reference, version } };
  }
  if (dockerfile) return { image: undefined, brings: undefined };
  if (release === 'unchanged') {
    const reference = currentImage(before);
    const [name = '', digest = ''] = reference.split('@');
    return { image: { name: name.replace(/:[^:/]+$/, ''), tag: '', digest, reference }, brings: { reference, version: stand.version } };
  }
  const image = here(stand, await imageOf(release, next, where));
  if (good !== false) stand.versions.set(image.digest, next);
  return { image, brings: good === false ? undefined : { reference: `${image.name}@${image.digest}`, version: next } };
}

const digestOf = (reference: string): string => reference.split('@')[1] ?? '';
const currentImage = (before: Seen): string => Object.values(Object.values(before.workloads)[0]?.images ?? {}).at(-1) ?? '';

/** Releases in the ledger that are older than the one that runs, and that nobody went back from; the newest first. */
function releasesToGoBackTo(before: Seen): string[] {
  const current = before.releases.findIndex(({ reference }) => reference === currentImage(before));
  return before.releases.slice(current + 1).filter(({ withdrawn }) => !withdrawn).map(({ reference }) => reference);
}

/** Paused by somebody else, a rollout only ends when its time is over. */
const timeoutFor = (fault: Fault): Record<string, string> => (fault.type === 'other' && fault.change === 'pause' ? { timeout: '20s' } : {});

function inputsFor({ shape, space }: Stand, release: ReleaseName, { image, brings }: Chosen, version: string): Record<string, string> {
  const { action, back, dockerfile, image: { repository } = {} } = releases[release];
  const smoke = { none: '', status: 'service/web/ -> 200', version: `service/web/ -> 200 contains ${brings?.version ?? version}` }[shape.smoke];
  return {
    'namespace': space.name, 'app': appName, 'workloads': workloadLines(shape, repository !== undefined || dockerfile ? ':web' : ''), smoke,
    'prove-first': String(shape.proveFirst), ...(image ? { image: image.name, digest: image.digest } : {}),
    ...(back === 'oldest' && brings ? { to: digestOf(brings.reference) } : {}),
    ...(action === 'deploy' ? { builder: environment().builder } : {}), ...registryInputs(release),
  };
}
