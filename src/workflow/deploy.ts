import type { Outcome } from '../outcome/outcome.js';
import { digestOfBuild, type Plan } from '../outcome/plan.js';
import { nothingFound, PreflightError, together, type Checked, type Finding } from '../outcome/finding.js';
import { runGate } from '../gate/gate.js';
import { readSource, type SourceFacts } from '../image/source.js';
import { closedNow } from '../policy/freeze.js';
import { kindOf } from '../target/kinds.js';
import type { OpenTarget, Proposal, Wanted } from '../target/target.js';
import { conduct, named, type Found, type Prepared } from './conduct.js';
import { asDeployError } from './failure.js';
import type { ImageFacts } from './image-facts.js';
import type { Built } from './image-stages.js';
import type { Ending } from './outcome.js';
import type { Migration } from './migration.js';
import { makePlan } from './plan.js';
import type { Reviewed } from './policy.js';
import type { Run } from './run.js';
import { Slot, type Stage } from './stage.js';

/** Tests, builds, pushes and rolls out, as far as the settings ask for it. */
export const deploy = (run: Run): Promise<Outcome> => conduct(run, prepare);

/** Loaded only by the runs that need it, because loading delays the first stage. */
async function partsOf({ config }: Run) {
  const kind = await kindOf(config, 'by settings');
  return {
    ofImage: config.image === undefined ? undefined : await import('./of-image.js'),
    ofTarget: kind && { kind, ...await import('./of-target.js') },
  };
}

type Parts = Awaited<ReturnType<typeof partsOf>>;

/** Changes nothing for this release. An earlier run that was interrupted is finished first, unless there is a freeze. */
async function prepare(run: Run, found: Found): Promise<Prepared> {
  const closed = closedNow(run.config, run.ports.clock);
  const surveyed = await survey(run, found, 'deploy');
  const { problems, warnings } = together([closed, surveyed.image, surveyed.target, surveyed.policy?.checked ?? nothingFound]);
  if (problems.length === 0) return prepared(surveyed, warnings);
  await surveyed.sides.migration?.close();
  await surveyed.sides.target?.close?.();
  throw new PreflightError(problems);
}

/** What was read for a run before anything changes, and what stands in its way. The caller closes the target. */
export interface Survey {
  /** With the commit of what it deploys. */
  readonly run: Run;
  readonly sides: Sides;
  readonly image: Checked;
  readonly target: Checked;
  /** Absent where there is no proposal for a target. */
  readonly policy?: Reviewed;
  /** Why the target could not be opened; its problems are those of `target`. */
  readonly unopened?: unknown;
}

/**
 * Reads the image and the target side by side. Everything that would fail is a part of the result.
 * @throws what the run is cancelled with; DeployError if the target can be opened, but not be read
 */
export async function survey(run: Run, found: Found, purpose: 'deploy' | 'check'): Promise<Survey> {
  const { config } = run;
  const reading = readSource(run.ports, run.facts, config.build);
  // Whoever waits for it later sees how it ended.
  reading.catch(() => undefined);
  const parts = await partsOf(run);
  const { ofImage, ofTarget } = parts;
  found.words = ofTarget?.kind.words;
  const applyPolicy = startPolicy(run, parts);
  const [target, image, checkout] = await Promise.allSettled([
    ofTarget?.openFinished(run, ofTarget.kind, purpose, found),
    ofImage && (ofTarget ? afterTarget(run, () => ofImage.readImageFacts(run, reading)) : ofImage.readImageFacts(run, reading)),
    reading,
  ]);
  const opened = target.status === 'fulfilled' ? target.value : undefined;
  try {
    const facts = image.status === 'fulfilled' ? image.value : undefined;
    found.deployed = deployedOf(run, facts, checkout);
    const proposal = await opened?.propose(wantedOf(named(run, found), facts, parts));
    const migration = opened && await migrationFor(run, opened, purpose);
    const sides: Sides = { parts, facts, target: opened, proposal, migration };
    const policy = await applyPolicy(sides);
    found.policy = policy?.report;
    return {
      run: named(run, found), sides, policy,
      image: { problems: problemsOf(image), warnings: facts?.warnings ?? [] },
      target: together([{ ...nothingFound, problems: problemsOf(target) }, ...checksOf(run, sides)]),
      unopened: target.status === 'rejected' ? target.reason : undefined,
    };
  } catch (error) {
    await opened?.close?.();
    throw error;
  }
}

/** What was found of the target, and of the image that is deployed to it. */
const checksOf = ({ config }: Run, { parts: { ofImage, ofTarget }, facts, target, proposal, migration }: Sides): readonly Checked[] => (target ? [
  { problems: [], warnings: ofTarget?.sharedRecord(config, target) ?? [] },
  ofImage?.checkExisting(facts?.existing, config) ?? nothingFound, proposal?.checked ?? nothingFound, migration?.checked ?? nothingFound,
] : []);

/** Of the database, if the settings have one. */
async function migrationFor(run: Run, target: OpenTarget, purpose: 'deploy' | 'check'): Promise<Migration | undefined> {
  if (!run.config.migrate) return undefined;
  const { openMigration } = await import('./migration.js');
  return openMigration(run, target, purpose === 'check');
}

