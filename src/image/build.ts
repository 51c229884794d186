import { join, normalize } from 'node:path';
import * as v from 'valibot';
import type { BuildConfig, Digest, ImageName } from '../config/config.js';
import { CommandError, type FilePlace } from '../outcome/errors.js';
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
import { dockerfileOf, isRemoteContext, type Source } from './source.js';
import { lineOf } from './step-failure.js';
import type { TagChoice } from './tags.js';
import { placeWords } from '../outcome/place-words.js';

export interface BuildRequest {
  readonly build: BuildConfig;
  readonly image: ImageName;
  readonly tags: TagChoice;
  readonly source: Source;
  /** As `describeSettings` returns them. */
  readonly settings?: string;
  readonly builder: Builder;
  /** What was found under the tags a moment ago; undefined where nothing was looked for lately. */
  readonly seen?: { readonly existing: Existing | undefined };
}

export interface Built {
  readonly digest: Digest;
  /** As read from the registry, without attestations. */
  readonly platforms: readonly string[];
  /** `name:tag@sha256:…`: what is deployed. */
  readonly reference: string;
  /** Those that the image has now, without mutable ones. */
  readonly tags: readonly string[];
  /** Suspicious properties of the image. */
  readonly warnings?: readonly string[];
}

/**
 * The image of the commit: the one in the registry, or else a new one, pushed with the tags that never move and then
 * read back from the registry, with every platform. Throws CommandError `build-failed`, `push-failed`,
 * `registry-denied` or `platform-unsupported`.
 */
export async function buildUnlessThere(ports: DockerPorts, access: DockerAccess, request: BuildRequest): Promise<Built> {
  const existing = request.seen ? request.seen.existing : await findExisting(ports, access, request);
  if (existing) return take(ports, access, request, usable(request, existing));
  try {
    const built = await build(ports, access, request);
    return { ...built, warnings: await foreignPrograms(ports.files, request.build, built.platforms) };
  } catch (error) {
    // Registries with immutable tags refuse a tag that another run has pushed in the meantime, with differing messages.
    const quicker = mayBeTaken(error) ? await findExisting(ports, access, request) : undefined;
    if (!quicker) throw error;
    return take(ports, access, request, usable(request, quicker));
  }
}

/** Throws when the image under the tag was built with other settings: another run pushed it after the tag was chosen. */
function usable({ image }: BuildRequest, existing: Existing): Existing {
  if (!existing.builtOtherwise) return existing;
  throw new CommandError('push-failed', `${image}:${existing.tag} was pushed by another run in the meantime, built with different settings (${existing.digest}).`, {
    hint: 'Run again: this image then gets its own tag.',
  });
}

/** Whether the registry may have refused a tag because it exists by now. */
const mayBeTaken = (error: unknown): boolean => error instanceof CommandError && ['push-failed', 'registry-denied'].includes(error.code)
  && ['denied', 'other'].includes(classifyRegistryError(error.message));

/** Adds the missing tags to the existing image. */
async function take(ports: DockerPorts, access: DockerAccess, request: BuildRequest, { tag, digest, platforms }: Existing): Promise<Built> {
  const { image, tags, source } = request;
  ports.log.info(`${image}:${tag} already exists for commit ${source.revision} (${digest}): it is reused, and nothing is built.`);
  await claimTags(ports, access, request, digest);
  return { digest, platforms, reference: formatReference({ name: image, tag: tags.deployed, digest }), tags: [...tags.commit, ...tags.version] };
}

/** Builds the image, whether or not the registry has it. Throws as `buildUnlessThere`. */
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

/** One build with its push. When only the push failed, the next attempt finds every step in the cache of the builder. */
async function runBuild(
  ports: DockerPorts, access: DockerAccess, build: BuildConfig, args: readonly string[], env: Readonly<Record<string, string>>,
): Promise<void> {
  const exited = await docker(ports, access, { args, env, onLine: (line) => ports.log.output(line) });
  if (exited.code === 0) return;
  const output = `${exited.stdout}${exited.stderr}`;
  const failure = explainBuildFailure(output);
  const { cause, message, hint, temporary = false } = failure.missed ? await explainMissed(ports.files, build, failure, failure.missed) : failure;
  const evidence = [{ title: 'docker buildx build', text: relevantLines(output), isPrinted: true as const }];
  throw new (temporary ? TemporaryError : CommandError)(cause, message, { hint, evidence, place: placeOf(build, output) });
}

/** Where in the repository the build failed, if it is a Dockerfile of the repository. */
function placeOf(build: BuildConfig, output: string): FilePlace | undefined {
  const line = lineOf(output);
  return line === undefined || isRemoteContext(build.context) ? undefined : { file: normalize(dockerfileOf(build)), line };
}

/** Each secret in a file that only this user can read: arguments are visible to all users of the machine. */
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
    // Only the digest of the metadata is used; writing the provenance into it takes time.
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

/** The part that is used of https://docs.docker.com/reference/cli/docker/buildx/build/#metadata-file */
const buildMetadata = v.object({ 'containerimage.digest': v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/)) });

function readDigest(metadata: string | undefined): Digest {
  try {
    return readJson(metadata ?? '', buildMetadata, 'its metadata file')['containerimage.digest'];
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new CommandError('push-failed', `buildx succeeded, but did not report the digest of what it pushed: ${error.message}.`, {
      hint: `The builder is too old or cannot push. ${placeWords().setUpBuildx}`,
      evidence: [{ title: 'metadata of the build', text: metadata ?? 'no file' }], cause: error,
    });
  }
}

/** Reads the pushed image back, checks that it is complete and the one that was built, and returns its platforms. */
async function checkPushed(
  ports: DockerPorts, access: DockerAccess, { image, build: asked }: BuildRequest, tag: string | undefined, digest: Digest,
): Promise<readonly string[]> {
  const name = tag === undefined ? `${image}@${digest}` : `${image}:${tag}`;
  const found = await describeImage(ports, access, name, asked.builder);
  if (found.state !== 'present') {
    const reason = found.state === 'absent' ? 'the registry reports that it does not exist' : found.reason;
    throw new CommandError('push-failed', `${name} was pushed but cannot be read back: ${reason}.`, {
      hint: 'Check that the account can also read this repository, and that no clean-up job deletes new images.',
    });
  }
  if (found.digest !== digest) {
    throw new CommandError('push-failed', `${name} was pushed as ${digest} and now points to ${found.digest}.`, {
      hint: `Another run pushed the same tag at the same time. ${placeWords().serialize}`,
    });
  }
  const missing = missingPlatforms(asked.platforms, found.platforms);
  if (missing.length > 0) {
    const held = found.platforms.join(', ') || 'no platform';
    throw new CommandError('push-failed', `${name} was pushed without ${missing.join(' and ')}: it contains ${held}.`, {
      hint: 'The registry or the builder dropped a part of the image. Run again; if it fails again, check the output of the build.',
    });
  }
  return found.platforms;
}
