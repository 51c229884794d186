import type { BuildConfig, ImageName } from '../config/config.js';
import type { Builder } from './builder.js';
import { settingsLabel } from './build-settings.js';
import type { Source } from './source.js';

export interface BuildArguments {
  readonly build: BuildConfig;
  readonly image: ImageName;
  /** Tags to push. Without any, the image is pushed by digest only. */
  readonly tags: readonly string[];
  readonly source: Source;
  /** The build settings, as `describeSettings` returns them. */
  readonly settings?: string;
  readonly builder: Builder;
  readonly metadataFile: string;
  /** Id of each build secret → the file that holds it. */
  readonly secretFiles: Readonly<Record<string, string>>;
}

/**
 * The arguments of `docker` that build and push the image. Every option is written with its value (`--opt=value`), so a
 * value with a leading dash cannot become an option.
 */
export function buildArguments(request: BuildArguments): string[] {
  const { build, image, tags, builder, metadataFile, secretFiles } = request;
  const sourceLabels = ociLabels(request.source);
  const option = (name: string, value: string | undefined) => (value === undefined ? [] : [`--${name}=${value}`]);
  const pairs = (name: string, values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([key, value]) => `--${name}=${key}=${value}`);
  return [
    'buildx', 'build', '--progress=plain',
    ...option('builder', build.builder),
    ...output(image, tags),
    ...option('platform', build.platforms.length > 0 ? build.platforms.join(',') : undefined),
    ...option('file', build.dockerfile === undefined ? undefined : notAnOption(build.dockerfile)),
    ...option('target', build.target),
    ...pairs('build-arg', build.buildArgs),
    ...Object.entries(secretFiles).map(([id, path]) => `--secret=${csv(`id=${id}`, `src=${path}`)}`),
    ...pairs('label', { ...sourceLabels, ...(request.settings !== undefined && { [settingsLabel]: request.settings }), ...build.labels }),
    ...(builder.annotations ? pairs('annotation', annotations({ ...sourceLabels, ...build.labels })) : []),
    // mode=max would publish the values of the build arguments.
    `--provenance=${builder.attestations ? 'mode=min' : 'false'}`,
    ...(builder.cacheExport ? cache(build.cache, image) : []),
    `--metadata-file=${metadataFile}`,
    '--', notAnOption(build.context),
  ];
}

function output(image: ImageName, tags: readonly string[]): string[] {
  if (tags.length > 0) return ['--push', ...tags.map((tag) => `--tag=${image}:${tag}`)];
  return [`--output=${csv('type=image', `name=${image}`, 'push-by-digest=true', 'name-canonical=true', 'push=true')}`];
}

/**
 * https://github.com/opencontainers/image-spec/blob/main/annotations.md
 * The time is that of the commit, so a rebuild gives the same image.
 */
function ociLabels(source: Source): Record<string, string> {
  const values = {
    revision: source.revision,
    created: source.committedAt === undefined ? undefined : timestamp(source.committedAt),
    source: source.url,
    version: source.version,
  };
  return Object.fromEntries(Object.entries(values)
    .flatMap(([name, value]) => (value === undefined ? [] : [[`org.opencontainers.image.${name}`, value]])));
}

/** RFC 3339, to the second. */
const timestamp = (seconds: number): string => new Date(Math.floor(seconds) * 1000).toISOString().replace('.000Z', 'Z');

/** Labels are in the configuration of the image; registries and scanners show the annotations of index and manifests. */
function annotations(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels)
    .filter(([name]) => name.startsWith('org.opencontainers.image.'))
    .map(([name, value]) => [`index,manifest:${name}`, value]));
}

/** A cache that cannot be written must not fail the build. One scope per image, or images would overwrite each other's cache. */
function cache(kind: BuildConfig['cache'], image: ImageName): string[] {
  if (kind === 'none') return [];
  if (kind === 'gha') {
    const scope = `scope=${image.replace(/[^A-Za-z0-9._-]+/g, '-')}`;
    return [`--cache-from=${csv('type=gha', scope)}`, `--cache-to=${csv('type=gha', scope, 'mode=max', 'ignore-error=true')}`];
  }
  const ref = `ref=${image}:buildcache`;
  return [
    `--cache-from=${csv('type=registry', ref)}`,
    `--cache-to=${csv('type=registry', ref, 'mode=max', 'image-manifest=true', 'ignore-error=true')}`,
  ];
}

/** One record in the format of Go's encoding/csv. */
function csv(...fields: readonly string[]): string {
  return fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',');
}

/** A path that starts with a dash must not be read as an option; `-` would be standard input. */
function notAnOption(path: string): string {
  return path.startsWith('-') ? `./${path}` : path;
}
