import * as v from 'valibot';
import { ClusterError } from '../../outcome/errors.js';
import type { Clock } from '../../ports/clock.js';
import { JsonError, readJson } from '../../ports/json.js';
import { within } from '../../ports/within.js';
import type { Cluster } from '../client/cluster.js';
import type { KubeObject } from '../client/objects.js';

/*
 * Objects in files, as kubectl reads and applies them. They are read by kubectl, because its YAML is another one than that of today's
 * libraries: `0644` is a number of 8 to it, and of 10 to them.
 */

export interface ManifestScope {
  readonly cluster: Pick<Cluster, 'pipe' | 'typed'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A file or a folder. */
export interface ManifestPath {
  readonly path: string;
  /** It has a `kustomization.yaml`. */
  readonly isKustomized: boolean;
}

/** The names that kubectl accepts: https://kubectl.docs.kubernetes.io/references/kustomize/ */
export const kustomizations: readonly string[] = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** The option of kubectl that names them. */
export const manifestFlag = ({ path, isKustomized }: ManifestPath): string => `--${isKustomized ? 'kustomize' : 'filename'}=${path}`;

const shape = v.looseObject({
  apiVersion: v.string(), kind: v.string(), metadata: v.optional(v.looseObject({ name: v.optional(v.string()), namespace: v.optional(v.string()) })),
  items: v.optional(v.array(v.looseObject({}))),
});

/** Longer than kubectl itself waits for an API server that applies admission rules to each object. */
const limitMs = 180_000;

/**
 * The objects of a file or folder. Nothing is sent to the cluster but questions about its kinds.
 * @throws ClusterError config-invalid with the message of kubectl
 */
export async function readManifests(scope: ManifestScope, path: ManifestPath): Promise<readonly KubeObject[]> {
  const { code, stdout, stderr } = await kubectl(scope, ['create', '--dry-run=client', '--output=json', manifestFlag(path)]);
  if (code !== 0) throw refused('config-invalid', `The objects in ${path.path} cannot be read`, stderr);
  // kubectl prints one document after another.
  return stdout.split(/(?<=^\})\n(?=\{)/m).filter((text) => text.trim() !== '').flatMap((text): readonly KubeObject[] => {
    const object = objectOf(text, path.path);
    return object.kind === 'List' ? object.items ?? [] : [object];
  });
}

/** Without any value of it in an error: it may be a Secret. */
function objectOf(text: string, path: string): v.InferOutput<typeof shape> {
  try {
    return readJson(text, shape, `What kubectl reads from ${path}`);
  } catch (error) {
    if (error instanceof JsonError) throw new ClusterError('config-invalid', `${error.source} ${error.problem}.`);
    throw error;
  }
}

/** Applies objects as they were read. @returns what kubectl says of each @throws ClusterError apply-failed with its message */
export async function applyObjects(scope: ManifestScope, objects: readonly KubeObject[]): Promise<readonly string[]> {
  if (objects.length === 0) return [];
  return applied(await kubectl(scope, ['apply', '--filename=-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })), 'The objects');
}

/** Applies the objects of a file or folder. The same. */
export const applyManifests = async (scope: ManifestScope, path: ManifestPath): Promise<readonly string[]> =>
  applied(await kubectl(scope, ['apply', manifestFlag(path)]), `The objects in ${path.path}`);

function applied({ code, stdout, stderr }: Printed, what: string): readonly string[] {
  if (code !== 0) throw refused('restore-failed', `${what} could not be applied`, stderr);
  return stdout.split('\n').filter((line) => line.trim() !== '');
}

function refused(cause: 'config-invalid' | 'restore-failed', what: string, stderr: string): ClusterError {
  const said = withoutObjects(stderr);
  // The first line names the object, and a list of what is wrong with it may follow.
  const first = said.slice(0, said[0]?.trimEnd().endsWith(':') ? 2 : 1).map((line) => line.trim().replace(/^\* /, '')).join(' ');
  return new ClusterError(cause, `${what}: ${first === '' ? 'kubectl does not say why' : first}`, {
    hint: 'Fix what kubectl says of them, and run this again.', ...said.length > 1 && { evidence: [{ title: 'kubectl', text: said.join('\n') }] },
  });
}

/** The lines of kubectl without the objects and patches that it prints after a conflict: they may be Secrets. */
const withoutObjects = (stderr: string): readonly string[] => stderr.split('\n').filter((line) => line.trim() !== '' && !/^\s*(?:\{|Object: |Warning: )|&\{map\[/.test(line));

interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function kubectl({ cluster, clock, signal }: ManifestScope, args: readonly string[], input?: string): Promise<Printed> {
  const late = (): Error => new ClusterError('api-unreachable', `${cluster.typed(args)} did not end within ${limitMs / 1000} s.`);
  return within(clock, { ms: limitMs, late, signal }, async (over) => {
    const pipe = cluster.pipe(args, over);
    const pieces: Uint8Array[] = [];
    const read = (async () => { for await (const piece of pipe.output) pieces.push(piece); })();
    if (input !== undefined) await pipe.write(input);
    pipe.end();
    await read;
    const { code, stderr } = await pipe.exited;
    return { code, stderr, stdout: Buffer.concat(pieces).toString('utf8') };
  });
}
