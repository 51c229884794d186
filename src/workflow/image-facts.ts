import { ConfigError } from '../outcome/errors.js';
import { buildArguments } from '../image/build-arguments.js';
import { describeSettings } from '../image/build-settings.js';
import { inspectBuilder, type Builder } from '../image/builder.js';
import { asTyped, type DockerAccess } from '../image/docker.js';
import { findExisting, revisionLabel, type Claim, type Existing } from '../image/existing.js';
import { logIn } from '../image/login.js';
import { lookUp } from '../image/look-up.js';
import { describeWithOrigin, type Described } from '../image/registry.js';
import type { Source, SourceFacts } from '../image/source.js';
import { chooseTags, tagKind, type TagChoice } from '../image/tags.js';
import type { BuildConfig, Config, ImageName } from '../config/config.js';
import type { Run } from './run.js';

/** What is known of the registry, and of the builder and the commit when something is built. */
export interface ImageFacts {
  readonly image: ImageName;
  readonly build?: BuildFacts;
  /** What the registry holds under the `digest` that is to be deployed. */
  readonly existing?: Described;
  /** The commit that the image is of. */
  readonly commit?: string;
  readonly warnings: readonly string[];
}

export interface BuildFacts {
  readonly access: DockerAccess;
  readonly build: BuildConfig;
  readonly builder: Builder;
  readonly source: Source;
  readonly settings: string;
  readonly tags: TagChoice;
  /** What the image is for; empty when that shows only once it is built. */
  readonly platforms: readonly string[];
  /** The image of this commit that is there already, and is taken. */
  readonly existing?: Existing;
  /** The build as it would be typed. */
  readonly command: string;
}

/** Whoever deploys what exists needs no registry: it is not waited for any longer. */
const registryAnswersWithinMs = 60_000;

/**
 * Asks the builder what it can do, or the registry what it holds. Undefined when no image is concerned.
 * @throws CommandError when something is to be built, and the login fails
 */
export async function readImageFacts(run: Run, checkout: Promise<SourceFacts>): Promise<ImageFacts | undefined> {
  const { image, build, digest, login } = run.config;
  if (image === undefined) return undefined;
  if (build) return readBuildFacts(run, image, build, checkout);
  const { source } = await checkout;
  if (digest === undefined) return { image, commit: source?.revision, warnings: [] };
  const [existing] = await lookUp(run.ports, login, [`${image}@${digest}`], registryAnswersWithinMs, describeWithOrigin);
  return { image, existing, commit: commitOf(run, existing) ?? source?.revision, warnings: [] };
}

/**
 * The commit that an image says it is of. Labels are inherited from the base image, so that they count only where they
 * name the repository of this run.
 */
function commitOf({ facts, ports }: Run, found: Described | undefined): string | undefined {
  if (found?.state !== 'present' || found.revision === undefined || !/^[0-9a-f]{40,64}(?:-|$)/.test(found.revision)) return undefined;
  const own = `${ports.env['GITHUB_SERVER_URL']}/${facts.repository}`;
  return found.source?.replace(/\.git$/, '').toLowerCase() === own.toLowerCase() ? found.revision : undefined;
}

