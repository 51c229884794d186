import { messageOf } from '../outcome/wording.js';
import { buildUnlessThere } from '../image/build.js';
import type { DockerAccess } from '../image/docker.js';
import type { Existing } from '../image/existing.js';
import { parseReference, sameRepository, type ImageReference, deployReference } from '../image/reference.js';
import { moveTags, sameContent } from '../image/registry.js';
import type { TagChoice } from '../image/tags.js';
import type { ImageName } from '../config/config.js';
import type { Run } from './run.js';
import { type Stage, type Slot } from './stage.js';
import type { BuildFacts } from './image-facts.js';
import type { PlannedChange, PlanStep } from '../outcome/plan.js';

/** What the build hands on. */
export interface Built {
  readonly digest: string;
  readonly tags: readonly string[];
  readonly warnings: readonly string[];
}

export interface ImageStagesOf {
  readonly image: ImageName;
  readonly facts: BuildFacts;
  /** What the target holds now; empty where nothing is deployed. */
  readonly deployed: readonly PlannedChange[];
  /** Filled by the build: what is deployed. */
  readonly reference: Slot<string>;
  readonly built: Slot<Built>;
}

/** ms for which nobody has to look again what the registry has; a test gate lasts longer, and another run may push meanwhile. */
const freshForMs = 5_000;

const isFresh = ({ ports }: Run, { lookedAt }: Pick<BuildFacts, 'lookedAt'>): boolean => ports.clock.monotonic() - lookedAt < freshForMs;

/** The stage that builds and pushes, and the one that moves the mutable tags, if there are any, once the run has succeeded. */
export function imageStages(run: Run, of: ImageStagesOf): { readonly build: Stage; readonly tags: readonly Stage[] } {
  const { ports } = run;
  const { image, facts: { access, ...facts }, deployed, reference, built } = of;
  const build: Stage = {
    name: 'build', label: facts.existing ? 'image of the commit' : 'build and push', steps: [buildStep(image, facts)],
    run: async () => {
      const seen = isFresh(run, facts) ? { existing: facts.existing } : undefined;
      const { digest, tags, warnings = [] } = await buildUnlessThere(ports, access, { ...facts, image, seen });
      for (const warning of warnings) ports.log.warning(warning);
      const same = await sameAsDeployed(run, image, access, facts, digest, deployed);
      built.set({ digest: same?.digest ?? digest, tags, warnings });
      reference.set(deployReference(image, same?.tag ?? facts.tags.deployed, same?.digest ?? digest));
    },
  };
  const { mutable } = facts.tags;
  if (mutable.length === 0) return { build, tags: [] };
  const tags: Stage = {
    name: 'tags', label: 'mutable tags', steps: [{ stage: 'tags', title: `move ${mutable.map((tag) => `\`${tag}\``).join(', ')} to the new image`, commands: [] }],
    run: async () => {
      const before = built.value ?? { digest: '', tags: [], warnings: [] };
      try {
        await moveTags(ports, access, { image, digest: before.digest, tags: mutable, builder: facts.build.builder });
        built.set({ ...before, tags: [...before.tags, ...mutable] });
      } catch (error) {
        // A tag that is set in `tags` must move. The default one was not requested, and a registry with immutable tags never moves it.
        if (deployed.length === 0 && run.config.tags !== undefined) throw error;
        // The release is verified by now: a tag that does not move is a warning, not a reason to roll back.
        const what = deployed.length === 0 ? 'The image was pushed' : 'The release succeeded';
        const warning = `${what}, but ${mutable.join(', ')} could not be moved to it: ${messageOf(error)}`;
        ports.log.warning(warning);
        built.set({ ...before, warnings: [...before.warnings, warning] });
      }
    },
  };
  return { build, tags: [tags] };
}

/**
 * The reference that the target already has for this commit, if its content is the same: a rebuilt image has another index,
 * because attestations contain times, and that must not restart any pod.
 */
async function sameAsDeployed(
  { ports }: Run, image: ImageName, access: DockerAccess, { tags, source }: Pick<BuildFacts, 'tags' | 'source'>, built: string, deployed: readonly PlannedChange[],
): Promise<Pick<ImageReference, 'tag' | 'digest'> | undefined> {
  const [before, ...others] = [...new Set(deployed.map(({ before: version }) => version))].map(parseReference);
  if (!before || others.length > 0 || before.digest === undefined || before.digest === built || !sameRepository(before.name, image)) return undefined;
  const sameCommit = before.tag === tags.deployed || before.tag === source.revision || before.tag?.startsWith(`${source.revision}-`);
  return sameCommit && await sameContent(ports, access, image, before.digest, built) ? before : undefined;
}

/** What is known of a build beforehand. */
export interface BuildPlan {
  readonly tags: TagChoice;
  /** Platforms of the image; empty if they are only known once it is built. */
  readonly platforms: readonly string[];
  /** The image of the commit, if it already exists; then nothing is built. */
  readonly existing?: Existing;
  /** The build command as it would be typed. */
  readonly command: string;
}

export function buildStep(image: string, { tags, platforms, existing, command }: BuildPlan): PlanStep {
  if (existing) return { stage: 'build', title: `use \`${image}:${existing.tag}\` (\`${existing.digest}\`), which is already the image of this commit; nothing is built`, commands: [] };
  const forPlatforms = platforms.length > 0 ? platforms.join(', ') : 'the platform of the builder';
  return { stage: 'build', title: `build \`${image}\` for ${forPlatforms} and push it as \`${tags.deployed}\``, commands: [command] };
}
