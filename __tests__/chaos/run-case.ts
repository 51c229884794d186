import { faultProxy } from '../e2e/harness/api-fault-proxy.js';
import type { PushedImage } from '../e2e/harness/images.js';
import { pause } from '../e2e/harness/environment.js';
import { cancelAt, runAction, type ActionResult, type ActionRun, type SignalPlan } from '../e2e/harness/run-action.js';
import type { Fault } from './fault.js';
import { changeByOthers, trigger, troubleApi, type Trigger } from './interfere.js';
import type { OthersChange, Seen } from './oracle.js';
import type { Case } from './plan.js';
import { imageOf, registryInputs, releases, type ReleaseName, type Where } from './release.js';
import { appName, withWorkspace, workloadLines, type Stand } from './stand.js';

/** One run of the action, and what it was to bring. */
export interface Run {
  readonly label: string;
  readonly release: ReleaseName;
  /** `name@sha256:…`, and what the app then answers; undefined when nothing is released. */
  readonly brings: { readonly reference: string; readonly version: string } | undefined;
  readonly result: ActionResult;
  /** ms since the start of the case. */
  readonly endedAt: number;
}

export interface Ran {
  readonly runs: readonly Run[];
  readonly others: readonly OthersChange[];
  /** Whether the fault came before the run was over. */
  readonly hit: boolean;
  /** Takes back what belonged to the case; to be called when it has been judged. */
  cleanUp(): Promise<void>;
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
  const losing = release.lost !== undefined ? await stand.losingRegistry() : undefined;
  if (losing) triggers.push(trigger(setsImages, async () => losing.refuse(release.lost)));
  const disturb = disturbance(stand, given, others, proxy);
  const disturbing = disturb && trigger(disturb.at, disturb.act);
  if (disturbing) triggers.push(disturbing);
  const signals = signalsOf(fault);
  let signalled = false;
  try {
    await release.before?.(stand.space);
    const first = runRelease(stand, before, given, begun, {
      label: 'run', version: `v${given.step + 2}`, kubeconfig: proxy?.kubeconfig, withoutPost: fault.type === 'runner gone',
      signals: signals && { ...signals, at: (line) => signals.at(line) && (signalled = true) }, onLine: (line) => triggers.forEach((each) => each.onLine(line)),
    });
    const second = fault.type === 'another run' ? anotherRun(stand, before, given, fault, begun) : undefined;
    const runs = (await Promise.all([first, second])).flatMap((run) => run ?? []);
    const done = await disturbing?.end();
    await Promise.all(triggers.map((each) => each.end()));
    const cleanUp = async (): Promise<void> => {
      losing?.refuse(undefined);
      await release.after?.(stand.space);
    };
    return { runs, others, hit: fault.type === 'another run' || signalled || (done ?? false), cleanUp };
  } finally {
    await proxy?.close();
  }
}

/** The run that comes after one that died: of the same app, with the next version. */
export const runNext = (stand: Stand, before: Seen, given: Case, release: 'good' | 'crash'): Promise<Run> =>
  runRelease(stand, before, { ...given, release, where: 'all' }, performance.now(), { label: 'next run', version: `n${given.step + 2}` });

async function anotherRun(stand: Stand, before: Seen, given: Case, fault: Fault & { type: 'another run' }, begun: number): Promise<Run> {
  await pause(fault.afterMs);
  return runRelease(stand, before, { ...given, release: fault.release, where: 'all' }, begun, { label: 'another run', version: `w${given.step + 2}` });
}

function disturbance(stand: Stand, { fault, step, number }: Case, others: OthersChange[], proxy: Awaited<ReturnType<typeof faultProxy>> | undefined) {
  if (fault.type === 'api' && proxy) return { at: fault.moment, act: () => troubleApi(proxy, fault.trouble, fault.ms, fault.times) };
  if (fault.type !== 'other') return undefined;
  const { workloads } = stand.shape;
  const workload = workloads[number % workloads.length];
  return workload && {
    at: fault.moment,
    act: async () => {
      const done = await changeByOthers(stand.space, fault.change, workload, `x${step + 2}`);
      if (done) others.push(done);
    },
  };
}

