import { ConfigError } from '../outcome/errors.js';
import { buildArguments } from '../image/build-arguments.js';
import { describeSettings } from '../image/build-settings.js';
import { inspectBuilder, type Builder } from '../image/builder.js';
import { asTyped, type DockerAccess } from '../image/docker.js';
import { findExisting, revisionLabel, type Claim, type Existing } from '../image/existing.js';
import { logIn } from '../image/login.js';
import { lookUp } from '../image/look-up.js';
import { missingLogin } from '../image/push-login.js';
import { describeWithOrigin, type Described } from '../image/registry.js';
import type { Source, SourceFacts } from '../image/source.js';
import { chooseTags, tagKind, type TagChoice } from '../image/tags.js';
import type { BuildConfig, Config, ImageName } from '../config/config.js';
import type { Run } from './run.js';
import { placeWords, settingText } from '../outcome/place-words.js';

/** What is known of the registry, and of the builder and the commit when something is built. */
export interface ImageFacts {
  readonly image: ImageName;
  readonly build?: BuildFacts;
  /** What the registry has under the `digest` to deploy. */
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
  /** Platforms of the image; empty if they are only known once it is built. */
  readonly platforms: readonly string[];
  /** The image of this commit, if it already exists; then it is deployed and nothing is built. */
  readonly existing?: Existing;
  /** When the registry was asked for it, ms of the monotonic clock. */
  readonly lookedAt: number;
  /** The build command as it would be typed. */
  readonly command: string;
}

/** Deploying an existing digest does not need the registry, so the run does not wait longer for it. */
const registryAnswersWithinMs = 60_000;

/**
 * Inspects the builder, or looks up the digest in the registry. Undefined without an image.
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
 * The commit in the labels of an image. Labels are inherited from the base image, so they count only if they name the
 * repository of this run.
 */
function commitOf({ facts, ports }: Run, found: Described | undefined): string | undefined {
  if (found?.state !== 'present' || found.revision === undefined || !/^[0-9a-f]{40,64}(?:-|$)/.test(found.revision)) return undefined;
  const own = `${ports.env['GITHUB_SERVER_URL']}/${facts.repository}`;
  return found.source?.replace(/\.git$/, '').toLowerCase() === own.toLowerCase() ? found.revision : undefined;
}

async function readBuildFacts(run: Run, image: ImageName, build: BuildConfig, checkout: Promise<SourceFacts>): Promise<ImageFacts> {
  const { config } = run;
  const access = await logIn(run.ports, config.login);
  const { builder, known, commit, otherCommit, settings, ...found } = await askTogether(run, access, { image, build, checkout });
  const { tags, existing } = found;
  const source = { ...commit, version: tags.version[0] };
  const args = buildArguments({
    build, image, tags: tags.commit, source, settings, builder, metadataFile: 'metadata.json',
    secretFiles: Object.fromEntries(Object.keys(build.buildSecrets).map((id) => [id, `SECRET_FILE_OF_${id}`])),
  });
  const platforms = build.platforms.length > 0 ? build.platforms : existing?.platforms ?? (builder.native === undefined ? [] : [builder.native]);
  // The job of a pull request pushes nothing, so it need not be logged in.
  const login = config.dryRun && run.action !== 'pr-check' && !config.login && !existing ? await missingLogin(run.ports, image) : undefined;
  return {
    image, commit: commit.revision,
    warnings: [...known.warnings, ...login === undefined ? [] : [login], ...foreignTags(tags, otherCommit, commit), ...foreignLabel(build, commit)],
    build: { access, build, builder, source, settings, ...found, platforms, command: asTyped(args) },
  };
}

interface Asked {
  readonly image: ImageName;
  readonly build: BuildConfig;
  readonly checkout: Promise<SourceFacts>;
}

/** Inspects the builder and the registry in parallel: a call of docker takes a tenth of a second. A builder that cannot be used is reported first. */
async function askTogether(run: Run, access: DockerAccess, asked: Asked) {
  const { ports } = run;
  const over = new AbortController();
  const inspecting = inspectBuilder(ports, access, asked.build);
  const looking = lookForCommit({ ...run, ports: { ...ports, cancelled: AbortSignal.any([ports.cancelled, over.signal]) } }, access, asked, inspecting);
  // It is waited for below, and may fail before that.
  looking.catch(() => undefined);
  try {
    const builder = await inspecting;
    return { builder, ...await looking };
  } catch (error) {
    over.abort(error);
    await looking.catch(() => undefined);
    throw error;
  }
}

