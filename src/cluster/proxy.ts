import { ClusterError } from '../outcome/errors.js';
import type { ProcessRunner, Running } from '../ports/process.js';
import type { Access } from './kubeconfig.js';

export interface Proxy {
  readonly socketPath: string;
  stop(): Promise<void>;
}

/**
 * Starts `kubectl proxy` on a socket in a private folder: exec plugins, client certificates, proxies and contexts all
 * work as they do for kubectl, because it is kubectl. Ready in about 90 ms.
 * @throws ClusterError api-unreachable when kubectl cannot use its configuration
 */
export async function startProxy(process: ProcessRunner, kubectl: string, access: Access, folder: string): Promise<Proxy> {
  const socketPath = `${folder}/api.sock`;
  let ready: () => void = () => undefined;
  const serving = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const running: Running = process.start({
    program: kubectl,
    args: [...access.args, 'proxy', `--unix-socket=${socketPath}`, '--keepalive=30s'],
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
