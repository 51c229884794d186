import { ClusterError } from '../../outcome/errors.js';
import type { Pipe } from '../../ports/pipe.js';
import { within } from '../../ports/within.js';
import { ApiError } from '../client/api.js';
import { nameOf, type KubeObject, type Pod } from '../client/objects.js';
import { apiPath, resources } from '../client/resources.js';
import type { JobScope } from '../job/end-job.js';
import { openJob, removeJob } from '../job/open-job.js';
import { containerName, mountPath, volumeJob, waitFor } from './volume-job.js';

export interface VolumeWish {
  readonly app: string;
  /** Id of the run. */
  readonly run: string;
  /** Of a PersistentVolumeClaim in the namespace. */
  readonly claim: string;
  /** With a shell and the usual programs; busybox unless given. */
  readonly image?: string;
}

/** A volume that a pod has mounted. */
export interface Mounted {
  /** For messages: `the pod api-volume-1a2b3c4d5e-x7x2k`. */
  readonly words: string;
  readonly folder: string;
  /** Starts `sh -c script` in the pod; `args` are its $1, $2, …. Its exit code proves nothing: that of `kubectl exec` is 0 when the connection broke, too. */
  start(script: string, args: readonly string[], signal?: AbortSignal): Pipe;
  /** Ends the pod. Does not reject. */
  close(): Promise<void>;
}

/** With pulling the image, attaching the volume, and a cluster that has to add a node. ms */
const startMs = 300_000;

/** The pipe is made by the main process, which may be a moment later: without it, this would create a file of its name. */
const holdScript = `
tries=0
until [ -p "$1" ] || [ "$tries" = 100 ]; do tries=$((tries + 1)); sleep 0.1; done
[ -p "$1" ] && exec 4>"$1" || exit 91
printf 'held\\n'
while IFS= read -r line; do :; done
`;

/**
 * Starts a pod that mounts the claim. It ends when it is closed, and when this process is gone, whatever ended it.
 * @throws ClusterError; what `signal` aborts with
 */
export async function mountVolume(scope: JobScope, { app, run, claim, image }: VolumeWish, signal: AbortSignal): Promise<Mounted> {
  const { cluster, ports: { clock } } = scope;
  const otherwise = 'Keep the backups in a bucket (`s3://…`) or a folder.';
  await refuseWithout(scope, claim, otherwise, signal);
  const job = volumeJob({ app, run }, claim, image, String(clock.monotonic()));
  const pod = await openJob(scope, { job, container: containerName, words: `The pod that mounts the volume ${claim}`, otherwise, timeoutMs: startMs }, signal);
  const start: Mounted['start'] = (script, args, until) =>
    cluster.pipe(['exec', '--stdin', nameOf(pod), `--container=${containerName}`, '--', 'sh', '-c', script, 'sh', ...args], until);
  const holding = start(holdScript, [waitFor]);
  const close = async (): Promise<void> => {
    holding.end();
    await holding.stop();
    await removeJob(scope, nameOf(job));
  };
  try {
    await held(scope, pod, holding, signal);
  } catch (error) {
    await close();
    throw error;
  }
  return { words: `the pod ${nameOf(pod)}`, folder: mountPath, start, close };
}

/** A pod without its claim waits for it until its time limit. */
async function refuseWithout({ cluster: { api, namespace, typed } }: JobScope, claim: string, otherwise: string, signal: AbortSignal): Promise<void> {
  try {
    await api.get<KubeObject>(apiPath(resources.persistentvolumeclaims, namespace, claim), { signal });
  } catch (error) {
    // An account that is not allowed to look can be allowed to mount it.
    if (!(error instanceof ApiError) || error.status !== 404) {
      signal.throwIfAborted();
      return;
    }
    throw new ClusterError('config-invalid', `The PersistentVolumeClaim ${claim} does not exist in the namespace ${namespace}.`, {
      hint: `Create it, or correct \`backup.to\`: ${typed(['get', 'persistentvolumeclaims'])}. ${otherwise}`, cause: error,
    });
  }
}

/** Waits until the pod knows that somebody uses it. */
async function held({ ports: { clock } }: JobScope, pod: Pod, holding: Pipe, signal: AbortSignal): Promise<void> {
  const late = (): Error => new ClusterError('deadline', `The pod ${nameOf(pod)} runs, but no command could be run in it within 60 s.`, { hint: 'Check the connection to the cluster, and its node.' });
  await within(clock, { ms: 60_000, late, signal }, async (over) => {
    const stop = (): void => void holding.stop();
    over.addEventListener('abort', stop, { once: true });
    try {
      // By the iterator: the end of a loop would close the output, and with it the program.
      const { value } = await holding.output[Symbol.asyncIterator]().next();
      over.throwIfAborted();
      if (value && Buffer.from(value).toString() === 'held\n') return;
    } finally {
      over.removeEventListener('abort', stop);
    }
    await holding.stop();
    const { code, stderr } = await holding.exited;
    throw new ClusterError('permission-denied', `No command could be run in the pod ${nameOf(pod)} (exit code ${code})${stderr.trim() === '' ? '' : `: ${stderr.trim().slice(-300)}`}.`, {
      hint: 'The account needs the verb create on pods/exec, and the image a shell.',
    });
  });
}
