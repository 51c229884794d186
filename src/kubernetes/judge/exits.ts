import type { Pod, Terminated } from '../client/objects.js';
import { aboutContainer, declared } from './containers.js';
import { oneLine, restartKey, symptom, type Subject, type Symptom } from './symptom.js';

/** How often a container has exited since the change, and how the last time. */
interface Ends {
  readonly count: number;
  readonly last: Terminated;
}

/** A container that keeps exiting. Once is tolerated, twice is a failure. */
export function exiting(subject: Subject): Symptom | undefined {
  const ends = endsOf(subject);
  if (!ends || ends.count < 2) return undefined;
  const { cause, words, hint } = meaningOf(subject, ends);
  return { ...symptom(cause, subject, 0, words), hint };
}

function endsOf({ status, pod, init, expected }: Subject): Ends | undefined {
  const { state, lastState } = status;
  const last = state?.terminated ?? lastState?.terminated;
  // An init container that exited with code 0 is done, however often it was restarted.
  if (!last || (init && last.exitCode === 0)) return undefined;
  const restarts = (status.restartCount ?? 0) - (expected.restartsBefore.get(restartKey(pod, status.name)) ?? 0);
  // A container that waits for its next restart has exited once more than it was restarted.
  const waits = state?.waiting?.reason === 'CrashLoopBackOff' || state?.waiting?.reason === 'PostStartHookError';
  const over = state?.terminated !== undefined || (waits && restarts > 0);
  return { last, count: restarts + (over ? 1 : 0) };
}

function meaningOf(subject: Subject, { count, last }: Ends): { cause: Symptom['cause']; words: string; hint?: string } {
  const { status, pod, init } = subject;
  const how = describeEnd(last);
  // containerd reports exit code 128 for every container that could not be started.
  if (/^(StartError|ContainerCannotRun)$/.test(last.reason ?? '') || status.state?.waiting?.reason === 'RunContainerError') {
    return { cause: 'container-start', words: `cannot be started: ${last.message ?? how}` };
  }
  if (last.reason === 'OOMKilled') return { cause: 'out-of-memory', words: `ran out of memory and was killed ${times(count)}; ${limitOf(pod, status.name)}` };
  const said = killedBy(subject);
  const killing = endedWhenTold(last) ? said : undefined;
  if (killing?.by === 'probe') return { cause: 'probe-killed', words: `was killed ${times(count)} by its ${killing.probe} probe` };
  if (killing?.by === 'hook') return { cause: 'hook-failed', words: `was killed ${times(count)} because its postStart hook failed${hookOf(subject)}` };
  if (killing?.by === 'node') {
    return { cause: init ? 'init-failed' : 'crash-loop', words: `was killed ${times(count)} by the node: ${killing.message}`, hint: 'Check the node: it killed the container for the reason in the message.' };
  }
  const also = alsoFailed(subject, said);
  if (init) return { cause: 'init-failed', words: `(init container) failed ${times(count)}, last with ${how}${also}` };
  return { cause: 'crash-loop', words: `exited ${times(count)}, last with ${how}${also}` };
}

/** Why the node killed a container that ended with an exit code of its own: possibly because of that, possibly before it ended. */
function alsoFailed(subject: Subject, said: Killing | undefined): string {
  if (said?.by === 'hook') return `; its postStart hook failed as well${hookOf(subject)}`;
  if (said?.by === 'probe') return `; its ${said.probe} probe failed as well, and the node reported that it kills the container for that`;
  return '';
}

const times = (count: number): string => (count === 2 ? 'twice' : `${count} times`);

function describeEnd({ exitCode, signal, reason }: Terminated): string {
  if (signal) return `signal ${signal}`;
  return `exit code ${exitCode ?? 'unknown'}${reason && reason !== 'Error' ? ` (${reason})` : ''}`;
}

function limitOf(pod: Pod, name: string | undefined): string {
  const limit = declared(pod, name)?.resources?.limits?.memory;
  return limit ? `its memory limit is ${limit}` : 'it has no memory limit, so the node ran out of memory';
}

/**
 * Whether the kubelet may have stopped it, by SIGTERM or SIGKILL. A probe also fails on a container that has exited by
 * itself, and the kubelet then reports that it kills it; but any other exit code is the container's own.
 */
const endedWhenTold = ({ exitCode, signal }: Terminated): boolean => Boolean(signal) || [undefined, 0, 137, 143].includes(exitCode);

type Killing = { readonly by: 'probe'; readonly probe: string } | { readonly by: 'hook' } | { readonly by: 'node'; readonly message: string };

/** The kubelet reports in an event why it kills a container (killContainer in k8s.io/kubernetes/pkg/kubelet/kuberuntime). */
function killedBy({ events, status }: Subject): Killing | undefined {
  const said = events.filter(({ reason, message = '' }) => (reason === 'Killing' && !/^Stopping container /.test(message)) || reason === 'FailedPostStartHook')
    .filter((event) => aboutContainer(event, status.name) && isNamed(event.message, status.name)).at(-1);
  if (!said) return undefined;
  const { reason, message = '' } = said;
  if (reason === 'FailedPostStartHook' || message.startsWith('FailedPostStartHook')) return { by: 'hook' };
  const probe = /failed (liveness|startup) probe/.exec(message)?.[1];
  return probe ? { by: 'probe', probe } : { by: 'node', message: oneLine(message) };
}

/** A message that starts with the name of a container is about that container. */
const isNamed = (message = '', name = ''): boolean => !/^(Init c|C)ontainer /.test(message) || message.includes(`ontainer ${name} `);

/** What the hook runs or requests, and what the kubelet reports about it. */
function hookOf({ pod, status }: Subject): string {
  const { exec, httpGet } = declared(pod, status.name)?.lifecycle?.postStart ?? {};
  const what = exec ? exec.command?.join(' ') : httpGet && `GET :${httpGet.port ?? ''}${httpGet.path ?? '/'}`;
  const { reason, message } = status.state?.waiting ?? {};
  const words = reason === 'PostStartHookError' && message ? `: ${oneLine(message)}` : '';
  return `${what ? ` (\`${what}\`)` : ''}${words}`;
}
