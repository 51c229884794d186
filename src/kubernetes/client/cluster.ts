import type { ClusterConfig } from '../../config/config.js';
import { ClusterError } from '../../outcome/errors.js';
import { jobIdentity } from '../../ports/job-identity.js';
import { shellWord } from '../../outcome/wording.js';
import type { Pipe } from '../../ports/pipe.js';
import type { Ports } from '../../ports/ports.js';
import type { Exited } from '../../ports/process.js';
import { ApiError, openApi, type Api } from './api.js';
import { writeAccess, type Access } from './access.js';
import { expiryOf, type Expiry } from './expiry.js';
import { checkKubeconfig } from './kubeconfig-check.js';
import { currentNamespace } from './kubeconfig.js';
import { meaningOf } from './meaning.js';
import { findKubectl } from './kubectl.js';
import { startProxy } from './proxy.js';

/** An open connection to one namespace of one cluster. */
export interface Cluster {
  readonly api: Api;
  readonly namespace: string;
  /** The one that the context of the kubeconfig names, if it names one. */
  readonly namespaceOfContext?: string;
  /** Runs kubectl with the run's access; `args` come after the connection's own. It is stopped when `signal` aborts. */
  kubectl(args: readonly string[], signal?: AbortSignal): Promise<Exited>;
  /** Starts kubectl with the run's access, with its input and output open: `exec`. */
  pipe(args: readonly string[], signal?: AbortSignal): Pipe;
  /** When the credentials expire, if the kubeconfig says it. */
  readonly expiry?: Expiry;
  /** Of Kubernetes: `v1.34.4`. Undefined if the account is not allowed to read it. */
  readonly version?: string;
  /** The same command as a person would type it. */
  typed(args: readonly string[]): string;
  close(): Promise<void>;
}

/**
 * Opens the cluster: checks the kubeconfig, finds kubectl, starts its proxy, and requests the version of the server, so an
 * unreachable cluster is found now.
 * @param folder private folder for the socket and, when given as content, the kubeconfig
 * @throws ClusterError config-invalid, tool-missing, api-unreachable or permission-denied, with the message of the server
 */
export async function openCluster(ports: Ports, config: ClusterConfig, folder: string): Promise<Cluster> {
  const written = await writeAccess(config, ports, folder);
  const env = { ...ports.env, ...written.env };
  const { user, namespace: namespaceOfContext } = await checkKubeconfig(ports, config, env);
  // A credential plugin of the kubeconfig may need the OIDC identity of this job.
  const access = user?.exec ? { ...written, env: { ...written.env, ...jobIdentity(ports.env) } } : written;
  const kubectl = await findKubectl(ports, config);
  const namespace = config.namespace ?? await currentNamespace(ports.files, env, config.context, () => askedNamespace(ports, kubectl, access));
  const proxy = await startProxy(ports, kubectl, access, folder);
  const over = new AbortController();
  const api = openApi(ports.http.onSocket(proxy.socketPath), ports, over.signal, () => proxy.trouble());
  const stop = (): Promise<void> => {
    over.abort();
    return proxy.stop();
  };
  try {
    const version = await answers(api, ports.cancelled);
    return connection(ports, { api, namespace, namespaceOfContext, kubectl, access, stop, expiry: expiryOf(user), version });
  } catch (error) {
    // Read before it is stopped: what it prints then is not the reason.
    const said = proxy.said();
    await stop();
    throw unreachable(error, said);
  }
}

/** What kubectl makes of a kubeconfig that cannot be read here. If it cannot read it either, its proxy will say so. */
async function askedNamespace(ports: Ports, kubectl: string, access: Access): Promise<string | undefined> {
  const args = [...access.args, 'config', 'view', '--minify', '--output=jsonpath={.contexts[0].context.namespace}'];
  const { code, stdout } = await ports.process.run({ program: kubectl, args, env: access.env, timeoutMs: kubectlTimeoutMs });
  return code === 0 ? stdout.trim() : undefined;
}

/** Longer than the API server itself takes before it gives a request up (60 s). */
const kubectlTimeoutMs = 90_000;

interface Parts {
  readonly api: Api;
  readonly namespace: string;
  readonly namespaceOfContext: string | undefined;
  readonly kubectl: string;
  readonly access: Access;
  readonly stop: () => Promise<void>;
  readonly expiry: Expiry | undefined;
  readonly version: string | undefined;
}

function connection(ports: Ports, parts: Parts): Cluster {
  const named = (args: readonly string[]): string[] => [...parts.access.args, `--namespace=${parts.namespace}`, ...args];
  return {
    api: parts.api,
    namespace: parts.namespace,
    namespaceOfContext: parts.namespaceOfContext,
    expiry: parts.expiry,
    version: parts.version,
    kubectl: (args, signal) => ports.process.run({ program: parts.kubectl, args: named(args), env: parts.access.env, timeoutMs: kubectlTimeoutMs, signal }),
    pipe: (args, signal) => ports.pipe({ program: parts.kubectl, args: named(args), env: parts.access.env, signal }),
    typed: (args) => ['kubectl', ...named(args)].map(shellWord).join(' '),
    close: parts.stop,
  };
}

/** The version of the server. An account that is not allowed to read it was answered by an API server as well. */
async function answers(api: Api, signal: AbortSignal): Promise<string | undefined> {
  try {
    return (await api.get<{ readonly gitVersion?: string }>('/version', { signal, timeoutMs: 10_000 })).gitVersion;
  } catch (error) {
    if (error instanceof ApiError && error.status === 403 && error.reason === 'Forbidden') return undefined;
    throw error;
  }
}

/** @param said what kubectl and its credential plugins have printed meanwhile */
function unreachable(error: unknown, said: string): unknown {
  if (!(error instanceof ApiError)) return error;
  if (error.status === 401) {
    return new ClusterError('permission-denied', `The cluster does not accept the credentials in the kubeconfig: ${error.message}.`, {
      hint: 'They are wrong or have expired: create new ones.', cause: error,
    });
  }
  const { cause, hint } = meaningOf(error);
  const words = said.replace(/^Error while proxying request: /, '');
  const more = words === '' || error.message.includes(words) ? '' : ` kubectl said: ${words}.`;
  return new ClusterError(cause, `The cluster does not answer: ${error.message}.${more}`, { hint, cause: error });
}
