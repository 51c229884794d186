// Starting, stopping and looking after the parts. Tests import this to break the cluster on purpose.
import { listenerOn } from './listeners.mjs';
import { Unfit } from './machine.mjs';
import { inside } from './namespace.mjs';
import { parts, partNamed } from './parts.mjs';
import { alive, crash, end, endNamed, lastLines, launch, marked, put, traceOf } from './process.mjs';
import { step } from './progress.mjs';
import { until } from './wait.mjs';

/** @typedef {import('./part.mjs').Part} Part */

/** @param {Part} part */
const wanted = (part) => (part.inside ? inside(part.command()) : part.command());

/**
 * Who listens on a port. A process that was just ended loses its files in /proc before the kernel closes its sockets, so a
 * listener without an owner is given time to go.
 *
 * @param {number} port
 */
async function lastingListenerOn(port) {
  const owned = () => listenerOn(port)?.pid !== undefined || listenerOn(port) === undefined;
  await until(`port ${port} is not free`, owned, { seconds: 5 }).catch(() => undefined);
  return listenerOn(port);
}

/** @param {Part} part */
async function freePorts(part) {
  for (const port of part.ports) {
    const taken = await lastingListenerOn(port);
    if (!taken) continue;
    // One of ours that no record speaks of, as after an `up` that was killed at the wrong moment.
    if (taken.pid && marked().has(taken.pid)) await end(taken.pid);
    else throw new Unfit(`Port ${port}, which ${part.name} needs, is used by process ${taken.pid ?? '?'}: ${taken.command}`);
  }
}

/** @param {Part} part */
async function untilReady(part) {
  await until(`${part.name} is not ready`, part.ready, {
    seconds: part.seconds ?? 30,
    hopeless: () => (alive(part.name) ? undefined : 'it has ended'),
    evidence: () => lastLines(part.name),
  });
}

/** @param {Part} part */
function writeFiles(part) {
  // Not `some`: every file has to be written.
  return Object.entries(part.files?.() ?? {}).filter(([file, content]) => put(file, content)).length > 0;
}

/** @param {Part} part */
async function bringUp(part) {
  const changed = writeFiles(part);
  const command = wanted(part);
  const running = alive(part.name);
  const usable = running && !changed && running.command.join('\0') === command.join('\0');
  if (usable) {
    const answers = await untilReady(part).then(() => true, () => false);
    if (answers) return part.settle?.();
  }
  await endNamed(part.name);
  await freePorts(part);
  await part.prepare?.();
  await launch(part.name, command, part.environment);
  await untilReady(part);
  await part.settle?.();
}

/** Those that `up` and `status` care about: after a first start, also one that is started on demand. */
const expected = () => parts.filter((part) => !part.onDemand || traceOf(part.name));

/** Brings up all parts, each as soon as those that it needs are ready. */
export async function startAll() {
  /** @type {Map<string, Promise<void>>} */
  const begun = new Map();
  /** @param {Part} part @returns {Promise<void>} */
  const begin = (part) => {
    const known = begun.get(part.name);
    if (known) return known;
    const work = Promise.all(part.after.map((name) => begin(partNamed(name)))).then(() =>
      step('start', part.name, () => bringUp(part)),
    );
    begun.set(part.name, work);
    return work;
  };
  const outcomes = await Promise.allSettled(expected().map(begin));
  const reasons = new Set(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])));
  // One part that does not come up fails all that come after it with the same reason.
  if (reasons.size === 1) throw [...reasons][0];
  if (reasons.size > 1) throw new Error([...reasons].map(String).join('\n\n'));
}

/** Starts a part and waits until it is ready. @param {string} name */
export async function start(name) {
  await bringUp(partNamed(name));
}

/** @param {string} name @param {{ kill?: boolean }} [options] kill: at once, as a crash would */
export async function stop(name, { kill = false } = {}) {
  const running = alive(partNamed(name).name);
  if (!kill) return endNamed(name);
  if (running) await crash(running.pid);
}

/** @param {string} name */
export async function restart(name) {
  await stop(name);
  await start(name);
}

/** Stops all parts and their remaining processes; the node before the parts that it depends on. */
export async function stopAll() {
  // Nothing in the sandbox is worth a slow goodbye, except that kubelet would restart what is killed next.
  await endNamed('kubelet', { seconds: 3 });
  await Promise.all(parts.map((part) => endNamed(part.name, { seconds: 3 })));
  await Promise.all([...marked().keys()].map((pid) => end(pid, { seconds: 1 })));
}

/** Ends what lives in the mount namespace, shims included. */
export async function stopInside() {
  const names = new Set(parts.filter((part) => part.inside).map((part) => part.name));
  await Promise.all([...marked()].filter(([, name]) => names.has(name)).map(([pid]) => end(pid, { seconds: 1 })));
}

/** @typedef {{ name: string, pid?: number, state: 'ready' | 'not ready' | 'ended' | 'stopped', since?: string, address: string }} State */

/** @returns {Promise<State[]>} */
export function states() {
  return Promise.all(
    expected().map(async ({ name, address, ready }) => {
      const running = alive(name);
      if (!running) return { name, address, state: traceOf(name) ? 'ended' : 'stopped' };
      const answers = await ready().catch(() => false);
      return { name, address, pid: running.pid, since: running.since, state: answers ? 'ready' : 'not ready' };
    }),
  );
}