function signalsOf(fault: Fault): SignalPlan | undefined {
  if (!('moment' in fault) || fault.type === 'api' || fault.type === 'other') return undefined;
  const { line, afterMs } = fault.moment;
  const at = (text: string): boolean => line.test(text);
  const later = ({ send }: SignalPlan): SignalPlan => ({ at, send: send.map((each, index) => (index === 0 ? { ...each, afterMs } : each)) });
  switch (fault.type) {
    case 'cancel': return later(cancelAt(at));
    case 'SIGTERM': return { at, send: [{ signal: 'SIGTERM', afterMs }] };
    case 'SIGINT twice': return { at, send: [{ signal: 'SIGINT', afterMs }, { signal: 'SIGINT', afterMs: 50 }] };
    default: return { at, send: [{ signal: 'SIGKILL', afterMs }] };
  }
}

interface HowToRun extends Pick<ActionRun, 'signals' | 'onLine' | 'withoutPost'> {
  readonly label: string;
  readonly version: string;
  readonly kubeconfig?: string;
}

async function runRelease(stand: Stand, before: Seen, given: Pick<Case, 'release' | 'where' | 'fault'>, begun: number, how: HowToRun): Promise<Run> {
  const { release, where } = given;
  const { image, brings } = await imageFor(stand, before, release, where, how.version);
  const own = releases[release];
  const { signals, onLine, withoutPost } = how;
  const kubeconfig = how.kubeconfig ?? stand.space.kubeconfig;
  const inputs = { ...await inputsFor(stand, release, image, brings?.version ?? how.version, given.fault), kubeconfig };
  const result = await withWorkspace(own.file ?? [], (workspace) => runAction({
    action: release === 'go back' ? 'rollback' : 'rollout', inputs, workspace, signals, onLine, withoutPost, withinMs: 300_000,
  }));
  return { label: how.label, release, brings, result, endedAt: performance.now() - begun };
}

interface Chosen {
  readonly image: PushedImage | undefined;
  readonly brings: Run['brings'];
}

async function imageFor(stand: Stand, before: Seen, release: ReleaseName, where: Where, version: string): Promise<Chosen> {
  if (release === 'go back') {
    const reference = previousOf(stand, before);
    return { image: undefined, brings: reference === undefined ? undefined : { reference, version: stand.versions.get(reference) ?? 'a release that was never good' } };
  }
  if (release === 'unchanged') {
    const [name = '', digest = ''] = currentImage(before).split('@');
    return { image: { name: name.replace(/:[^:/]+$/, ''), tag: '', digest, reference: currentImage(before) }, brings: { reference: currentImage(before), version: stand.version } };
  }
  const image = await imageOf(release, version, where);
  const reference = `${image.name}@${image.digest}`;
  const good = releases[release].good !== false;
  if (good) stand.versions.set(reference, version);
  return { image, brings: good ? { reference, version } : undefined };
}

const currentImage = (before: Seen): string => Object.values(Object.values(before.workloads)[0]?.images ?? {}).at(-1) ?? '';

/** The newest release in the ledger that is older than the one that runs, and that nobody went back from. */
function previousOf(stand: Stand, before: Seen): string | undefined {
  const current = before.releases.findIndex(({ reference }) => reference === currentImage(before));
  return before.releases.slice(current + 1).find(({ withdrawn }) => !withdrawn)?.reference;
}

async function inputsFor(stand: Stand, release: ReleaseName, image: PushedImage | undefined, version: string, fault: Fault): Promise<Record<string, string>> {
  const { shape, space } = stand;
  const own = releases[release];
  const losing = own.lost !== undefined ? await stand.losingRegistry() : undefined;
  const elsewhere = losing !== undefined || own.image?.repository !== undefined;
  const name = image && (losing ? image.name.replace(/^[^/]+/, losing.host) : image.name);
  const smoke = { none: '', status: 'service/web/ -> 200', version: `service/web/ -> 200 contains ${version}` }[shape.smoke];
  return {
    'namespace': space.name, 'app': appName, 'workloads': workloadLines(shape, elsewhere ? ':web' : ''), smoke,
    'prove-first': String(shape.proveFirst), ...(image && name ? { image: name, digest: image.digest } : {}),
    // Paused by somebody else, a rollout only ends when its time is over.
    ...(fault.type === 'other' && fault.change === 'pause' ? { timeout: '20s' } : {}),
    ...registryInputs(release), ...own.inputs,
  };
}
