import { ConfigError } from '../outcome/errors.js';
import { buildArguments, type Source } from '../image/build-arguments.js';
import { build as buildImage } from '../image/build.js';
import { inspectBuilder, type Builder } from '../image/builder.js';
import { asTyped, type DockerAccess } from '../image/docker.js';
import { logIn } from '../image/login.js';
import { lookUp } from '../image/look-up.js';
import { parseReference, sameRepository } from '../image/reference.js';
import { moveTags, sameContent, type Described } from '../image/registry.js';
import { chooseTags, type TagChoice } from '../image/tags.js';
import type { BuildConfig, ImageName } from '../config/config.js';
import type { Target } from '../rollout/workload.js';
import type { DeployState } from './deploy.js';
import { deployReference, type Run } from './run.js';
import type { Stage } from './stage.js';

/** What is known of the registry, and of the builder and the commit when something is built. */
export interface ImageFacts {
  readonly image: ImageName;
  readonly build?: BuildFacts;
  /** What the registry holds under the `digest` that is to be deployed. */
  readonly existing?: Described;
}

export interface BuildFacts {
  readonly access: DockerAccess;
  readonly build: BuildConfig;
  readonly builder: Builder;
  readonly source: Source;
  readonly tags: TagChoice;
  /** The build as it would be typed. */
  readonly command: string;
}

/** Whoever deploys what exists needs no registry: it is not waited for any longer. */
const registryAnswersWithinMs = 60_000;

/**
 * Asks the builder what it can do, or the registry what it holds. Undefined when no image is concerned.
 * @throws CommandError when something is to be built, and the login fails
 */
export async function readImageFacts(run: Run): Promise<ImageFacts | undefined> {
  const { image, build, digest, login } = run.config;
  if (image === undefined) return undefined;
  if (build) return { image, build: await readBuildFacts(run, image, build) };
  if (digest === undefined) return { image };
  const [existing] = await lookUp(run.ports, login, [`${image}@${digest}`], registryAnswersWithinMs);
  return { image, existing };
}

async function readBuildFacts(run: Run, image: ImageName, build: BuildConfig): Promise<BuildFacts> {
  const { config, ports } = run;
  const access = await logIn(ports, config.login);
  const [commit, builder] = await Promise.all([sourceOf(run), inspectBuilder(ports, access, build)]);
  const onDefaultBranch = run.facts.branch !== undefined && run.facts.branch === run.facts.defaultBranch;
  const tags = chooseTags({ tags: config.tags, commit: commit.revision, onDefaultBranch });
  const source = { ...commit, version: tags.version[0] };
  const args = buildArguments({
    build, image, tags: tags.commit, source, builder, metadataFile: 'metadata.json',
    secretFiles: Object.fromEntries(Object.keys(build.buildSecrets).map((id) => [id, `SECRET_FILE_OF_${id}`])),
  });
  return { access, build, builder, source, tags, command: asTyped(args) };
}

async function sourceOf({ facts, ports }: Run): Promise<Source> {
  if (facts.commit === undefined) {
    throw new ConfigError([{
      where: 'commit', message: 'is not known, and the image is tagged with it', hint: 'Run this on GitHub, or inside of a git repository that has a commit.',
    }]);
  }
  // The time of the commit makes the layers of the same commit the same; a shallow clone knows it too.
  const time = await ports.process.run({ program: 'git', args: ['log', '-1', '--format=%ct', facts.commit] }).catch(() => undefined);
  const committedAt = time?.code === 0 ? Number(time.stdout.trim()) : undefined;
  const server = ports.env['GITHUB_SERVER_URL'];
  return { revision: facts.commit, committedAt, url: facts.repository && server ? `${server}/${facts.repository}` : undefined };
}

/** The stage that builds and pushes, and the one that moves the mutable tags once the verdict is good. */
export function imageStages(
  run: Run, { image }: ImageFacts, { access, ...facts }: BuildFacts,
): { readonly build: Stage<DeployState>; readonly tags: Stage<DeployState> } {
  const { ports } = run;
  const build: Stage<DeployState> = {
    name: 'build', label: 'build and push',
    run: async (state) => {
      const built = await buildImage(ports, access, { ...facts, image });
      const digest = (await sameAsDeployed(run, image, access, facts.tags.deployed, built.digest, state.targets)) ?? built.digest;
      const reference = deployReference(image, facts.tags.deployed, digest);
      const targets = state.targets.map((target) => ({ ...target, containers: target.containers.map((container) => ({ ...container, after: reference })) }));
      return { ...state, digest, reference, tags: built.tags, targets };
    },
  };
  const tags: Stage<DeployState> = {
    name: 'tags', label: 'mutable tags',
    run: async (state) => {
      const move = { image, digest: state.digest ?? '', tags: facts.tags.mutable, builder: facts.build.builder };
      try {
        await moveTags(ports, access, move);
      } catch (error) {
        if (state.targets.length === 0) throw error;
        // Production is good by now: a tag that does not move is told, and is no reason to take production back.
        const warning = `The release is good, and ${facts.tags.mutable.join(', ')} could not be moved to it: ${error instanceof Error ? error.message : String(error)}`;
        ports.log.warning(warning);
        return { ...state, warnings: [...state.warnings, warning] };
      }
      return { ...state, tags: [...state.tags, ...facts.tags.mutable] };
    },
  };
  return { build, tags };
}

/**
 * The digest that the workloads name for this very commit already, when it runs the same: a second run of a commit
 * builds an index of its own, because attestations hold times, and must not restart a single pod for that.
 */
async function sameAsDeployed(
  { ports }: Run, image: ImageName, access: DockerAccess, tag: string, built: string, targets: readonly Target[],
): Promise<string | undefined> {
  const [before, ...others] = [...new Set(targets.flatMap((target) => target.containers.map((container) => container.before)))].map(parseReference);
  const sameCommit = others.length === 0 && before?.tag === tag && sameRepository(before.name, image);
  if (!sameCommit || before.digest === undefined || before.digest === built) return undefined;
  return (await sameContent(ports, access, image, before.digest, built)) ? before.digest : undefined;
}
