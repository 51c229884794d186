import type { BuildConfig, Digest, ImageName } from '../config/config.js';
import { CommandError } from '../outcome/errors.js';
import { compareSettings } from './build-settings.js';
import type { DockerAccess, DockerPorts } from './docker.js';
import { missingPlatforms } from './platforms.js';
import { describeImage, describeWithLabels, moveTags, sameManifests, type Described } from './registry.js';
import type { Source } from './source.js';
import type { TagChoice } from './tags.js';
import { settingText } from '../outcome/place-words.js';

/** An image and the immutable tags that it is going to have. */
export interface Claim {
  readonly image: ImageName;
  readonly tags: Pick<TagChoice, 'commit' | 'version'>;
  readonly source: Pick<Source, 'revision'>;
  readonly build: Pick<BuildConfig, 'platforms' | 'labels' | 'builder'>;
  /** The build settings, as `describeSettings` returns them. */
  readonly settings?: string;
}

/** An image of this commit that is already in the registry. */
export interface Existing {
  /** The tag that it was found under. */
  readonly tag: string;
  readonly digest: Digest;
  readonly platforms: readonly string[];
  /** It was built with another target, Dockerfile, context or other build arguments, so a build would give a different image. */
  readonly builtOtherwise?: boolean;
}

type Present = Extract<Described, { state: 'present' }>;

interface Found {
  readonly tag: string;
  readonly kind: 'commit' | 'version';
  readonly found: Described;
}

/**
 * The image of this commit that one of the tags already points to. It is reused, because such a tag never moves. The
 * commit of an image without a revision label is taken from the tag.
 * Throws CommandError `push-failed` when a tag is taken by the image of another commit, or lacks a platform.
 */
export async function findExisting(ports: DockerPorts, access: DockerAccess, claim: Claim): Promise<Existing | undefined> {
  const states = await lookAt(ports, access, claim);
  const ofThisCommit = states.flatMap(({ tag, kind, found }): Existing[] => {
    if (found.state !== 'present') return [];
    const says = revisionOf(found, claim);
    if (says !== undefined && says !== claim.source.revision) throw takenByAnother(claim, { tag, kind, found }, says);
    if (says === undefined && kind === 'version') return [];
    if (says === undefined && !isNamed(claim, tag, found)) throw ofUnknownCommit(claim, tag, found);
    const difference = compareSettings(claim.settings, found.settings);
    if (difference === 'other' && kind === 'version') throw builtOtherwise(claim, { tag, kind, found });
    if (difference === 'arguments' && kind === 'version') ports.log.warning(`${claim.image}:${tag} was built for this commit with different build arguments. It is reused unchanged.`);
    const { digest, platforms } = found;
    return [{ tag, digest, platforms, ...(difference !== 'none' && kind === 'commit' && { builtOtherwise: true }) }];
  });
  const taken = ofThisCommit.find((each) => !each.builtOtherwise) ?? ofThisCommit[0];
  if (taken && !taken.builtOtherwise) refuseIncomplete(claim, taken);
  return taken;
}

/**
 * Whether the tag contains the sha of this commit, or the image has the revision label that the user sets. A full sha in
 * a tag may be that of another commit, such as the head of a pull request.
 */
const isNamed = ({ source: { revision }, build }: Claim, tag: string, found: Present): boolean =>
  tag.split(/[-_.]/).some((part) => part.length >= 7 && revision.startsWith(part)) || (found.revision !== undefined && found.revision === build.labels[revisionLabel]);

const ofUnknownCommit = ({ image, source }: Claim, tag: string, found: Present): CommandError => new CommandError(
  'push-failed', `${image}:${tag} already exists (${found.digest}) and does not name its commit. This run builds commit ${source.revision}, and the tag of a commit is never moved.`,
  { hint: `Remove this tag from ${settingText('tags')}: without ${settingText('tags')}, the image is tagged with the checked-out commit. Or deploy the existing image with ${settingText('digest', found.digest)}.` },
);

async function lookAt(ports: DockerPorts, access: DockerAccess, { image, tags, build }: Claim): Promise<readonly Found[]> {
  const all = [...tags.commit.map((tag) => ({ tag, kind: 'commit' as const })), ...tags.version.map((tag) => ({ tag, kind: 'version' as const }))];
  return Promise.all(all.map(async ({ tag, kind }) => (
    { tag, kind, found: await describeWithLabels(ports, access, `${image}:${tag}`, build.builder) }
  )));
}

/** Label of an image with its commit: https://github.com/opencontainers/image-spec/blob/main/annotations.md */
export const revisionLabel = 'org.opencontainers.image.revision';

