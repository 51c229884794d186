import { ClusterError, type DeployError } from '../../outcome/errors.js';
import { wordsOf } from '../../outcome/program-words.js';
import type { Ports } from '../../ports/ports.js';
import type { Exited, Running } from '../../ports/process.js';
import { unlessAborted, within } from '../../ports/within.js';
import type { Access } from './access.js';

/** sun_path of Linux holds 108 bytes, that of macOS 104, the last of them a zero: man 7 unix. */
const longestSocketPath = 103;
const socketName = 'api.sock';

/** Usually 90 ms. A credential plugin may wait for something that never comes. */
const startsWithinMs = 30_000;

export interface Proxy {
  readonly socketPath: string;
  /** What kubectl and its credential plugins have printed on stderr since it started. */
  said(): string;
  stop(): Promise<void>;
}

/**
 * Starts `kubectl proxy` on a socket in a private folder: exec plugins, client certificates, proxies and contexts work as
 * in kubectl. By default it rejects every path of a pod that starts with `exec` or `attach`, also `/attachments` of an app.
 * That filter is switched off: the API server decides what the account is allowed to do.
 * @param folder the private folder of the run; if its path is too long for a socket, another one is created
 * @throws DeployError config-invalid when kubectl cannot use its configuration, tool-missing, tool-timeout
 */
export async function startProxy(ports: Pick<Ports, 'process' | 'files' | 'clock' | 'cancelled'>, kubectl: string, access: Access, folder: string): Promise<Proxy> {
  const fits = Buffer.byteLength(`${folder}/${socketName}`) <= longestSocketPath;
  const socketFolder = fits ? folder : await ports.files.shortFolder(longestSocketPath - socketName.length - 1);
  const tidy = async (): Promise<void> => {
    if (!fits) await ports.files.remove(socketFolder).catch(() => undefined);
  };
  try {
    const proxy = await serve(ports, kubectl, access, `${socketFolder}/${socketName}`);
    return { ...proxy, stop: () => proxy.stop().finally(tidy) };
  } catch (error) {
    await tidy();
    throw error;
  }
}

async function serve({ process, clock, cancelled }: Pick<Ports, 'process' | 'clock' | 'cancelled'>, kubectl: string, access: Access, socketPath: string): Promise<Proxy> {
  let ready: () => void = () => undefined;
  const serving = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const said: string[] = [];
  const running: Running = process.start({
    program: kubectl,
    args: [...access.args, 'proxy', `--unix-socket=${socketPath}`, '--keepalive=30s', '--reject-paths=^$'],
    env: access.env,
    onLine: (line, stream) => {
      if (line.startsWith('Starting to serve')) ready();
      else if (stream === 'stderr' && said.length < 20) said.push(line);
    },
  });
  const ended = running.exited.then((exit) => {
    throw notServing(kubectl, exit);
  });
  // When kubectl exits later, requests fail by themselves. Then this promise must not be an unhandled rejection.
  ended.catch(() => undefined);
  const late = (): DeployError => new ClusterError('tool-timeout', `kubectl proxy did not start to serve within ${startsWithinMs / 1000} s${said.length > 0 ? `: ${wordsOf(said.join('\n'))}` : ''}.`, {
    hint: 'Run `kubectl proxy` on the runner to see what it is waiting for, for example a credential plugin.',
  });
  try {
    await within(clock, { ms: startsWithinMs, late, signal: cancelled }, (signal) => unlessAborted(Promise.race([serving, ended]), signal));
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { socketPath, said: () => wordsOf(said.join('\n')), stop: () => running.stop() };
}

function notServing(kubectl: string, exit: Exited): DeployError {
  const words = wordsOf(exit.stderr);
  if (exit.code === 126 || exit.code === 127) {
    return new ClusterError('tool-missing', `kubectl could not be started (${kubectl}): ${words || `the shell exited with code ${exit.code}`}.`, { hint: 'Install kubectl in an earlier step.' });
  }
  if (words === '') {
    return new ClusterError('unexpected', `kubectl proxy exited with code ${exit.code} and printed no reason.`, {
      hint: 'Run `kubectl proxy` on the runner to see why. It may have been killed, for example because the runner is out of memory.',
    });
  }
  if (/\blisten unix\b/.test(words)) {
    return new ClusterError('config-invalid', `kubectl proxy could not create its socket: ${words}.`, { hint: 'Check that this user is allowed to write to the temporary folder of the runner (RUNNER_TEMP; TMPDIR in a terminal).' });
  }
  return new ClusterError('config-invalid', `kubectl cannot use its configuration: ${words}.`, {
    hint: 'Check `kubeconfig` and `kube-context`: `kubectl config get-contexts` lists the contexts of the file.',
  });
}
