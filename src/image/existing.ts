import type { BuildConfig, Digest, ImageName } from '../config/config.js';
import { CommandError } from '../outcome/errors.js';
import { compareSettings } from './build-settings.js';
import type { DockerAccess, DockerPorts } from './docker.js';
import { missingPlatforms } from './platforms.js';
import { describeImage, describeWithLabels, moveTags, sameManifests, type Described } from './registry.js';
import type { Source } from './source.js';
import type { TagChoice } from './tags.js';

/** The image that is to have tags which never move. */
export interface Claim {
  readonly image: ImageName;
  readonly tags: Pick<TagChoice, 'commit' | 'version'>;
  readonly source: Pick<Source, 'revision'>;
  readonly build: Pick<BuildConfig, 'platforms' | 'labels' | 'builder'>;
  /** What it is built by, as `describeSettings` gives it. */
  readonly settings?: string;
}

/** An image of this very commit that the registry has already. */
export interface Existing {
  /** The tag that it was found under. */
  readonly tag: string;
  readonly digest: Digest;
  readonly platforms: readonly string[];
  /** It was built by another target, Dockerfile, context or other build arguments than are asked for: it is not what a build gives. */
  readonly builtOtherwise?: boolean;
}

type Present = Extract<Described, { state: 'present' }>;

interface Found {
  readonly tag: string;
  readonly kind: 'commit' | 'version';
  readonly found: Described;
}

/**
 * The image of this commit that one of its tags names already: it is what a build of the commit has to give, and the
 * tag never moves. Of an image that does not say its commit, the commit's own tag says it.
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
    if (difference === 'arguments' && kind === 'version') ports.log.warning(`${claim.image}:${tag} was built for this commit with other build arguments, and is taken as it is.`);
    const { digest, platforms } = found;
    return [{ tag, digest, platforms, ...(difference !== 'none' && kind === 'commit' && { builtOtherwise: true }) }];
  });
  const taken = ofThisCommit.find((each) => !each.builtOtherwise) ?? ofThisCommit[0];
  if (taken && !taken.builtOtherwise) refuseIncomplete(claim, taken);
  return taken;
}

/** Whether the tag names this very commit, or the image what the user calls it: a whole sha, as of a pull request's head, may be another's. */
const isNamed = ({ source: { revision }, build }: Claim, tag: string, found: Present): boolean =>
  tag.split(/[-_.]/).some((part) => part.length >= 7 && revision.startsWith(part)) || (found.revision !== undefined && found.revision === build.labels[revisionLabel]);

const ofUnknownCommit = ({ image, source }: Claim, tag: string, found: Present): CommandError => new CommandError(
  'push-failed', `${image}:${tag} exists already (${found.digest}) and does not say its commit; this is ${source.revision}, and a tag that stands for a commit is never moved.`,
  { hint: `Leave this tag out of \`tags\`: without \`tags\`, the image is tagged with the commit that is checked out. Or deploy what exists by \`digest: ${found.digest}\`.` },
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
 * What the image says of its commit; a label that the user sets says something of their own, unless it is this commit, as
 * docker/metadata-action gives it.
 */
function revisionOf(found: Present, { build, source }: Pick<Claim, 'build' | 'source'>): string | undefined {
  const own = build.labels[revisionLabel];
  return own === undefined || own === source.revision ? found.revision : undefined;
}

function takenByAnother({ image, source }: Claim, { tag, kind, found }: Found & { found: Present }, says: string): CommandError {
  const rule = kind === 'version' ? 'a version is never overwritten' : 'a tag that stands for a commit is never moved';
  return new CommandError('push-failed', `${image}:${tag} is the image of commit ${says} (${found.digest}), this is ${source.revision}, and ${rule}.`, {
    hint: kind === 'version'
      ? `Give this commit a version of its own in \`tags\`, or deploy what exists by \`digest: ${found.digest}\`.`
      : tag === source.revision
        ? 'Remove that tag from the registry if it was pushed by mistake, or name another one for this commit in `tags`.'
        : 'Leave this tag out of `tags`: without `tags`, the image is tagged with the commit that is checked out.',
  });
}

function builtOtherwise({ image }: Claim, { tag, found }: Found & { found: Present }): CommandError {
  return new CommandError('push-failed', `${image}:${tag} is of this commit (${found.digest}), built with another target, Dockerfile, context or environment, and a version is never overwritten.`, {
    hint: `Give each kind of image a version of its own in \`tags\`, or deploy what exists by \`digest: ${found.digest}\`.`,
  });
}

function refuseIncomplete({ image, build }: Claim, { tag, digest, platforms }: Existing): void {
  const missing = platforms.length > 0 ? missingPlatforms(build.platforms, platforms) : [];
  if (missing.length === 0) return;
  throw new CommandError('push-failed', `${image}:${tag} is the image of this commit already (${digest}), without ${missing.join(' and ')}: it holds ${platforms.join(', ')}, and such a tag never moves.`, {
    hint: 'Give the image with the other platforms a tag of its own in `tags`, or leave them out of `platforms`.',
  });
}

/**
 * Makes the tags name the digest where they name nothing yet. What names the same images, or the image of this very
 * commit, is left as it is. @returns the digest that the first of the tags names
 * Throws CommandError `push-failed` when one names another image: whoever has pulled it relies on it.
 */
export async function claimTags(ports: DockerPorts, access: DockerAccess, claim: Claim, digest: Digest): Promise<Digest> {
  if (claim.tags.commit.length + claim.tags.version.length === 0) return digest;
  const { states, missing } = await settleTags(ports, access, claim, digest);
  // A registry may answer "denied" for what does not exist; whether the tag may be written, writing tells.
  try {
    await moveTags(ports, access, { image: claim.image, digest, tags: missing, builder: claim.build.builder });
  } catch (error) {
    // Another run was quicker, and the registry lets nobody move a tag.
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
    ports.log.info(`${claim.image}:${tag} exists already (${found.digest})${same ? ' and names the same images' : ' for this commit'}: it is left as it is.`);
    return { tag, digest: found.digest };
  });
  return { states, missing: looked.filter(({ found }) => found.state !== 'present').map(({ tag }) => tag) };
}

function otherContent({ image }: Claim, tag: string, found: Present): CommandError {
  return new CommandError('push-failed', `${image}:${tag} exists already with another content (${found.digest}), and a version is never overwritten.`, {
    hint: `Give this commit a version of its own in \`tags\`, or deploy what exists by \`digest: ${found.digest}\`.`,
  });
}
