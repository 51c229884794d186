import { createHash } from 'node:crypto';
import type { Digest, ImageName } from '../config/config.js';
import { CommandError } from '../outcome/errors.js';
import { JsonError } from '../ports/json.js';
import { asTyped, docker, finalError, type DockerAccess, type DockerPorts } from './docker.js';
import { readConfiguration, readManifest, type Configuration, type Origin } from './manifest.js';
import { classifyRegistryError } from './registry-error.js';
import { TemporaryError, withRetries } from './retry.js';
import { settingText } from '../outcome/place-words.js';

/** An image in a registry. The origin is from its annotations or labels, as far as they were read. */
export interface ImageDescription extends Origin {
  /** The digest that the reference points to: that of the index, if there is one. */
  readonly digest: Digest;
  /** Without attestations. Empty when unknown. */
  readonly platforms: readonly string[];
  /** Digests of the images for each platform, without attestations: equal for equal content, even after a rebuild. */
  readonly manifests: readonly string[];
}

export type Described =
  | ({ readonly state: 'present' } & ImageDescription)
  | { readonly state: 'absent' }
  | { readonly state: 'denied' | 'unreachable'; readonly reason: string };

const inspectTimeoutMs = 60_000;

/** What the registry has under a reference. Never throws for an answer of the registry; temporary failures are retried. */
export async function describeImage(
  ports: DockerPorts, access: DockerAccess, reference: string, builder?: string,
): Promise<Described> {
  return withRetries<Described>(ports, `Reading ${reference}`, async () => {
    const raw = await imagetools(ports, access, builder, ['inspect', '--raw', '--', reference]);
    if (raw.code === 0) return describe(ports, access, reference, raw.stdout, builder);
    const reason = finalError(raw.stderr);
    const kind = classifyRegistryError(reason);
    if (kind === 'absent') return { state: 'absent' };
    if (kind === 'denied') return { state: 'denied', reason };
    throw new (kind === 'temporary' ? TemporaryError : CommandError)('push-failed', reason);
  }).catch(unreadable);
}

function unreadable(error: unknown): Described {
  if (error instanceof CommandError || error instanceof JsonError) return { state: 'unreachable', reason: error.message };
  throw error;
}

async function describe(
  ports: DockerPorts, access: DockerAccess, reference: string, raw: string, builder?: string,
): Promise<Described> {
  // The digest is the hash of the bytes as the registry returned them.
  const digest = `sha256:${createHash('sha256').update(raw).digest('hex')}`;
  const { platforms, digests, origin } = readManifest(raw);
  if (platforms) return { state: 'present', digest, platforms, manifests: digests, ...origin };
  const config = await readConfigurationOf(ports, access, reference, builder);
  return { state: 'present', digest, platforms: config?.platforms ?? [], manifests: [digest], ...config?.origin, ...origin };
}

/** Undefined when the registry does not return it. @throws JsonError */
export async function readConfigurationOf(ports: DockerPorts, access: DockerAccess, reference: string, builder?: string): Promise<Configuration | undefined> {
  const config = await imagetools(ports, access, builder, ['inspect', '--format={{json .Image}}', '--', reference]);
  return config.code === 0 ? readConfiguration(config.stdout) : undefined;
}

/** As `describeImage`, with the commit from the labels when the index does not name it. */
export async function describeWithOrigin(
  ports: DockerPorts, access: DockerAccess, reference: string, builder?: string,
): Promise<Described> {
  const found = await describeImage(ports, access, reference, builder);
  return found.state !== 'present' || found.revision !== undefined ? found : withLabels(ports, access, reference, found, builder);
}

/** As `describeImage`, with the whole origin from the labels. */
export async function describeWithLabels(
  ports: DockerPorts, access: DockerAccess, reference: string, builder?: string,
): Promise<Described> {
  const found = await describeImage(ports, access, reference, builder);
  return found.state !== 'present' || found.settings !== undefined ? found : withLabels(ports, access, reference, found, builder);
}

async function withLabels(
  ports: DockerPorts, access: DockerAccess, reference: string, found: Described, builder?: string,
): Promise<Described> {
  try {
    const config = await readConfigurationOf(ports, access, reference, builder);
    return { ...config?.origin, ...found };
  } catch (error) {
    return unreadable(error);
  }
}

/** Whether two images of a repository have the same content. Their attestations, which contain times, may differ. */
export async function sameContent(ports: DockerPorts, access: DockerAccess, image: ImageName, a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([a, b].map((digest) => describeImage(ports, access, `${image}@${digest}`)));
  return left?.state === 'present' && right?.state === 'present' && sameManifests(left, right);
}