/**
 * Loads the policy rules, and starts to read what they need from elsewhere, while the target is opened.
 * @returns what applies them to a proposal; nothing where there is none
 */
function startPolicy(run: Run, parts: Parts): (sides: Sides) => Promise<Reviewed | undefined> {
  if (!parts.ofTarget) return async () => undefined;
  const loading = afterTarget(run, () => import('./policy.js'));
  const outside = loading.then(({ readOutside }) => readOutside(run));
  // Whoever waits for it later sees how it ended.
  outside.catch(() => undefined);
  return async ({ facts, proposal }) => (proposal ? (await loading).reviewPolicy(run, outside, proposal, referenceOf(run.config, facts, parts)) : undefined);
}

/** The program that connects to the target is started before those of docker: the run waits longest for it. */
async function afterTarget<T>({ ports }: Run, read: () => Promise<T>): Promise<T> {
  await ports.clock.sleep(0);
  return read();
}

/** The commit of what is deployed: that of the image, or the one that is checked out. Only of the latter it is known when it was made. */
function deployedOf(run: Run, facts: ImageFacts | undefined, checkout: PromiseSettledResult<SourceFacts>): NonNullable<Found['deployed']> {
  const source = checkout.status === 'fulfilled' ? checkout.value.source : undefined;
  const commit = facts?.commit ?? source?.revision ?? run.facts.commit;
  return { commit, committedAt: commit === source?.revision ? source?.committedAt : undefined };
}

/** Image and target are read at the same time: if both fail, both are reported. A bug or a cancelled run is thrown as it is. */
function problemsOf(settled: PromiseSettledResult<unknown>): readonly Finding[] {
  if (settled.status === 'fulfilled') return [];
  const error = asDeployError(settled.reason);
  if (error instanceof PreflightError) return error.problems;
  if (error.code === 'cancelled' || error.code === 'unexpected') throw error;
  return [{ cause: error.code, message: error.message, hint: error.hint }];
}

function wantedOf({ config, facts: { commit } }: Run, facts: ImageFacts | undefined, parts: Parts): Wanted {
  const { build, existing } = facts ?? {};
  return {
    reference: referenceOf(config, facts, parts) ?? '', commit,
    platforms: build?.platforms ?? (existing?.state === 'present' ? existing.platforms : []),
    // Also if the runner was denied access: the nodes have logins of their own.
    isPushed: existing?.state === 'present' || existing?.state === 'denied',
  };
}

/** What is deployed, with a placeholder for the digest that only the build determines. */
function referenceOf({ image, digest, build }: Run['config'], facts: ImageFacts | undefined, { ofImage }: Parts): string | undefined {
  if (image === undefined || !ofImage) return undefined;
  const { deployReference } = ofImage;
  if (digest !== undefined) return deployReference(image, undefined, digest);
  return build ? deployReference(image, facts?.build?.tags.deployed, facts?.build?.existing?.digest ?? digestOfBuild) : undefined;
}

/** What was read of the image and of the target, as far as the run has them. */
interface Sides {
  readonly parts: Parts;
  readonly facts?: ImageFacts;
  readonly target?: OpenTarget;
  readonly proposal?: Proposal;
  readonly migration?: Migration;
}

/** The stages of the run, whatever stands in its way, and their plan. */
export function prepared({ run, sides }: Survey, warnings: readonly string[]): Prepared {
  const { config } = run;
  const { parts, facts, target, proposal, migration } = sides;
  const planned = referenceOf(config, facts, parts);
  const reference = new Slot<string>();
  if (planned !== undefined && !planned.includes(digestOfBuild)) reference.set(planned);
  const built = new Slot<Built>();
  const image = facts?.build && parts.ofImage?.imageStages(run, { image: facts.image, facts: facts.build, deployed: proposal?.rows ?? [], reference, built });
  const release = target && proposal && parts.ofTarget?.releaseStages({ run, target, proposal, reference, migration });
  const stages = [...gateStages(run), ...(image ? [image.build] : []), ...release?.stages ?? [], ...image?.tags ?? []];
  const plan: Plan = makePlan(config, { reference: planned, stages, target, proposal, migration, warnings });
  return {
    plan, stages, known: knownOf(run, sides, planned),
    ending: async () => {
      const released = await release?.ending();
      return { ...built.value, reference: reference.value ?? planned, ...released, warnings: [...built.value?.warnings ?? [], ...released?.warnings ?? []] };
    },
    close: async () => {
      await release?.close();
      await migration?.close();
      await target?.close?.();
    },
  };
}

const knownOf = (run: Run, { parts, facts, target, proposal }: Sides, reference: string | undefined): Partial<Ending> => ({
  target: target?.kind, namespace: target?.namespace, reference, digest: run.config.digest,
  subjects: [...new Set(proposal?.rows.map(({ subject }) => subject))],
  imageExisted: facts?.build?.existing !== undefined, lastRun: parts.ofTarget?.lastRunOf(target?.ledger, run.config.image),
});

const gateStages = ({ ports, config: { gate } }: Run): Stage[] => (gate ? [{
  name: 'test', label: 'test gate',
  steps: [{ stage: 'test', title: `run the test gate${gate.workingDirectory === '.' ? '' : ` in \`${gate.workingDirectory}\``}`, commands: gate.commands }],
  run: async () => { await runGate(ports, gate); },
}] : []);
