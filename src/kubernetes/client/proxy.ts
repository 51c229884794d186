import { ClusterError, type DeployError } from '../../outcome/errors.js';
import { wordsOf } from '../../outcome/program-words.js';
import { messageOf, sentence } from '../../outcome/wording.js';
import type { Ports } from '../../ports/ports.js';
import type { Exited, Running } from '../../ports/process.js';
import { unlessAborted, within } from '../../ports/within.js';
import type { Access } from './access.js';
import { placeWords, settingText } from '../../outcome/place-words.js';

/** sun_path of Linux holds 108 bytes, that of macOS 104, the last of them a zero: man 7 unix. */
const longestSocketPath = 103;
const socketName = 'api.sock';

/** Sockets of this process. A run may open the cluster more than once, for what it deploys to and for its database: each connection has its own. */
const inUse = new Set<string>();

function freePath(folder: string): string {
  const paths = Array.from({ length: inUse.size + 1 }, (_, index) => `${folder}/${index === 0 ? socketName : `api-${index + 1}.sock`}`);
  return paths.find((path) => !inUse.has(path)) ?? `${folder}/${socketName}`;
}

/** Usually 90 ms. A credential plugin may wait for something that never comes. */
const startsWithinMs = 30_000;

export interface Proxy {
  readonly socketPath: string;
  /** What kubectl and its credential plugins have printed on stderr since it started. */
  said(): string;
  /** Why it does not run at this moment; undefined while it does. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

type ProxyPorts = Pick<Ports, 'process' | 'files' | 'clock' | 'cancelled' | 'log'>;

/**
 * Starts `kubectl proxy` on a socket in a private folder: exec plugins, client certificates, proxies and contexts work as
 * in kubectl. If it exits, it is started again on the same socket; until then it is as if the API server were away.
 * By default it rejects every path of a pod that starts with `exec` or `attach`, also `/attachments` of an app. That filter
 * is switched off: the API server decides what the account is allowed to do.
 * @param folder the private folder of the run; if its path is too long for a socket, another one is created
 * @throws DeployError config-invalid when kubectl cannot use its configuration, tool-missing, tool-timeout
 */
export async function startProxy(ports: ProxyPorts, kubectl: string, access: Access, folder: string): Promise<Proxy> {
  const fits = Buffer.byteLength(freePath(folder)) <= longestSocketPath;
  const socketFolder = fits ? folder : await ports.files.shortFolder(longestSocketPath - socketName.length - 1);
  const socketPath = freePath(socketFolder);
  inUse.add(socketPath);
  const tidy = async (): Promise<void> => {
    inUse.delete(socketPath);
    if (!fits) await ports.files.remove(socketFolder).catch(() => undefined);
  };
  try {
    const start = (signal: AbortSignal): Promise<Serving> => serve(ports, kubectl, access, socketPath, signal);
    const proxy = new KeptProxy(await start(ports.cancelled), start, ports);
    return { socketPath, said: () => proxy.said(), trouble: () => proxy.trouble, stop: () => proxy.stop().finally(tidy) };
  } catch (error) {
    await tidy();
    throw error;
  }
}

/** A proxy that has printed that it serves. */
interface Serving {
  /** Resolves when it has exited, however it did. */
  readonly exited: Promise<Pick<Exited, 'code'> | undefined>;
  said(): string;
  stop(): Promise<void>;
}

/** Waits before each new start, ms. The kernel of a runner that is out of memory kills single processes, and does not go on for long. */
const startsAgainAfterMs = [0, 1000, 2000, 5000, 10_000];

/** Also starts again after the run was cancelled: its rollback needs the cluster. */
class KeptProxy {
  trouble: string | undefined;
  private readonly over = new AbortController();
  private readonly keeping: Promise<void>;

  constructor(private serving: Serving, private readonly start: (signal: AbortSignal) => Promise<Serving>, private readonly ports: ProxyPorts) {
    this.keeping = this.keep().catch(() => undefined);
  }

  said(): string {
    return this.serving.said();
  }

  async stop(): Promise<void> {
    this.over.abort(new Error('the connection to the cluster was closed'));
    await this.keeping;
    await this.serving.stop();
  }

  /** Rejects when it is to stop. */
  private async keep(): Promise<void> {
    const { over: { signal }, ports: { clock, log } } = this;
    for (const pauseMs of startsAgainAfterMs) {
      const exit = await unlessAborted(this.serving.exited, signal);
      this.trouble ??= `the \`kubectl proxy\` of this run ${howItExited(exit)}`;
      await clock.sleep(pauseMs, signal);
      log.warning(`${sentence(this.trouble)} It is started again.`);
      try {
        this.serving = await this.start(signal);
        this.trouble = undefined;
      } catch (error) {
        signal.throwIfAborted();
        this.trouble = `the \`kubectl proxy\` of this run could not be started again: ${messageOf(error).replace(/\.$/, '')}`;
      }
    }
    const exit = await unlessAborted(this.serving.exited, signal);
    this.trouble ??= `the \`kubectl proxy\` of this run ${howItExited(exit)} for the ${startsAgainAfterMs.length + 1}th time`;
    log.warning(`${sentence(this.trouble)} It is not started again, so the API server cannot be reached any more.`);
  }
}

/** A shell counts 128 and the number of the signal. */
function howItExited(exit: Pick<Exited, 'code'> | undefined): string {
  if (!exit) return 'exited';
  return exit.code > 128 ? `was killed by signal ${exit.code - 128}` : `exited with code ${exit.code}`;
}

async function serve({ process, clock }: ProxyPorts, kubectl: string, access: Access, socketPath: string, signal: AbortSignal): Promise<Serving> {
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
  // When kubectl exits later, this promise must not be an unhandled rejection.
  ended.catch(() => undefined);
  const late = (): DeployError => new ClusterError('tool-timeout', `kubectl proxy did not start to serve within ${startsWithinMs / 1000} s${said.length > 0 ? `: ${wordsOf(said.join('\n'))}` : ''}.`, {
    hint: 'Run `kubectl proxy` on this machine to see what it is waiting for, for example a credential plugin.',
  });
  try {
    await within(clock, { ms: startsWithinMs, late, signal }, (over) => unlessAborted(Promise.race([serving, ended]), over));
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { exited: running.exited.catch(() => undefined), said: () => wordsOf(said.join('\n')), stop: () => running.stop() };
}

function notServing(kubectl: string, exit: Exited): DeployError {
  const words = wordsOf(exit.stderr);
  if (exit.code === 126 || exit.code === 127) {
    return new ClusterError('tool-missing', `kubectl could not be started (${kubectl}): ${words || `the shell exited with code ${exit.code}`}.`, { hint: placeWords().install('kubectl') });
  }
  if (words === '') {
    return new ClusterError('unexpected', `kubectl proxy exited with code ${exit.code} and printed no reason.`, {
      hint: 'Run `kubectl proxy` on this machine to see why. It may have been killed, for example because the machine is out of memory.',
    });
  }
  if (/\blisten unix\b/.test(words)) {
    return new ClusterError('config-invalid', `kubectl proxy could not create its socket: ${words}.`, { hint: 'Check that this user is allowed to write to the temporary folder (RUNNER_TEMP on a runner of GitHub, otherwise TMPDIR).' });
  }
  return new ClusterError('config-invalid', `kubectl cannot use its configuration: ${words}.`, {
    hint: `Check ${settingText('kubeconfig')} and ${settingText('kube-context')}: \`kubectl config get-contexts\` lists the contexts of the file.`,
  });
}
