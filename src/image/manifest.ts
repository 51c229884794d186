import * as v from 'valibot';
import type { Digest } from '../config/config.js';
import { checkShape, readJson } from '../ports/json.js';
import { settingsLabel } from './build-settings.js';
import { normalizePlatform } from './platforms.js';

/** Where an image comes from, according to its labels or annotations. */
export interface Origin {
  /** The commit. */
  readonly revision?: string;
  /** The repository of that commit. */
  readonly source?: string;
  /** The build settings: see `describeSettings`. */
  readonly settings?: string;
}

export interface Manifest {
  /** Of the images in an index or manifest list; undefined for the manifest of one image, which does not contain its platform. */
  readonly platforms?: readonly string[];
  /** Digests of the images in an index. */
  readonly digests: readonly Digest[];
  readonly origin: Origin;
}

/** The configuration of one image, or of the images of several platforms. */
export interface Configuration {
  /** Of the one image; empty for several images or when unknown. */
  readonly platforms: readonly string[];
  /** The origin, if all images have the same. */
  readonly origin: Origin;
  /** The user that their processes run as, if all images have the same: `1000`, `app`; empty for root. Undefined when unknown. */
  readonly user?: string;
}

const [revision, source] = ['org.opencontainers.image.revision', 'org.opencontainers.image.source'] as const;

/** The annotations that are read: our own, and those of https://github.com/opencontainers/image-spec/blob/main/annotations.md */
const annotations = v.nullish(v.object({ [revision]: v.optional(v.string()), [source]: v.optional(v.string()), [settingsLabel]: v.optional(v.string()) }));

const platform = { os: v.optional(v.string()), architecture: v.optional(v.string()), variant: v.optional(v.string()) };

/** https://github.com/opencontainers/image-spec/blob/main/image-index.md, and manifest.md, which has no `manifests` */
const manifest = v.object({
  manifests: v.nullish(v.array(v.object({ digest: v.optional(v.string()), platform: v.nullish(v.object(platform)) }))),
  annotations,
});

/** https://github.com/opencontainers/image-spec/blob/main/config.md, as Go writes it: `null` for missing values. */
const imageConfig = v.object({ ...platform, config: v.nullish(v.object({ Labels: annotations, User: v.nullish(v.string()) })) });

/**
 * An index, a manifest list or the manifest of one image. Attestations are images for `unknown/unknown` in an index, and
 * are left out: https://docs.docker.com/build/metadata/attestations/attestation-storage/
 * @throws JsonError
 */
export function readManifest(text: string): Manifest {
  const { manifests, annotations: said } = readJson(text, manifest, 'its manifest');
  const images = (manifests ?? []).filter((each) => each.platform?.os !== 'unknown');
  return {
    platforms: manifests ? images.flatMap((each) => (each.platform?.os ? [platformText(each.platform)] : [])) : undefined,
    digests: images.flatMap(({ digest }) => (digest ? [digest] : [])),
    origin: originOf(said),
  };
}

/**
 * `{{json .Image}}` of buildx: the configuration of one image, those of several by their platforms, or `null`.
 * @throws JsonError
 */
export function readConfiguration(text: string): Configuration {
  const name = 'its configuration';
  const value = readJson(text, v.nullable(v.record(v.string(), v.unknown())), name) ?? {};
  if (!('config' in value) && !('os' in value)) {
    const configs = Object.values(checkShape(value, v.record(v.string(), v.nullable(imageConfig)), name));
    return { platforms: [], origin: commonOrigin(configs.map((each) => originOf(each?.config?.Labels))), ...commonUser(configs) };
  }
  const config = checkShape(value, imageConfig, name);
  return { platforms: config.os ? [platformText(config)] : [], origin: originOf(config.config?.Labels), ...commonUser([config]) };
}

/** Go leaves an empty user out. */
function commonUser(configs: readonly (v.InferOutput<typeof imageConfig> | null)[]): Pick<Configuration, 'user'> {
  const users = new Set(configs.map((each) => (each?.config ? each.config.User ?? '' : undefined)));
  const [user] = users;
  return users.size === 1 && user !== undefined ? { user } : {};
}

function originOf(said: v.InferOutput<typeof annotations>): Origin {
  const origin = { revision: said?.[revision], source: said?.[source], settings: said?.[settingsLabel] };
  // An empty label counts as missing.
  return Object.fromEntries(Object.entries(origin).filter(([, text]) => text));
}

const commonOrigin = ([first, ...others]: readonly Origin[]): Origin =>
  (first && others.every((other) => other.revision === first.revision) ? first : {});

const platformText = ({ os, architecture, variant }: { readonly os?: string; readonly architecture?: string; readonly variant?: string }): string =>
  normalizePlatform([os, architecture, variant].filter(Boolean).join('/'));
