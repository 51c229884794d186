import { ApiError } from '../../kubernetes/client/api.js';
import type { Cluster } from '../../kubernetes/client/cluster.js';
import { isRefusal } from '../../kubernetes/client/meaning.js';
import { persistently } from '../../kubernetes/client/persist.js';
import type { Workload } from '../../kubernetes/client/objects.js';
import { apiPath, workloadResource } from '../../kubernetes/client/resources.js';
import { ClusterError } from '../../outcome/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Ports } from '../../ports/ports.js';
import type { Exited } from '../../ports/process.js';
import { becomesAnother } from './rewritten.js';
import { SetImageFailed, setImageFailure } from './set-image-failure.js';
import { imageIn } from '../../kubernetes/observe/workload.js';
import { isSet, type ImageChange, type ContainerChange } from './image-change.js';
import { Written } from './written.js';
import { ChangeUnderWay } from '../target.js';

/**
 * kubectl reads and patches each workload of a command, and limits itself to ten requests at once and then five a second:
 * more than five workloads in one command would wait for that limit.
 */
const workloadsOfCommand = 5;
const commandsAtOnce = 8;

/** The arguments of each `kubectl set image`: workloads that get the same images share commands. */
export function setImageCommands(changes: readonly ImageChange[]): string[][] {
  const groups = new Map<string, { refs: string[]; images: string[] }>();
  for (const change of changes) {
    const images = change.containers.map((container) => `${container.name}=${container.after}`);
    const group = groups.get(images.join(' ')) ?? { refs: [], images };
    group.refs.push(change.ref);
    groups.set(images.join(' '), group);
  }
  const parts = <T>(all: readonly T[]): T[][] =>
    Array.from({ length: Math.ceil(all.length / workloadsOfCommand) }, (_, part) => all.slice(part * workloadsOfCommand, (part + 1) * workloadsOfCommand));
  return [...groups.values()].flatMap(({ refs, images }) => parts(refs).map((some) => ['set', 'image', ...some, ...images]));
}

/** How long a cancelled step waits for the answer to a change that was sent: GitHub allows 10 s in total. */
const underWayForMs = 4000;

/** Conditions for sending a change. */
export interface Sending {
  /** Throws when this run has lost the lock, so it does not overwrite a later run. */
  readonly confirm: () => Promise<void>;
  /** Monotonic ms until which to wait for an API server that does not answer; at least a minute. */
  readonly until?: number;
}

/**
 * Sets the images by `kubectl set image`, and reads back what the API server stored.
 * @param written records what is sent, and what the API server stored
 * @returns the generation of each workload after the change, by ref
 * @throws ClusterError when the change was rejected, or the current value is neither the recorded nor the written one
 */
export async function setImages(
  cluster: Cluster, ports: Pick<Ports, 'log' | 'clock' | 'cancelled'>, changes: readonly ImageChange[], sending: Sending, written = new Written(),
): Promise<Map<string, number>> {
  const signal = ports.cancelled;
  const send = async (args: readonly string[]): Promise<void> => {
    const those = changes.filter(({ ref }) => args.includes(ref));
    await asRecorded(cluster, those, written, signal);
    signal.throwIfAborted();
    const sentAt = ports.clock.monotonic();
    await runKubectl(cluster, ports, args, signal).catch((error: unknown) => {
      if (error instanceof SetImageFailed && error.reach === 'unknown') written.leaveOpen(those.map(({ ref }) => ref), sentAt);
      throw error;
    });
  };
  await runAll(ports, setImageCommands(changes), send, sending);
  const generations = await Promise.all(changes.map(async (change) => {
    const read = (): Promise<Workload> => cluster.api.get(apiPath(workloadResource[change.kind], cluster.namespace, change.name), { signal });
    const workload = await persistently(ports.clock, read, { until: sending.until, signal });
    return [change.ref, workload.metadata?.generation ?? 0, stored(change, workload, written)] as const;
  }));
  const wrong = generations.map(([, , difference]) => difference).find((difference) => difference !== undefined);
  if (wrong) throw wrong;
  return new Map(generations.map(([ref, generation]) => [ref, generation]));
}

/**
 * Compares the workloads once more with the record, right before the command: `kubectl set image` has no precondition, and
 * would overwrite what someone else has set meanwhile. From here on the change counts as sent.
 * @throws ClusterError superseded; nothing of this command was sent
 */
