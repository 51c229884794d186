import { join } from 'node:path';
import * as v from 'valibot';
import type { BuildConfig, Digest, ImageName } from '../config/config.js';
import { CommandError } from '../outcome/errors.js';
import { JsonError, readJson } from '../ports/json.js';
import { buildArguments } from './build-arguments.js';
import { explainBuildFailure, relevantLines } from './explain-build-failure.js';
import type { Builder } from './builder.js';
import { asTyped, docker, type DockerAccess, type DockerPorts } from './docker.js';
import { foreignPrograms } from './entrypoint.js';
import { claimTags, findExisting, type Existing } from './existing.js';
import { explainMissed } from './missing-file.js';
import { missingPlatforms } from './platforms.js';
import { formatReference } from './reference.js';
import { describeImage } from './registry.js';
import { classifyRegistryError } from './registry-error.js';
import { TemporaryError, withRetries } from './retry.js';
import type { Source } from './source.js';
import type { TagChoice } from './tags.js';

export interface BuildRequest {
  readonly build: BuildConfig;
  readonly image: ImageName;
  readonly tags: TagChoice;
  readonly source: Source;
  /** As `describeSettings` gives it. */
  readonly settings?: string;
  readonly builder: Builder;
}

export interface Built {
  readonly digest: Digest;
  /** Seen in the registry, attestations left out. */
  readonly platforms: readonly string[];
  /** `name:tag@sha256:…`: what is deployed. */
  readonly reference: string;
  /** Those that the image has now; mutable ones are not among them. */
  readonly tags: readonly string[];
  /** What is odd about the image. */
  readonly warnings?: readonly string[];
}

/**
 * The image of the commit: the one that the registry has, or else a new one, pushed by the tags that never move and
 * checked in the registry to be there, with every platform. Throws CommandError `build-failed`, `push-failed`,
 * `registry-denied` or `platform-unsupported`.
 */
export async function buildUnlessThere(ports: DockerPorts, access: DockerAccess, request: BuildRequest): Promise<Built> {
  const existing = await findExisting(ports, access, request);
  if (existing) return take(ports, access, request, usable(request, existing));
  try {
    const built = await build(ports, access, request);
    return { ...built, warnings: await foreignPrograms(ports.files, request.build, built.platforms) };
  } catch (error) {
    // Registries with immutable tags refuse a tag that another run has pushed meanwhile, each in words of its own.
    const quicker = mayBeTaken(error) ? await findExisting(ports, access, request) : undefined;
    if (!quicker) throw error;
    return take(ports, access, request, usable(request, quicker));
  }
}

/** The tags were free when they were chosen. */
function usable({ image }: BuildRequest, existing: Existing): Existing {
  if (!existing.builtOtherwise) return existing;
  throw new CommandError('push-failed', `${image}:${existing.tag} was pushed by another run meanwhile, with other settings of the build (${existing.digest}).`, {
    hint: 'Run again: the image then gets a tag of its own.',
  });
}

/** Whether a tag may have been refused because it is there by now. */
const mayBeTaken = (error: unknown): boolean => error instanceof CommandError && ['push-failed', 'registry-denied'].includes(error.code)
  && ['denied', 'other'].includes(classifyRegistryError(error.message));

/** Gives what exists the tags that it has not yet. */
async function take(ports: DockerPorts, access: DockerAccess, request: BuildRequest, { tag, digest, platforms }: Existing): Promise<Built> {
  const { image, tags, source } = request;
  ports.log.info(`${image}:${tag} is the image of commit ${source.revision} already (${digest}): it is taken as it is, and nothing is built.`);
  await claimTags(ports, access, request, digest);
  return { digest, platforms, reference: formatReference({ name: image, tag: tags.deployed, digest }), tags: [...tags.commit, ...tags.version] };
}

/** Builds the image anew. Throws as `buildUnlessThere`. */
export async function build(ports: DockerPorts, access: DockerAccess, request: BuildRequest): Promise<Built> {
  const { image, tags } = request;
  const built = await buildAndPush(ports, access, request);
  const platforms = await checkPushed(ports, access, request, tags.commit[0], built);
  const digest = await claimTags(ports, access, { ...request, tags: { commit: [], version: tags.version } }, built);
  const reference = formatReference({ name: image, tag: tags.deployed, digest });
  return { digest, platforms, reference, tags: [...tags.commit, ...tags.version] };
}

async function buildAndPush(ports: DockerPorts, access: DockerAccess, request: BuildRequest): Promise<Digest> {
  const folder = await ports.files.temporaryFolder();
  try {
    const metadataFile = join(folder, 'metadata.json');
    const secretFiles = await writeSecrets(ports, folder, request.build.buildSecrets);
    const args = buildArguments({ ...request, tags: request.tags.commit, metadataFile, secretFiles });
    const env = { ...environment(ports, request.source), ...usesGitHubCache(request) ? cacheAccess(ports) : {} };
    ports.log.command(asTyped(args));
    const attempt = () => ports.log.group(`build  ${request.image}`, () => runBuild(ports, access, request.build, args, env));
    await withRetries(ports, `Pushing ${request.image}`, attempt);
    return readDigest(await ports.files.readText(metadataFile));
  } finally {
    await ports.files.remove(folder);
  }
}