/**
 * The commit in the label of the image. Undefined when the user sets this label to another value than the commit: then it
 * says nothing. docker/metadata-action sets it to the commit.
 */
function revisionOf(found: Present, { build, source }: Pick<Claim, 'build' | 'source'>): string | undefined {
  const own = build.labels[revisionLabel];
  return own === undefined || own === source.revision ? found.revision : undefined;
}

function takenByAnother({ image, source }: Claim, { tag, kind, found }: Found & { found: Present }, says: string): CommandError {
  const rule = kind === 'version' ? 'the tag of a version is never overwritten' : 'the tag of a commit is never moved';
  return new CommandError('push-failed', `${image}:${tag} is the image of commit ${says} (${found.digest}). This run builds commit ${source.revision}, and ${rule}.`, {
    hint: kind === 'version'
      ? `Give this commit its own version in ${settingText('tags')}, or deploy the existing image with ${settingText('digest', found.digest)}.`
      : tag === source.revision
        ? `Delete the tag from the registry if it was pushed by mistake, or use another tag for this commit in ${settingText('tags')}.`
        : `Remove this tag from ${settingText('tags')}: without ${settingText('tags')}, the image is tagged with the checked-out commit.`,
  });
}

function builtOtherwise({ image }: Claim, { tag, found }: Found & { found: Present }): CommandError {
  return new CommandError('push-failed', `${image}:${tag} is an image of this commit (${found.digest}), built with a different target, Dockerfile, context or environment. The tag of a version is never overwritten.`, {
    hint: `Give each kind of image its own version in ${settingText('tags')}, or deploy the existing image with ${settingText('digest', found.digest)}.`,
  });
}

function refuseIncomplete({ image, build }: Claim, { tag, digest, platforms }: Existing): void {
  const missing = platforms.length > 0 ? missingPlatforms(build.platforms, platforms) : [];
  if (missing.length === 0) return;
  throw new CommandError('push-failed', `${image}:${tag} already exists for this commit (${digest}), without ${missing.join(' and ')}: it contains ${platforms.join(', ')}, and such a tag is never moved.`, {
    hint: `Give the image with these platforms its own tag in ${settingText('tags')}, or remove them from ${settingText('platforms')}.`,
  });
}

/**
 * Sets the tags that do not exist yet to the digest. A tag that points to the same content, or to an image of this
 * commit, is not changed. @returns the digest that the first of the tags points to
 * Throws CommandError `push-failed` when one points to another image: others may rely on it.
 */
export async function claimTags(ports: DockerPorts, access: DockerAccess, claim: Claim, digest: Digest): Promise<Digest> {
  if (claim.tags.commit.length + claim.tags.version.length === 0) return digest;
  const { states, missing } = await settleTags(ports, access, claim, digest);
  // Some registries answer "denied" for a tag that does not exist, so only writing shows whether it is allowed.
  try {
    await moveTags(ports, access, { image: claim.image, digest, tags: missing, builder: claim.build.builder });
  } catch (error) {
    // Another run has pushed the tag first, and tags are immutable in this registry.
    const again = await settleTags(ports, access, claim, digest);
    if (again.missing.length > 0) throw error;
    return again.states[0]?.digest ?? digest;
  }
  return states[0]?.digest ?? digest;
}

async function settleTags(ports: DockerPorts, access: DockerAccess, claim: Claim, digest: Digest) {
  const looked = await lookAt(ports, access, claim);
  const isTaken = ({ found }: Found): boolean => found.state === 'present' && found.digest !== digest;
  const own = looked.some(isTaken) ? await describeImage(ports, access, `${claim.image}@${digest}`, claim.build.builder) : undefined;
  const states = looked.map((each) => {
    const { tag, found } = each;
    if (found.state !== 'present' || found.digest === digest) return { tag, digest };
    const same = own?.state === 'present' && sameManifests(own, found);
    const says = revisionOf(found, claim);
    if (!same && says !== claim.source.revision) throw says === undefined ? otherContent(claim, tag, found) : takenByAnother(claim, { ...each, found }, says);
    ports.log.info(`${claim.image}:${tag} already exists (${found.digest})${same ? ' with the same content' : ' for this commit'}: it is not changed.`);
    return { tag, digest: found.digest };
  });
  return { states, missing: looked.filter(({ found }) => found.state !== 'present').map(({ tag }) => tag) };
}

function otherContent({ image }: Claim, tag: string, found: Present): CommandError {
  return new CommandError('push-failed', `${image}:${tag} already exists with different content (${found.digest}), and the tag of a version is never overwritten.`, {
    hint: `Give this commit its own version in ${settingText('tags')}, or deploy the existing image with ${settingText('digest', found.digest)}.`,
  });
}
