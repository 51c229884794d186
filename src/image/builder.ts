import type { BuildConfig } from '../config/config.js';
import { CommandError } from '../outcome/errors.js';
import { asTyped, docker, finalError, type DockerAccess, type DockerPorts } from './docker.js';
import { missingPlatforms } from './platforms.js';
import { placeWords, settingText } from '../outcome/place-words.js';

/** What the builder can do. */
export interface Builder {
  /** What it builds for when no platform is named; undefined when its list does not show it. */
  readonly native?: string;
  /** Whether it can attach provenance. */
  readonly attestations: boolean;
  /** Whether index and manifests can be annotated. */
  readonly annotations: boolean;
  /** Whether it can keep a cache in a registry or on GitHub. */
  readonly cacheExport: boolean;
  /** Whether it can push without a tag. */
  readonly pushesByDigest: boolean;
}

export type Version = readonly [major: number, minor: number, patch: number];

const minimum: Version = [0, 10, 0];
/** First version with `--annotation`: https://github.com/docker/buildx/releases/tag/v0.12.0 */
const withAnnotations: Version = [0, 12, 0];
const bootTimeoutMs = 180_000;

/**
 * Starts the builder if necessary and returns what it can do. Throws CommandError early:
 * `tool-missing` when docker or buildx is missing, `build-failed` when the builder is, `platform-unsupported` when it cannot build for a platform.
 */
export async function inspectBuilder(
  ports: DockerPorts, access: DockerAccess, build: Pick<BuildConfig, 'builder' | 'platforms'>,
): Promise<Builder> {
  const inspectArgs = ['buildx', 'inspect', '--bootstrap', ...(build.builder === undefined ? [] : ['--', build.builder])];
  // In parallel, because each call of docker takes a tenth of a second. When buildx is missing, the error of the first one is clearer.
  const [known, asked] = await Promise.allSettled([buildxVersion(ports, access), docker(ports, access, { args: inspectArgs, timeoutMs: bootTimeoutMs })]);
  if (known.status === 'rejected') throw known.reason;
  if (asked.status === 'rejected') throw asked.reason;
  const [version, inspected] = [known.value, asked.value];
  const found = parseBuilder(inspected.stdout);
  if (inspected.code !== 0 || found.error !== undefined) {
    throw noBuilder(build.builder, found.error ?? finalError(inspected.stderr), asTyped(inspectArgs));
  }
  const whole = found.driver !== 'docker' || await usesContainerdStore(ports, access);
  if (!whole && build.platforms.length > 1) {
    throw new CommandError('platform-unsupported',
      `The builder "${found.name}" is part of the Docker daemon and cannot build for ${build.platforms.join(' and ')} at once.`,
      { hint: `${placeWords().setUpBuildx} Or set ${settingText('platforms')} to a single platform.` });
  }
  const missing = missingPlatforms(build.platforms, found.platforms);
  if (missing.length > 0) throw unsupported(found.name, missing, found.platforms);
  return {
    native: found.native, attestations: whole, annotations: whole && !isOlder(version, withAnnotations), cacheExport: whole, pushesByDigest: whole,
  };
}

/** Throws CommandError tool-missing without docker or buildx. Undefined for a build without a version. */
export async function buildxVersion(ports: DockerPorts, access: DockerAccess): Promise<Version | undefined> {
  const exited = await docker(ports, access, { args: ['buildx', 'version'], timeoutMs: 30_000 }).catch((error: unknown) => {
    if (error instanceof CommandError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
      throw new CommandError('tool-missing', 'docker is not installed on this machine. It is needed to build images.', {
        hint: placeWords().setUpDocker,
        cause: error,
      });
    }
    throw error;
  });
  if (exited.code !== 0) {
    throw new CommandError('tool-missing', 'docker is installed without buildx, which is needed to build images.', {
      hint: placeWords().setUpBuildx, evidence: [{ title: 'docker buildx version', text: `${exited.stdout}${exited.stderr}`.trim() }],
    });
  }
  const version = parseBuildxVersion(exited.stdout);
  if (isOlder(version, minimum)) {
    const message = `buildx ${version?.join('.')} is too old: ${minimum.join('.')} or later is needed.`;
    throw new CommandError('tool-missing', message, { hint: placeWords().setUpBuildx });
  }
  return version;
}