/** One build with its push. When only the push failed, the next try finds every step in the builder's cache. */
async function runBuild(
  ports: DockerPorts, access: DockerAccess, build: BuildConfig, args: readonly string[], env: Readonly<Record<string, string>>,
): Promise<void> {
  const exited = await docker(ports, access, { args, env, onLine: (line) => ports.log.output(line) });
  if (exited.code === 0) return;
  const output = `${exited.stdout}${exited.stderr}`;
  const failure = explainBuildFailure(output);
  const { cause, message, hint, temporary = false } = failure.missed ? await explainMissed(ports.files, build, failure, failure.missed) : failure;
  const evidence = [{ title: 'docker buildx build', text: relevantLines(output) }];
  throw new (temporary ? TemporaryError : CommandError)(cause, message, { hint, evidence });
}

/** Each secret in a file that only this user can read: arguments can be seen by everybody on the machine. */
async function writeSecrets(
  ports: DockerPorts, folder: string, secrets: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const [i, [id, value]] of Object.entries(secrets).entries()) {
    const path = join(folder, `secret-${i}`);
    await ports.files.writeText(path, value, 0o600);
    files[id] = path;
  }
  return files;
}

function environment(ports: DockerPorts, { committedAt }: Source): Record<string, string> {
  return {
    // The digest is all that is read of the metadata; to write the provenance into it as well takes time.
    BUILDX_METADATA_PROVENANCE: 'disabled',
    // Time stamps inside the image: https://reproducible-builds.org/specs/source-date-epoch/
    ...(committedAt !== undefined && !ports.env['SOURCE_DATE_EPOCH'] && { SOURCE_DATE_EPOCH: String(Math.floor(committedAt)) }),
  };
}

const usesGitHubCache = ({ build: { cache }, builder }: BuildRequest): boolean => cache === 'gha' && builder.cacheExport;

/** What buildx reads to reach the cache of GitHub: https://github.com/docker/buildx/blob/v0.29.1/build/opt.go#L928 */
const cacheVariables = ['ACTIONS_RUNTIME_TOKEN', 'ACTIONS_CACHE_URL', 'ACTIONS_RESULTS_URL', 'ACTIONS_CACHE_SERVICE_V2'];

const cacheAccess = ({ env }: DockerPorts): Record<string, string> =>
  Object.fromEntries(cacheVariables.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));

/** Of https://docs.docker.com/reference/cli/docker/buildx/build/#metadata-file, all that is used. */
const buildMetadata = v.object({ 'containerimage.digest': v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/)) });

function readDigest(metadata: string | undefined): Digest {
  try {
    return readJson(metadata ?? '', buildMetadata, 'its metadata file')['containerimage.digest'];
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new CommandError('push-failed', `buildx succeeded, but did not report the digest of what it pushed: ${error.message}.`, {
      hint: 'The builder is too old, or not one that pushes. Add `- uses: docker/setup-buildx-action@v3` before this step of the workflow.',
      evidence: [{ title: 'metadata of the build', text: metadata ?? 'no file' }], cause: error,
    });
  }
}

/** The platforms of what the registry holds now, after it was found to be what was built, complete. */
async function checkPushed(
  ports: DockerPorts, access: DockerAccess, { image, build: asked }: BuildRequest, tag: string | undefined, digest: Digest,
): Promise<readonly string[]> {
  const name = tag === undefined ? `${image}@${digest}` : `${image}:${tag}`;
  const found = await describeImage(ports, access, name, asked.builder);
  if (found.state !== 'present') {
    const reason = found.state === 'absent' ? 'the registry says that it does not exist' : found.reason;
    throw new CommandError('push-failed', `${name} was pushed, and cannot be read back: ${reason}.`, {
      hint: 'Check that the account may also read this repository, and that no clean-up removes images at once.',
    });
  }
  if (found.digest !== digest) {
    throw new CommandError('push-failed', `${name} was pushed with ${digest}, and holds ${found.digest} now.`, {
      hint: 'Another run pushed the same tag at the same moment. Let runs of one commit wait for each other (`concurrency`), '
        + 'then run again.',
    });
  }
  const missing = missingPlatforms(asked.platforms, found.platforms);
  if (missing.length > 0) {
    const held = found.platforms.join(', ') || 'no platform';
    throw new CommandError('push-failed', `${name} was pushed without ${missing.join(' and ')}: it holds ${held}.`, {
      hint: 'The registry or the builder dropped a part of the image. Run again; if it stays, look at the build log above.',
    });
  }
  return found.platforms;
}