async function readBuildFacts(run: Run, image: ImageName, build: BuildConfig, checkout: Promise<SourceFacts>): Promise<ImageFacts> {
  const { config, ports } = run;
  const access = await logIn(ports, config.login);
  const [known, builder] = await Promise.all([checkout, inspectBuilder(ports, access, build)]);
  const { source: commit } = known;
  if (commit === undefined) throw unknownCommit(known);
  const { commit: eventCommit } = run.facts;
  const otherCommit = eventCommit !== undefined && !commit.revision.startsWith(eventCommit) ? eventCommit : undefined;
  const chosen = chooseTags({
    tags: config.tags, commit: commit.revision, otherCommit, onDefaultBranch: known.onDefaultBranch, pushesByTag: !builder.pushesByDigest,
  });
  for (const note of [...known.notes, ...aboutLatest(config, known, commit)]) ports.log.info(note);
  const settings = describeSettings(build, config.environment);
  const claim = { image, build, source: commit, settings };
  const { tags, existing } = await takenOrAnew(run, access, claim, chosen);
  const source = { ...commit, version: tags.version[0] };
  const args = buildArguments({
    build, image, tags: tags.commit, source, settings, builder, metadataFile: 'metadata.json',
    secretFiles: Object.fromEntries(Object.keys(build.buildSecrets).map((id) => [id, `SECRET_FILE_OF_${id}`])),
  });
  const platforms = build.platforms.length > 0 ? build.platforms : existing?.platforms ?? (builder.native === undefined ? [] : [builder.native]);
  return {
    image, commit: commit.revision, warnings: [...known.warnings, ...foreignTags(tags, otherCommit, commit), ...foreignLabel(build, commit)],
    build: { access, build, builder, source, settings, tags, existing, platforms, command: asTyped(args) },
  };
}

function unknownCommit({ unreadable }: SourceFacts): ConfigError {
  return new ConfigError([{
    where: 'commit', message: `is not known, and the image is tagged with it${unreadable ? `. ${unreadable}` : ''}`,
    hint: unreadable ? undefined : 'Run this on GitHub, or inside of a git repository that has a commit.',
  }]);
}

/** Who gives no `tags` expects `latest` to move on the default branch. */
function aboutLatest({ tags }: Config, { latestLeftAlone }: SourceFacts, { revision }: Source): string[] {
  if (tags !== undefined || latestLeftAlone === undefined) return [];
  return [`\`latest\` is left alone: ${latestLeftAlone}. To move it, set \`tags\` to \`${revision},latest\`.`];
}

const foreignTags = ({ commit: tags }: TagChoice, otherCommit: string | undefined, { revision }: Source): string[] =>
  (otherCommit === undefined ? [] : tags.filter((tag) => tagKind(tag, revision) !== 'commit' || tag === otherCommit))
    .map((tag) => `The tag ${tag} names commit ${otherCommit}, and the image is of commit ${revision}.`);

/** Labels of docker/metadata-action name the commit of the event, whatever is checked out; whoever reads the image goes by them. */
function foreignLabel({ labels }: BuildConfig, { revision }: Source): string[] {
  const named = labels[revisionLabel] ?? '';
  if (!/^[0-9a-f]{40,64}$/.test(named) || revision.startsWith(named)) return [];
  return [`The label ${revisionLabel} of \`labels\` names commit ${named}, and the image is of commit ${revision}: leave it out, and it is set to that.`];
}

/**
 * The image that the tags of the commit name already. A scheduled run is there to build the commit anew, with what its
 * base image has become, and other settings of the build give another image: what exists then keeps its tags, and the
 * new image gets one of its own.
 */
async function takenOrAnew(
  run: Run, access: DockerAccess, claim: Omit<Claim, 'tags'>, tags: TagChoice,
): Promise<{ readonly tags: TagChoice; readonly existing?: Existing }> {
  const { ports } = run;
  const existing = await findExisting(ports, access, { ...claim, tags });
  const isScheduled = ports.env['GITHUB_EVENT_NAME'] === 'schedule' && tags.version.length === 0;
  if (!existing || !(isScheduled || existing.builtOtherwise)) return { tags, existing };
  const [which, why] = isScheduled
    ? [ports.env['GITHUB_RUN_ID'] ?? run.id, 'a scheduled run builds the commit anew']
    : [(claim.settings ?? '').replaceAll('.', '-'), 'this run builds the commit with another target, Dockerfile, context or other build arguments'];
  const anew = `${claim.source.revision}-${which}`;
  ports.log.info(`${claim.image}:${existing.tag} keeps its image (${existing.digest}): ${why}, as ${anew}.`);
  const own = { ...tags, commit: [anew], deployed: anew };
  return { tags: own, existing: await findExisting(ports, access, { ...claim, tags: own }) };
}
