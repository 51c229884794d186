import type { SetupConfig } from '../config/setup-config.js';
import { buildxVersion, noBuilder, parseBuilder, unsupported, usesContainerdStore, type ParsedBuilder } from '../image/builder.js';
import { asTyped, docker, finalError, ownAccess, type DockerPorts } from '../image/docker.js';
import { missingPlatforms, normalizePlatform } from '../image/platforms.js';
import { classifyRegistryError } from '../image/registry-error.js';
import { TemporaryError, withRetries } from '../image/retry.js';
import { CommandError } from '../outcome/errors.js';
import { settingText } from '../outcome/place-words.js';

type Wanted = NonNullable<SetupConfig['builder']>;

/** Created where the only builder is a part of the Docker daemon, which can neither build for several platforms nor export a cache. */
const ownName = 'deploy-action';

/** Version qemu-v10.2.3. It runs with all privileges, so it is named by its digest. */
const emulationImage = 'docker.io/tonistiigi/binfmt@sha256:400a4873b838d1b89194d982c45e5fb3cda4593fbfd7e08a02e76b03b21166f0';

/** Pulls an image. */
const bootTimeoutMs = 300_000;
const timeoutMs = 60_000;

/** The builder that later steps use. */
export interface SetUpBuilder extends Pick<ParsedBuilder, 'name' | 'platforms'> {
  /** Of buildx. */
  readonly version: string | undefined;
}

/**
 * Finds a builder that can do what the settings want, or creates it, and installs emulation for the platforms that it lacks.
 * @throws CommandError tool-missing without docker or buildx, build-failed when no builder starts, platform-unsupported
 */
export async function setUpBuilder(ports: DockerPorts, wanted: Wanted): Promise<SetUpBuilder> {
  const version = (await buildxVersion(ports, ownAccess))?.join('.');
  const builder = await findBuilder(ports, wanted) ?? await createBuilder(ports, wanted);
  const missing = missingPlatforms(wanted.platforms, builder.platforms);
  const complete = missing.length === 0 ? builder : await emulate(ports, wanted, builder, missing);
  ports.log.info(`builder: ${complete.name} (${complete.driver}) builds for ${complete.platforms.join(', ')}`);
  return { name: complete.name, platforms: complete.platforms, version };
}

/** The builder that is there already; undefined when one must be created. */
async function findBuilder(ports: DockerPorts, { name }: Wanted): Promise<ParsedBuilder | undefined> {
  if (name !== undefined) return inspect(ports, name, 'may be absent');
  const current = await inspect(ports, undefined);
  if (current?.driver !== 'docker' || await usesContainerdStore(ports, ownAccess)) return current;
  const own = await inspect(ports, ownName, 'may be absent');
  if (own !== undefined) await run(ports, ['buildx', 'use', '--', ownName], timeoutMs);
  return own;
}

/** Starts the builder and reads what it can do. Undefined when there is none of this name. */
async function inspect(ports: DockerPorts, name: string | undefined, absence?: 'may be absent'): Promise<ParsedBuilder | undefined> {
  const args = ['buildx', 'inspect', '--bootstrap', ...(name === undefined ? [] : ['--', name])];
  return withRetries(ports, 'The start of the builder', async () => {
    const { code, stdout, stderr } = await docker(ports, ownAccess, { args, timeoutMs: bootTimeoutMs });
    const found = parseBuilder(stdout);
    if (code === 0 && found.error === undefined) return found;
    const reason = found.error ?? finalError(stderr);
    if (absence !== undefined && /no builder .* found/.test(reason)) return undefined;
    const { code: cause, message, evidence } = noBuilder(name, reason, asTyped(args));
    const hint = 'Check that the user of the runner is allowed to start containers: `docker run --rm hello-world`.';
    // Its image comes from a registry.
    throw new (classifyRegistryError(reason) === 'temporary' ? TemporaryError : CommandError)(cause, message, { hint, evidence });
  });
}

/** A builder in a container of its own. It stays on the machine with its cache, so later jobs of the same runner find it. */
async function createBuilder(ports: DockerPorts, { name, buildkitImage }: Wanted): Promise<ParsedBuilder> {
  const called = name ?? ownName;
  try {
    await run(ports, [
      'buildx', 'create', '--driver=docker-container', `--name=${called}`,
      ...(buildkitImage === undefined ? [] : [`--driver-opt=image=${buildkitImage}`]), ...(name === undefined ? ['--use'] : []),
    ], timeoutMs);
    ports.log.info(`builder: created ${called}`);
  } catch (error) {
    // Another job on this machine has created it since it was looked for.
    if (!(error instanceof CommandError) || !error.message.includes('existing instance for')) throw error;
    if (name === undefined) await run(ports, ['buildx', 'use', '--', called], timeoutMs);
  }
  return await inspect(ports, called) ?? { name: called, driver: '', platforms: [] };
}

/** Lets the kernel of this machine run programs for other processors. */
async function emulate(
  ports: DockerPorts, { emulationImage: image = emulationImage }: Wanted, builder: ParsedBuilder, missing: readonly string[],
): Promise<ParsedBuilder> {
  const processors = [...new Set(missing.map(processorOf))].filter((processor) => processor !== undefined);
  // A builder elsewhere does not use the emulation of this machine.
  const isHere = builder.driver === 'docker' || builder.driver === 'docker-container';
  if (!isHere || processors.length === 0) throw stillMissing(builder, missing);
  await run(ports, ['run', '--privileged', '--rm', image, '--install', processors.join(',')], bootTimeoutMs);
  ports.log.info(`emulation: installed for ${processors.join(', ')} from ${image}`);
  const after = await inspect(ports, builder.name) ?? builder;
  const left = missingPlatforms(missing, after.platforms);
  if (left.length > 0) throw stillMissing(after, left);
  return after;
}

const stillMissing = ({ name, platforms }: ParsedBuilder, missing: readonly string[]): CommandError =>
  new CommandError('platform-unsupported', unsupported(name, missing, platforms).message, {
    hint: `Use a builder with a node of that platform, or remove the platform from ${settingText('platforms')}.`,
  });

/** As the image of the emulation calls it: `arm64`, `arm`. Undefined for a system that cannot be emulated. */
function processorOf(platform: string): string | undefined {
  const [system, processor] = normalizePlatform(platform).split('/');
  return system === 'linux' ? processor : undefined;
}

async function run(ports: DockerPorts, args: readonly string[], limitMs: number): Promise<void> {
  ports.log.command(asTyped(args));
  const { code, stderr, stdout } = await docker(ports, ownAccess, { args, timeoutMs: limitMs });
  if (code === 0) return;
  const reason = finalError(stderr);
  throw new CommandError('build-failed', `${asTyped(args.slice(0, args[0] === 'buildx' ? 2 : 1))} failed: ${reason}`, {
    hint: 'Run the command by hand on the machine. The user of the runner must be allowed to use Docker.', evidence: [{ title: asTyped(args), text: `${stdout}${stderr}`.trim() }],
  });
}