/** Whether both contain the same images. An index without images is not equal to any. */
export function sameManifests(a: Pick<ImageDescription, 'manifests'>, b: Pick<ImageDescription, 'manifests'>): boolean {
  return a.manifests.length > 0 && [...a.manifests].sort().join() === [...b.manifests].sort().join();
}

export interface TagMove {
  readonly image: ImageName;
  readonly digest: Digest;
  readonly tags: readonly string[];
  readonly builder?: string;
}

/**
 * Sets the tags to the digest in one call, and reads each back. Throws CommandError `registry-denied` or
 * `push-failed`; temporary failures are retried, which is safe because the result is the same.
 */
export async function moveTags(ports: DockerPorts, access: DockerAccess, move: TagMove): Promise<void> {
  if (move.tags.length === 0) return;
  const args = moveTagsArguments(move);
  ports.log.command(asTyped(args));
  const names = move.tags.map((tag) => `${move.image}:${tag}`).join(', ');
  try {
    await withRetries(ports, `Tagging ${names}`, async () => {
      const exited = await docker(ports, access, { args, timeoutMs: 5 * inspectTimeoutMs });
      if (exited.code !== 0) throw tagFailure(names, finalError(exited.stderr));
    });
  } catch (error) {
    await explainUnmoved(ports, access, move, error);
    return;
  }
  await Promise.all(move.tags.map((tag) => checkTag(ports, access, move, tag)));
}

/**
 * A registry with immutable tags refuses to set an existing tag, even to the digest that it already has. Returns when all
 * tags are as wanted; otherwise throws an error that names the tags that are not.
 */
async function explainUnmoved(ports: DockerPorts, access: DockerAccess, move: TagMove, error: unknown): Promise<void> {
  // There is no point in reading the tags when the registry is unreachable.
  if (!(error instanceof CommandError) || !['denied', 'other'].includes(classifyRegistryError(error.message))) throw error;
  const found = await Promise.all(move.tags.map(async (tag) => ({ tag, now: await describeImage(ports, access, `${move.image}:${tag}`, move.builder) })));
  const others = found.filter(({ now }) => now.state !== 'present' || now.digest !== move.digest);
  if (others.length === 0) return;
  const kept = others.flatMap(({ tag, now }) => (now.state === 'present' ? [`${move.image}:${tag} points to ${now.digest}`] : []));
  if (kept.length === 0 || kept.length < others.length) throw error;
  throw new CommandError(error.code, `${kept.join(' and ')}, and the registry did not allow it to be moved. ${error.message}`, {
    hint: `If tags are immutable in this registry, remove moving tags such as \`latest\` from ${settingText('tags')}. Otherwise check that the account can overwrite tags.`,
    evidence: error.evidence, cause: error,
  });
}

function moveTagsArguments({ image, digest, tags, builder }: TagMove): string[] {
  return [
    'buildx', 'imagetools', 'create', '--progress=plain', ...(builder === undefined ? [] : [`--builder=${builder}`]),
    ...tags.map((tag) => `--tag=${image}:${tag}`), '--', `${image}@${digest}`,
  ];
}

async function checkTag(ports: DockerPorts, access: DockerAccess, move: TagMove, tag: string): Promise<void> {
  const found = await describeImage(ports, access, `${move.image}:${tag}`, move.builder);
  if (found.state === 'present' && found.digest === move.digest) return;
  const seen = found.state === 'present' ? `it pointed to ${found.digest}` : found.state === 'absent' ? 'it did not exist' : `it could not be read: ${found.reason}`;
  throw new CommandError('push-failed', `${move.image}:${tag} was set to ${move.digest}, but afterwards ${seen}.`, {
    hint: 'Another run may have moved it at the same time, or the registry changes pushed images. Run again.',
  });
}

function tagFailure(names: string, reason: string): CommandError {
  const kind = classifyRegistryError(reason);
  if (kind === 'denied') return new CommandError('registry-denied', `The registry refused to set ${names}: ${reason}.`);
  return new (kind === 'temporary' ? TemporaryError : CommandError)('push-failed', `${names} could not be set: ${reason}.`);
}

function imagetools(ports: DockerPorts, access: DockerAccess, builder: string | undefined, args: readonly [string, ...string[]]) {
  const [command, ...rest] = args;
  const chosen = builder === undefined ? [] : [`--builder=${builder}`];
  return docker(ports, access, { args: ['buildx', 'imagetools', command, ...chosen, ...rest], timeoutMs: inspectTimeoutMs });
}