/** The commit that is built, its tags, and the image that they name already. */
async function lookForCommit(run: Run, access: DockerAccess, { image, build, checkout }: Asked, inspecting: Promise<Builder>) {
  const { config, ports } = run;
  const known = await checkout;
  const { source: commit } = known;
  if (commit === undefined) throw unknownCommit(known);
  const { commit: eventCommit } = run.facts;
  const otherCommit = eventCommit !== undefined && !commit.revision.startsWith(eventCommit) ? eventCommit : undefined;
  const chosenIf = (pushesByTag: boolean): TagChoice =>
    chooseTags({ tags: config.tags, commit: commit.revision, otherCommit, onDefaultBranch: known.onDefaultBranch, pushesByTag });
  // If only versions are requested, the tags to look up depend on the builder.
  const chosen = chosenIf(true).commit.length === chosenIf(false).commit.length ? chosenIf(false) : chosenIf(!(await inspecting).pushesByDigest);
  for (const note of [...known.notes, ...aboutLatest(config, known, commit)]) ports.log.info(note);
  const settings = describeSettings(build, config.environment);
  const lookedAt = ports.clock.monotonic();
  return { known, commit, otherCommit, settings, lookedAt, ...await takenOrRebuilt(run, access, { image, build, source: commit, settings }, chosen) };
}

function unknownCommit({ unreadable }: SourceFacts): ConfigError {
  return new ConfigError([{
    where: 'commit', message: `cannot be determined, and the image is tagged with it${unreadable ? `. ${unreadable}` : ''}`,
    hint: unreadable ? undefined : placeWords().runAgainElsewhere,
  }]);
}

/** Without `tags`, `latest` is expected to move on the default branch. */
function aboutLatest({ tags }: Config, { latestLeftAlone }: SourceFacts, { revision }: Source): string[] {
  if (tags !== undefined || latestLeftAlone === undefined) return [];
  return [`\`latest\` is not moved: ${latestLeftAlone}. To move it, set ${settingText('tags')} to \`${revision},latest\`.`];
}

const foreignTags = ({ commit: tags }: TagChoice, otherCommit: string | undefined, { revision }: Source): string[] =>
  (otherCommit === undefined ? [] : tags.filter((tag) => tagKind(tag, revision) !== 'commit' || tag === otherCommit))
    .map((tag) => `The tag ${tag} names commit ${otherCommit}, but the image is of commit ${revision}.`);

/** docker/metadata-action labels the image with the commit of the event, whatever is checked out, and readers rely on the label. */
function foreignLabel({ labels }: BuildConfig, { revision }: Source): string[] {
  const named = labels[revisionLabel] ?? '';
  if (!/^[0-9a-f]{40,64}$/.test(named) || revision.startsWith(named)) return [];
  return [`The label ${revisionLabel} in ${settingText('labels')} names commit ${named}, but the image is of commit ${revision}. Remove the label: it is then set to the right commit.`];
}

/**
 * The image that the tags of the commit already name. A scheduled run rebuilds the commit on the current base image, and
 * other build settings make another image: the existing image then keeps its tags, and the new one gets its own.
 */
async function takenOrRebuilt(
  run: Run, access: DockerAccess, claim: Omit<Claim, 'tags'>, tags: TagChoice,
): Promise<{ readonly tags: TagChoice; readonly existing?: Existing }> {
  const { ports } = run;
  const existing = await findExisting(ports, access, { ...claim, tags });
  const isScheduled = ports.env['GITHUB_EVENT_NAME'] === 'schedule' && tags.version.length === 0;
  if (!existing || !(isScheduled || existing.builtOtherwise)) return { tags, existing };
  const [which, why] = isScheduled
    ? [ports.env['GITHUB_RUN_ID'] ?? run.id, 'a scheduled run rebuilds the commit']
    : [(claim.settings ?? '').replaceAll('.', '-'), 'this run builds the commit with another target, Dockerfile, context or other build arguments'];
  const ownTag = `${claim.source.revision}-${which}`;
  ports.log.info(`${claim.image}:${existing.tag} keeps its image (${existing.digest}): ${why}. The new image is tagged ${ownTag}.`);
  const own = { ...tags, commit: [ownTag], deployed: ownTag };
  return { tags: own, existing: await findExisting(ports, access, { ...claim, tags: own }) };
}