async function asRecorded({ api, namespace }: Cluster, changes: readonly ImageChange[], written: Written, signal: AbortSignal): Promise<void> {
  const read = (change: ImageChange): Promise<Workload | undefined> => api.find<Workload>(workloadResource[change.kind], namespace, change.name, { signal })
    .catch((error: unknown) => {
      if (error instanceof ApiError && isRefusal(error)) return undefined;
      throw error;
    });
  const found = await Promise.all(changes.map(async (change) => ({ change, workload: await read(change) })));
  for (const { change, workload } of found) {
    // If it was deleted or cannot be read, kubectl reports it: it reads the workload as well before it changes it.
    if (!workload) continue;
    if (workload.metadata?.uid !== change.uid) throw overtaken(`${change.ref} was deleted and recreated`);
    for (const container of change.containers) {
      const image = imageIn(change.kind, workload, container.name);
      // An earlier attempt that was not answered may have been applied.
      if (image === container.before || (written.mayHaveChanged(change.ref) && isSet(container, image))) continue;
      throw overtaken(`Container ${container.name} of ${change.ref} was set to ${container.before} when the run read it, and is set to ${image ?? 'nothing'} now`);
    }
  }
  for (const { change, workload } of found) written.send(change.ref, workload);
}

const overtaken = (what: string): ClusterError => new ClusterError('superseded', `${what}: someone else changed it before this run did.`, {
  hint: 'Check whether the current image is the one you want. If not, run again.',
});

/**
 * Runs the commands in parallel, and retries each while the server is away. When one fails, no other one is started, and
 * those in progress are completed, so the undo afterwards covers everything.
 */
async function runAll(
  { clock, cancelled }: Pick<Ports, 'clock' | 'cancelled'>, commands: readonly (readonly string[])[],
  run: (args: readonly string[]) => Promise<void>, { confirm, until }: Sending,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([cancelled, failed.signal]);
  const failures: Error[] = [];
  const waiting = [...commands];
  const attempt = (args: readonly string[]) => async (): Promise<void> => {
    await confirm();
    signal.throwIfAborted();
    await run(args);
  };
  const work = async (): Promise<void> => {
    for (let args = waiting.shift(); args && !signal.aborted; args = waiting.shift()) {
      await persistently(clock, attempt(args), { until, signal }).catch((error: unknown) => {
        failures.push(error instanceof SetImageFailed ? error.named : (error as Error));
        failed.abort(error);
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(commandsAtOnce, commands.length) }, work));
  // The undo must know whether one of them may still be in progress.
  const first = failures.find((error) => error instanceof ChangeUnderWay) ?? failures[0];
  if (first) throw first;
  cancelled.throwIfAborted();
}

async function runKubectl(cluster: Cluster, { log, clock }: Pick<Ports, 'log' | 'clock'>, args: readonly string[], signal: AbortSignal): Promise<void> {
  log.command(cluster.typed(args));
  const exit = await toItsEnd((end) => cluster.kubectl(args, end), clock, signal);
  for (const line of `${exit.stdout}${exit.stderr}`.split('\n')) if (line.trim() !== '') log.output(line);
  if (exit.code === 0) return;
  // The command writes the same images each time, so it can be repeated when the server was away for a moment.
  throw await setImageFailure(cluster, exit);
}

/**
 * Lets kubectl finish even when the run is cancelled, because the API server completes the request of a client that is gone.
 * If kubectl takes too long, it is stopped, so it sends nothing later and the run can end.
 */
async function toItsEnd(begin: (end: AbortSignal) => Promise<Exited>, clock: Clock, signal: AbortSignal): Promise<Exited> {
  const over = new AbortController();
  const givenUp = new AbortController();
  const cancelled = new Promise<never>((_, reject) => {
    givenUp.signal.addEventListener('abort', () => reject(givenUp.signal.reason), { once: true });
    const wait = (): void => void clock.sleep(underWayForMs, over.signal).then(() => givenUp.abort(new ChangeUnderWay(signal.reason)), () => undefined);
    if (signal.aborted) wait();
    else signal.addEventListener('abort', wait, { once: true, signal: over.signal });
  });
  try {
    const exit = await Promise.race([begin(givenUp.signal), cancelled]);
    signal.throwIfAborted();
    return exit;
  } finally {
    over.abort();
  }
}

/**
 * Records what the API server stored. If nothing else has changed the workload since it was compared, the change is this
 * run's own, also if admission rewrote the image.
 */
function stored(change: ImageChange, workload: Workload, written: Written): ClusterError | undefined {
  const isOwn = written.isOnlyChange(change.ref, workload);
  const read = change.containers.map((container) => ({ container, image: imageIn(change.kind, workload, container.name) }));
  for (const { container, image } of read) {
    if (image !== undefined && (isOwn || isSet(container, image))) written.store(change.ref, container.name, image);
  }
  const isFine = (container: ContainerChange, image: string | undefined): boolean =>
    isSet(container, image) || (isOwn && image !== undefined && !becomesAnother({ ...container, becomes: image }));
  const other = read.find(({ container, image }) => !isFine(container, image));
  if (!other) return undefined;
  const { container: { name, after }, image = 'nothing' } = other;
  return new ClusterError('superseded', `Container ${name} of ${change.ref} was set to ${after}, but is set to ${image} a moment later.`, {
    hint: 'Another deployment, an operator or a mutating webhook changes this image. Find out which one, then run again.',
  });
}
