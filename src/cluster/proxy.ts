import { ClusterError } from '../outcome/errors.js';
import type { ProcessRunner, Running } from '../ports/process.js';
import type { Access } from './kubeconfig.js';

/** sun_path of Linux holds 108 bytes, the last of them a zero: man 7 unix. */
const longestSocketPath = 107;

export interface Proxy {
  readonly socketPath: string;
  stop(): Promise<void>;
}

/**
 * Starts `kubectl proxy` on a socket in a private folder: exec plugins, client certificates, proxies and contexts all
 * work as they do for kubectl, because it is kubectl. Ready in about 90 ms. By itself it would refuse every path of a pod
 * that begins with `exec` or `attach`, and `/attachments` of an app as well; who may do what is the API server's to say.
 * @throws ClusterError api-unreachable when kubectl cannot use its configuration
 */
export async function startProxy(process: ProcessRunner, kubectl: string, access: Access, folder: string): Promise<Proxy> {
  const socketPath = `${folder}/api.sock`;
  if (Buffer.byteLength(socketPath) > longestSocketPath) {
    throw new ClusterError('api-unreachable', `The temporary folder ${folder} has too long a path for a socket in it (${longestSocketPath} bytes at most).`, {
      hint: 'Give the runner a shorter work folder, or set RUNNER_TEMP (TMPDIR in a terminal) to a shorter path.',
    });
  }
  let ready: () => void = () => undefined;
  const serving = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const running: Running = process.start({
    program: kubectl,
    args: [...access.args, 'proxy', `--unix-socket=${socketPath}`, '--keepalive=30s', '--reject-paths=^$'],
    env: access.env,
    onLine: (line) => {
      if (line.startsWith('Starting to serve')) ready();
    },
  });
  const ended = running.exited.then((exit) => {
    throw new ClusterError('api-unreachable', `kubectl cannot use its configuration: ${lastLine(exit.stderr) || `kubectl proxy ended with code ${exit.code}`}.`, {
      hint: 'Check `kubeconfig` and `kube-context`: `kubectl config get-contexts` lists what the file holds.',
    });
  });
  // When it ends later, requests fail by themselves; this promise must not be an unhandled rejection then.
  ended.catch(() => undefined);
  await Promise.race([serving, ended]);
  return { socketPath, stop: () => running.stop() };
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.replace(/^error: /, '') ?? '';
