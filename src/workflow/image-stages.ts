import { ConfigError } from '../outcome/errors.js';
import { messageOf } from '../outcome/wording.js';
import { buildArguments } from '../image/build-arguments.js';
import { buildUnlessThere } from '../image/build.js';
import { describeSettings } from '../image/build-settings.js';
import { inspectBuilder, type Builder } from '../image/builder.js';
import { asTyped, type DockerAccess } from '../image/docker.js';
import { findExisting, revisionLabel, type Claim, type Existing } from '../image/existing.js';
import { logIn } from '../image/login.js';
import { lookUp } from '../image/look-up.js';
import { parseReference, sameRepository, type ImageReference } from '../image/reference.js';
import { describeWithOrigin, moveTags, sameContent, type Described } from '../image/registry.js';
import type { Source, SourceFacts } from '../image/source.js';
import { chooseTags, tagKind, type TagChoice } from '../image/tags.js';
import type { BuildConfig, Config, ImageName } from '../config/config.js';
import type { ImageChange } from '../target/set-image/image-change.js';
import type { DeployState } from './deploy.js';
import { deployReference, type Run } from './run.js';
import type { Stage } from './stage.js';

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

/** The stage that builds and pushes, and the one that moves the mutable tags once the verdict is good. */
export function imageStages(
  run: Run, { image }: ImageFacts, { access, ...facts }: BuildFacts,
): { readonly build: Stage<DeployState>; readonly tags: Stage<DeployState> } {
  const { ports } = run;
  const build: Stage<DeployState> = {
    name: 'build', label: facts.existing ? 'image of the commit' : 'build and push',
    run: async (state) => {
      const built = await buildUnlessThere(ports, access, { ...facts, image });
      const { warnings = [] } = built;
      for (const warning of warnings) ports.log.warning(warning);
      const same = await sameAsDeployed(run, image, access, facts, built.digest, state.targets);
      const digest = same?.digest ?? built.digest;
      const reference = deployReference(image, same?.tag ?? facts.tags.deployed, digest);
      const targets = state.targets.map((target) => ({ ...target, containers: target.containers.map((container) => ({ ...container, after: reference })) }));
      return { ...state, digest, reference, tags: built.tags, targets, warnings: [...state.warnings, ...warnings] };
    },
  };
  const tags: Stage<DeployState> = {
    name: 'tags', label: 'mutable tags',
    run: async (state) => {
      const move = { image, digest: state.digest ?? '', tags: facts.tags.mutable, builder: facts.build.builder };
      try {
        await moveTags(ports, access, move);
      } catch (error) {
        // Who named the tag wants it to move; nobody asked for the default one, and a registry with immutable tags never moves it.
        if (state.targets.length === 0 && run.config.tags !== undefined) throw error;
        // Production is good by now: a tag that does not move is told, and is no reason to take production back.
        const what = state.targets.length === 0 ? 'The image is pushed' : 'The release is good';
        const warning = `${what}, and ${facts.tags.mutable.join(', ')} could not be moved to it: ${messageOf(error)}`;
        ports.log.warning(warning);
        return { ...state, warnings: [...state.warnings, warning] };
      }
      return { ...state, tags: [...state.tags, ...facts.tags.mutable] };
    },
  };
  return { build, tags };
}

/**
 * What the workloads name for this very commit already, when it runs the same: an image that is built again has an index
 * of its own, because attestations hold times, and must not restart a single pod for that.
 */
async function sameAsDeployed(
  { ports }: Run, image: ImageName, access: DockerAccess, { tags, source }: Pick<BuildFacts, 'tags' | 'source'>, built: string, targets: readonly ImageChange[],
): Promise<Pick<ImageReference, 'tag' | 'digest'> | undefined> {
  const [before, ...others] = [...new Set(targets.flatMap((target) => target.containers.map((container) => container.before)))].map(parseReference);
  if (!before || others.length > 0 || before.digest === undefined || before.digest === built || !sameRepository(before.name, image)) return undefined;
  const sameCommit = before.tag === tags.deployed || before.tag === source.revision || before.tag?.startsWith(`${source.revision}-`);
  return sameCommit && await sameContent(ports, access, image, before.digest, built) ? before : undefined;
}
