import { ConfigError } from '../outcome/errors.js';
import { buildArguments, type Source } from '../image/build-arguments.js';
import { build as buildImage } from '../image/build.js';
import { inspectBuilder, type Builder } from '../image/builder.js';
import { asTyped, type DockerAccess } from '../image/docker.js';
import { logIn } from '../image/login.js';
import { moveTags } from '../image/registry.js';
import { chooseTags, type TagChoice } from '../image/tags.js';
import type { BuildConfig, ImageName } from '../config/config.js';
import type { DeployState } from './deploy.js';
import { deployReference, kept, type Run } from './run.js';
import type { Stage } from './stage.js';

/** What is known of the builder, the registry and the commit before anything is built. */
export interface ImageFacts {
  readonly image: ImageName;
  readonly build: BuildConfig;
  readonly access: DockerAccess;
  readonly builder: Builder;
  readonly source: Source;
  readonly tags: TagChoice;
  /** The build as it would be typed. */
  readonly buildCommand: string;
}

/** Logs in, and asks the builder what it can do. Undefined when nothing is built. */
export async function readImageFacts(run: Run): Promise<ImageFacts | undefined> {
  const { config, ports } = run;
  if (!config.build || config.image === undefined) return undefined;
  const source = await sourceOf(run);
  const access = await logIn(ports, config.login);
  if (access.folder !== undefined) await run.keep(kept.login, access.folder);
  const builder = await inspectBuilder(ports, access, config.build);
  const onDefaultBranch = run.facts.branch !== undefined && run.facts.branch === run.facts.defaultBranch;
  const tags = chooseTags({ tags: config.tags, commit: source.revision, onDefaultBranch });
  const args = buildArguments({
    build: config.build, image: config.image, tags: tags.commit, source: { ...source, version: tags.version[0] }, builder, metadataFile: 'metadata.json',
    secretFiles: Object.fromEntries(Object.keys(config.build.buildSecrets).map((id) => [id, `SECRET_FILE_OF_${id}`])),
  });
  return { image: config.image, build: config.build, access, builder, source: { ...source, version: tags.version[0] }, tags, buildCommand: asTyped(args) };
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
export function imageStages(run: Run, facts: ImageFacts): { readonly build: readonly Stage<DeployState>[]; readonly tags: readonly Stage<DeployState>[] } {
  const { ports } = run;
  const build: Stage<DeployState> = {
    name: 'build', label: 'build and push',
    run: async (state) => {
      const built = await buildImage(ports, facts.access, facts);
      const reference = deployReference(facts.image, facts.tags.deployed, built.digest);
      const targets = state.targets.map((target) => ({ ...target, containers: target.containers.map((container) => ({ ...container, after: reference })) }));
      return { ...state, digest: built.digest, reference, tags: built.tags, targets };
    },
  };
  const tags: Stage<DeployState> = {
    name: 'tags', label: 'mutable tags',
    run: async (state) => {
      const move = { image: facts.image, digest: state.digest ?? '', tags: facts.tags.mutable, builder: facts.build.builder };
      try {
        await moveTags(ports, facts.access, move);
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
  return { build: [build], tags: [tags] };
}