/** `github.com/docker/buildx v0.29.1 a1b2c3d` → [0, 29, 1]; undefined for a build without a version. */
export function parseBuildxVersion(text: string): Version | undefined {
  const [, major, minor, patch] = (/\bv?(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []).map(Number);
  const known = major !== undefined && minor !== undefined && patch !== undefined && major + minor + patch > 0;
  return known ? [major, minor, patch] : undefined;
}

/** False for an unknown version: a custom build is more likely new than old. */
function isOlder(version: Version | undefined, than: Version): boolean {
  if (version === undefined) return false;
  const differs = version.findIndex((part, i) => part !== than[i]);
  return differs !== -1 && (version[differs] ?? 0) < (than[differs] ?? 0);
}

export interface ParsedBuilder {
  readonly name: string;
  /** `docker-container`, `remote`, `kubernetes`, `cloud`, or `docker` for the builder in the Docker daemon. */
  readonly driver: string;
  /** Of all its nodes together, without the `*` of preferred ones. */
  readonly platforms: readonly string[];
  /** The first of its first node: BuildKit lists its own platform before emulated ones. Undefined when a user has configured preferred ones. */
  readonly native?: string;
  readonly error?: string;
}

/** The text of `docker buildx inspect`: https://github.com/docker/buildx/blob/master/commands/inspect.go */
export function parseBuilder(text: string): ParsedBuilder {
  const values = (key: string) => text.split('\n').flatMap((line) => {
    const [, name, value] = /^([A-Z][A-Za-z ]*):\s+(\S.*)$/.exec(line) ?? [];
    return name === key && value !== undefined ? [value.trim()] : [];
  });
  const listed = values('Platforms').map((list) => list.split(',').map((platform) => platform.trim()).filter(Boolean));
  const platforms = listed.flat().map((platform) => platform.replace(/\*$/, ''));
  const native = listed[0]?.some((platform) => platform.endsWith('*')) ? undefined : listed[0]?.[0];
  return {
    name: values('Name')[0] ?? 'default',
    driver: values('Driver')[0] ?? '',
    platforms: [...new Set(platforms)],
    ...(native !== undefined && { native }),
    error: values('Error')[0],
  };
}

/** Why there is no builder of this name, or it does not start. */
export function noBuilder(asked: string | undefined, reason: string, command: string): CommandError {
  if (asked !== undefined && /no builder .* found/.test(reason)) {
    return new CommandError('build-failed', `There is no builder "${asked}" on this machine.`, {
      hint: `Set ${settingText('builder')} to ${placeWords().builderName}. Without it, the current builder is used.`,
    });
  }
  const evidence = [{ title: command, text: reason }];
  if (/Cannot connect to the Docker daemon|permission denied.*docker\.sock/i.test(reason)) {
    return new CommandError('build-failed', `The Docker daemon cannot be reached: ${reason}`, {
      hint: `Start Docker on this machine, or set ${settingText('builder')} to a remote builder, which needs no daemon.`, evidence,
    });
  }
  const which = asked === undefined ? 'The builder' : `The builder "${asked}"`;
  return new CommandError('build-failed', `${which} does not start: ${reason}`, { hint: placeWords().setUpBuildx, evidence });
}

export function unsupported(name: string, missing: readonly string[], available: readonly string[]): CommandError {
  const message = `The builder "${name}" cannot build for ${missing.join(' and ')}: it supports ${available.join(', ') || 'no platform'}.`;
  return new CommandError('platform-unsupported', message, {
    hint: `${placeWords().setUpQemu}, use a builder with a node of that platform, or remove the platform from ${settingText('platforms')}.`,
  });
}

/** With the containerd image store, the builder in the daemon can do what the others can: https://docs.docker.com/engine/storage/containerd/ */
export async function usesContainerdStore(ports: DockerPorts, access: DockerAccess): Promise<boolean> {
  const { stdout } = await docker(ports, access, { args: ['info', '--format={{json .DriverStatus}}'], timeoutMs: 30_000 });
  return stdout.includes('io.containerd.snapshotter');
}
