import type { Outcome } from '../outcome/outcome.js';
import { digestOfBuild, type Plan } from '../outcome/plan.js';
import { PreflightError, type Finding } from '../outcome/finding.js';
import { runGate } from '../gate/gate.js';
import { checkExisting } from '../image/check-existing.js';
import { deployReference } from '../image/reference.js';
import { readSource, type SourceFacts } from '../image/source.js';
import { closedNow } from '../policy/freeze.js';
import { kindOf } from '../target/kinds.js';
import type { OpenTarget, Proposal, Wanted } from '../target/target.js';
import { conduct, named, type Found, type Prepared } from './conduct.js';
import { asDeployError } from './failure.js';
import { readImageFacts, type ImageFacts } from './image-facts.js';
import { imageStages, type Built } from './image-stages.js';
import type { Ending } from './outcome.js';
import { makePlan } from './plan.js';
import { openFinished } from './recover.js';
import { releaseStages } from './release.js';
import type { Run } from './run.js';
import { Slot, type Stage } from './stage.js';
import { sharedRecord } from '../record/repository.js';

/** Tests, builds, pushes and rolls out, as far as the settings ask for it. */
export const deploy = (run: Run): Promise<Outcome> => conduct(run, prepare);

/** Nothing is changed for this release; what another run has left unfinished is finished first, outside of a freeze. */
async function prepare(run: Run, found: Found): Promise<Prepared> {
  const { config } = run;
  const closed = closedNow(config, run.ports.clock);
  const reading = readSource(run.ports, run.facts, config.build);
  const kind = await kindOf(config, 'by settings');
  const [checkout, image, target] = await Promise.allSettled([
    reading, readImageFacts(run, reading), kind && openFinished(run, kind, 'deploy', found),
  ]);
  const opened = target.status === 'fulfilled' ? target.value : undefined;
  try {
    const facts = image.status === 'fulfilled' ? image.value : undefined;
    found.deployed = { commit: facts?.commit ?? checkedOut(checkout) ?? run.facts.commit };
    const proposal = await opened?.propose(wantedOf(named(run, found), facts));
    const existing = opened ? checkExisting(facts?.existing, config) : undefined;
    const problems = [
      ...closed.problems, ...[image, target].flatMap(problemsOf), ...existing?.problems ?? [], ...proposal?.checked.problems ?? [],
    ];
    if (problems.length > 0) throw new PreflightError(problems);
    const shared = opened ? sharedRecord(config, opened) : [];
    const warnings = [...closed.warnings, ...facts?.warnings ?? [], ...shared, ...existing?.warnings ?? [], ...proposal?.checked.warnings ?? []];
    return prepared(named(run, found), { facts, target: opened, proposal }, warnings);
  } catch (error) {
    await opened?.close();
    throw error;
  }
}

const checkedOut = (checkout: PromiseSettledResult<SourceFacts>): string | undefined =>
  (checkout.status === 'fulfilled' ? checkout.value.source?.revision : undefined);

/** Two sides are read at once: when both fail, both are told. What is no error of the user stays what it is. */
function problemsOf(settled: PromiseSettledResult<unknown>): readonly Finding[] {
  if (settled.status === 'fulfilled') return [];
  const error = asDeployError(settled.reason);
  if (error instanceof PreflightError) return error.problems;
  if (error.code === 'cancelled' || error.code === 'unexpected') throw error;
  return [{ cause: error.code, message: error.message, hint: error.hint }];
}

function wantedOf({ config, facts: { commit } }: Run, facts: ImageFacts | undefined): Wanted {
  const { build, existing } = facts ?? {};
  return {
    reference: referenceOf(config, facts) ?? '', commit,
    platforms: build?.platforms ?? (existing?.state === 'present' ? existing.platforms : []),
    // Also where the runner itself was refused: the nodes have logins of their own.
    isPushed: existing?.state === 'present' || existing?.state === 'denied',
  };
}

/** What is deployed, with a placeholder for what only the build will tell. */
function referenceOf({ image, digest, build }: Run['config'], facts: ImageFacts | undefined): string | undefined {
  if (image === undefined) return undefined;
  if (digest !== undefined) return deployReference(image, undefined, digest);
  return build ? deployReference(image, facts?.build?.tags.deployed, facts?.build?.existing?.digest ?? digestOfBuild) : undefined;
}

/** What was read of the image and of the target, as far as the run has them. */
interface Sides {
  readonly facts?: ImageFacts;
  readonly target?: OpenTarget;
  readonly proposal?: Proposal;
}

function prepared(run: Run, sides: Sides, warnings: readonly string[]): Prepared {
  const { config } = run;
  const { facts, target, proposal } = sides;
  const planned = referenceOf(config, facts);
  const reference = new Slot<string>();
  if (planned !== undefined && !planned.includes(digestOfBuild)) reference.set(planned);
  const built = new Slot<Built>();
  const image = facts?.build && imageStages(run, { image: facts.image, facts: facts.build, deployed: proposal?.rows ?? [], reference, built });
  const release = target && proposal && releaseStages({ run, target, proposal, reference });
  const stages = [...gateStages(run), ...(image ? [image.build] : []), ...release?.stages ?? [], ...image?.tags ?? []];
  const plan: Plan = makePlan(config, { reference: planned, stages, target, proposal, warnings });
  return {
    plan, stages, known: knownOf(run, sides, planned),
    ending: async () => {
      const released = await release?.ending();
      return { ...built.value, reference: reference.value ?? planned, ...released, warnings: [...built.value?.warnings ?? [], ...released?.warnings ?? []] };
    },
    close: async () => {
      await release?.close();
      await target?.close();
    },
  };
}

const knownOf = (run: Run, { facts, target, proposal }: Sides, reference: string | undefined): Partial<Ending> => ({
  namespace: target?.namespace, reference, digest: run.config.digest, subjects: [...new Set(proposal?.rows.map(({ subject }) => subject))],
  imageExisted: facts?.build?.existing !== undefined,
});

const gateStages = ({ ports, config: { gate } }: Run): Stage[] => (gate ? [{
  name: 'test', label: 'test gate',
  steps: [{ stage: 'test', title: `run the test gate in ${gate.workingDirectory}`, commands: gate.commands }],
  run: async () => { await runGate(ports, gate); },
}] : []);
