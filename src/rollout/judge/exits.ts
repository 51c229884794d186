import type { Pod, Terminated } from '../../cluster/objects.js';
import { declared, restartKey, symptom, type Subject, type Symptom } from './symptoms.js';

/** How often a container has ended since the change, and how the last time. */
interface Ends {
  readonly count: number;
  readonly last: Terminated;
}

/** A container that ends again and again. Once is tolerated, twice is a pattern. */
export function exiting(subject: Subject): Symptom | undefined {
  const ends = endsOf(subject);
  if (!ends || ends.count < 2) return undefined;
  const { cause, words } = meaningOf(subject, ends);
  return symptom(cause, subject, 0, words);
}

function endsOf({ status, pod, init, expected }: Subject): Ends | undefined {
  const { state, lastState } = status;
  const last = state?.terminated ?? lastState?.terminated;
  // An init container that ended well is done, however often it was needed.
  if (!last || (init && last.exitCode === 0)) return undefined;
  const restarts = (status.restartCount ?? 0) - (expected.restartsBefore.get(restartKey(pod, status.name)) ?? 0);
  // A container that waits to be started once more has ended once more than it was restarted.
  const over = state?.terminated !== undefined || (state?.waiting?.reason === 'CrashLoopBackOff' && restarts > 0);
  return { last, count: restarts + (over ? 1 : 0) };
}

function meaningOf(subject: Subject, { count, last }: Ends): { cause: Symptom['cause']; words: string } {
  const { status, pod, init } = subject;
  const how = describeEnd(last);
  // containerd gives every container that could not be started the exit code 128: that code says nothing against it.
  if (/^(StartError|ContainerCannotRun)$/.test(last.reason ?? '') || status.state?.waiting?.reason === 'RunContainerError') {
    return { cause: 'container-start', words: `cannot be started: ${last.message ?? how}` };
  }
  if (last.reason === 'OOMKilled') return { cause: 'out-of-memory', words: `was killed for its memory ${times(count)}; ${limitOf(pod, status.name)}` };
  const probe = endedWhenTold(last) ? killedByProbe(subject) : undefined;
  if (probe) return { cause: 'probe-killed', words: `was killed ${times(count)} by its ${probe} probe` };
  return init ? { cause: 'init-failed', words: `(init) failed ${times(count)}, last with ${how}` } : { cause: 'crash-loop', words: `ended ${times(count)}, last with ${how}` };
}

const times = (count: number): string => (count === 2 ? 'twice' : `${count} times`);

function describeEnd({ exitCode, signal, reason }: Terminated): string {
  if (signal) return `signal ${signal}`;
  return `exit code ${exitCode ?? 'unknown'}${reason && reason !== 'Error' ? ` (${reason})` : ''}`;
}

function limitOf(pod: Pod, name: string | undefined): string {
  const limit = declared(pod, name)?.resources?.limits?.memory;
  return limit ? `its memory limit is ${limit}` : 'it has no memory limit: the node itself ran out';
}

/**
 * Whether it may have ended because it was told to: by SIGTERM, in its own way or not, or by SIGKILL. A probe also fails
 * on a container that has ended by itself, and the kubelet then says that it kills it; any other exit code is its own.
 */
const endedWhenTold = ({ exitCode, signal }: Terminated): boolean => Boolean(signal) || [undefined, 0, 137, 143].includes(exitCode);

/** The kubelet says in an event which probe had the container killed. */
function killedByProbe({ events, status }: Subject): string | undefined {
  const killing = events.filter((event) => event.reason === 'Killing' && event.message?.includes(`ontainer ${status.name} failed `)).at(-1);
  return /failed (liveness|startup) probe/.exec(killing?.message ?? '')?.[1];
}
