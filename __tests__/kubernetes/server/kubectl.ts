import type { Workload } from '../../../src/kubernetes/client/objects.js';
import { apiPath, workloadResource } from '../../../src/kubernetes/client/resources.js';
import { workloadKinds } from '../../../src/config/config.js';
import { readJson } from '../../../src/ports/json.js';
import { HttpError, textOf } from '../../../src/ports/http.js';
import type { Command, Exited, Running } from '../../../src/ports/process.js';
import { containersOf } from '../../../src/kubernetes/observe/workload.js';
import * as v from 'valibot';
import type { MemoryServer } from './memory-server.js';

const timeoutMs = 90_000;
const status = v.object({ reason: v.string(), message: v.string() });

/** `kubectl proxy`, which serves at once and for as long as nobody stops it. */
export function startKubectl({ onLine }: Command): Running {
  let exit: (exited: Exited) => void = () => undefined;
  const exited = new Promise<Exited>((resolve) => {
    exit = resolve;
  });
  queueMicrotask(() => onLine?.('Starting to serve on api.sock', 'stdout'));
  return { pid: 1, exited, stop: async () => exit({ code: 0, stdout: '', stderr: '' }) };
}

/** `kubectl set image`, which reads and patches each workload of the command in turn, in the words of kubectl 1.34. */
export async function runKubectl(server: MemoryServer, { args, signal }: Command): Promise<Exited> {
  const words = args.filter((arg) => !arg.startsWith('--'));
  if (words[0] !== 'set' || words[1] !== 'image') throw new Error(`kubectl ${args.join(' ')} is not in this world`);
  const refs = words.filter((word) => /^[a-z]+\//.test(word) && !word.includes('='));
  const images = words.filter((word) => word.includes('=')).map((word) => word.split(/=(.*)/s) as [string, string]);
  for (const ref of refs) {
    const failure = await setImage(server, ref, images, signal);
    if (failure !== undefined) return { code: 1, stdout: '', stderr: `${failure}\n` };
  }
  return { code: 0, stdout: refs.map((ref) => `${ref} image updated\n`).join(''), stderr: '' };
}

/** @returns what kubectl says of its failure */
async function setImage(
  server: MemoryServer, ref: string, images: readonly (readonly [string, string])[], signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const [written, name = ''] = ref.split('/');
  const kind = workloadKinds.find((each) => each === written);
  if (!kind) return `error: the server doesn't have a resource type "${written}"`;
  const path = apiPath(workloadResource[kind], server.namespace, name);
  const read = await call(server, 'GET', path, undefined, signal);
  if ('said' in read) return `Error from server (${read.reason}): ${read.said}`;
  const workload = JSON.parse(read.body) as Workload;
  const operations = containersOf(kind, workload).flatMap(({ pointer, container }) => images.filter(([of]) => of === container.name)
    .map(([, image]) => ({ op: 'replace', path: `${pointer}/image`, value: image })));
  const patched = await call(server, 'PATCH', path, operations, signal);
  return 'said' in patched ? `error: failed to patch image update to pod template: ${patched.said}` : undefined;
}

type Answered = { readonly body: string } | { readonly reason: string; readonly said: string };

async function call(server: MemoryServer, method: 'GET' | 'PATCH', path: string, body: unknown, signal: AbortSignal | undefined): Promise<Answered> {
  try {
    const response = await server.request({
      method, path, timeoutMs, signal, headers: { 'user-agent': 'kubectl-set', 'content-type': 'application/json-patch+json' }, body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await textOf(response, 1024 * 1024);
    if (response.status === 200) return { body: text };
    const { reason, message } = readJson(text, status, 'A status');
    return { reason, said: response.status >= 500 ? `Internal error occurred: ${message}` : message };
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return { reason: 'Timeout', said: `Patch "https://10.0.0.1:6443${path}": EOF` };
  }
}
