import type { Config, WorkloadRef } from '../../config/config.js';
import { ConfigError } from '../../outcome/errors.js';
import { nothingFound, PreflightError, together, type Checked } from '../../outcome/finding.js';
import { digestOfBuild } from '../../outcome/plan.js';
import { needsToRead, needToAsk } from '../../kubernetes/preflight/needs.js';
import { isAllowed } from '../../kubernetes/preflight/permissions.js';
import type { Context } from '../../ports/context.js';
import { isUnfinished, type Ledger } from '../../record/ledger.js';
import type { Lock } from '../../record/store.js';
import type { OneOffs } from '../one-off.js';
import type { OpenTarget, Proposal, ProposalBack, Purpose, TargetKind, Wanted } from '../target.js';
import { isProvedFirst, refuseUnresolvable, namesAlready, wayBackOf } from './before-change.js';
import { begin } from './begin.js';
import { chooseRelease, workloadsOf } from './choose-release.js';
import { inPlaceOf, type Given } from '../under-lock.js';
import { readCluster, readFacts, type Choose, type ClusterFacts } from './facts.js';
import { rowsOf, type ImageChange } from './image-change.js';
import { ImageRelease } from './image-release.js';
import { inspect } from './inspect.js';
import { rollbackOf, stepOf } from './plan.js';
import { checkChange, preflight, unhealthyNow } from './preflight.js';
import { recorded, recordedImages } from './recorded.js';
import { reopen } from './reopen.js';
import { asFinding, refText, resolveChanges } from './resolve.js';
import { findRewritten } from './rewritten.js';
import { checkInRegistry } from './in-registry.js';
import { settingText } from '../../outcome/place-words.js';

/** Images of containers of existing workloads of one namespace, set by `kubectl set image`. */
export const setImage: TargetKind = {
  kind: recorded.kind,
  words: { untouched: 'No workload was changed.', leftAlone: 'changed no workload itself', deployed: 'is deployed to every workload' },
  open: async (context: Context, config: Config, purpose: Purpose) => {
    const given = { ...context, config };
    const choose = choosing(config, purpose);
    if (purpose === 'check') return openToRead(given, choose);
    return new Workloads(given, await readCluster(given, choose), choose);
  },
};

/** The workloads of a run. A rollback may take them from the recorded releases, and finishing an interrupted run takes them from its record. */
function choosing(config: Config, purpose: Purpose): Choose {
  if (purpose === 'finish') return () => [];
  return (ledger): readonly WorkloadRef[] => (purpose === 'rollback' && config.workloads.length === 0 ? workloadsOf(ledger, config) : config.workloads);
}

/** For an account that is allowed to read. A smoke check through the API server needs more, and is left out where that is missing. */
async function openToRead(given: Given, choose: Choose): Promise<OpenTarget> {
  const facts = await readCluster(given, choose, needsToRead);
  const { config: { smoke }, ports: { cancelled } } = given;
  const [through, others] = [smoke.filter(({ target }) => target.type === 'service'), smoke.filter(({ target }) => target.type !== 'service')];
  if (through.length === 0 || await isAllowed(facts.cluster.api, facts.cluster.namespace, needToAsk, cancelled)) return new Workloads(given, facts, choose);
  const notes = through.map(({ text }) => `Smoke check \`${text}\` was not run against the current version: this account is not allowed to get services/proxy.`);
  return new Workloads(given, facts, choose, { given: { ...given, config: { ...given.config, smoke: others } }, notes });
}

class Workloads implements OpenTarget {
  readonly kind = recorded.kind;

  /** @param preflight the run as far as its preflight can check it, and warnings about the rest */
  constructor(
    private readonly given: Given, private readonly facts: ClusterFacts, private readonly choose: Choose,
    private readonly preflight: { readonly given: Given; readonly notes: readonly string[] } = { given, notes: [] },
  ) {}

  get namespace(): string {
    return this.facts.cluster.namespace;
  }

  get store(): ClusterFacts['store'] {
    return this.facts.store;
  }

  get ledger(): Ledger | undefined {
    return this.facts.ledger;
  }

  async reread(): Promise<OpenTarget> {
    return new Workloads(this.given, await readFacts(this.given, this.facts.cluster, this.choose), this.choose);
  }

  async propose(wanted: Wanted): Promise<Proposal> {
    const { given, facts } = this;
    const { image } = given.config;
    if (image === undefined) throw new ConfigError([{ where: 'settings', message: `name workloads but no ${settingText('image')} to set on them` }]);
    const reference = wanted.reference.includes(digestOfBuild) ? image : wanted.reference;
    const found = await findRewritten(facts.cluster, facts.found, { image, reference }, given.ports.cancelled);
    const { changes, problems } = resolveChanges(found, image, wanted.reference, this.namespace, pausedByRun(facts.ledger));
    const unresolved: Checked = { problems: problems.map(asFinding), warnings: [] };
    const looked = await preflight(this.preflight.given, facts, wanted, changes);
    const proposal = await this.proposal(changes, together([unresolved, looked, { problems: [], warnings: this.preflight.notes }]));
    return { ...proposal, inspect: (reads) => inspect(given, facts, changes, looked.referenced, reads) };
  }

  async proposeBack(): Promise<ProposalBack> {
    const { given, facts } = this;
    refusePaused(facts);
    // It would fail after the rollback, and undo it.
    refuseUnresolvable(given.config.smoke, facts);
    const { release, changes, warnings } = await chooseRelease(given, facts);
    const [unread, checked] = await Promise.all([checkInRegistry(given, release), checkChange(given, facts, changes)]);
    const found = together([{ ...nothingFound, warnings: [...warnings, ...unread] }, checked]);
    return { ...await this.proposal(changes, found, release), release, reference: release.reference };
  }

  async reopen(ledger: Ledger, lock: Lock): Promise<ImageRelease> {
    const { given, facts } = this;
    const { release, pausableUntil } = await reopen({ ...facts, given: inPlaceOf(given, ledger.run, lock) }, ledger.run, lock);
    return new ImageRelease(release, 'to-do', pausableUntil);
  }

  async oneOffs(): Promise<OneOffs> {
    const { jobs } = await import('./one-offs.js');
    return jobs(this.given, this.facts);
  }

  close(): Promise<void> {
    return this.facts.cluster.close();
  }

  private async proposal(changes: readonly ImageChange[], checked: Checked, goesBackTo?: ProposalBack['release']): Promise<Proposal> {
    const { given, facts } = this;
    const unhealthy = checked.problems.length > 0 ? new Map<string, string>() : await unhealthyNow(given, facts);
    const isThere = unhealthy.size === 0 && changes.every(namesAlready);
    return {
      checked, isThere, rows: rowsOf(changes), step: stepOf(changes, isThere, facts.cluster.typed, firstOf(given.config, facts, changes)),
      rollback: rollbackOf(given.config, unhealthy, wayBackOf(facts.ledger, changes, unhealthy)),
      preview: async () => {
        const { preview } = await import('./preview.js');
        return preview(given, facts, changes);
      },
      begin: (start) => begin({ given, facts, changes, goesBackTo }, start),
    };
  }
}

/** The workloads whose first pods would be checked before the others follow. */
const firstOf = (config: Config, { found, services }: ClusterFacts, changes: readonly ImageChange[]): readonly string[] => changes
  .filter((change) => isProvedFirst(config, change, found.find(({ ref }) => refText(ref) === change.ref)?.workload, services)).map(({ ref }) => ref);

/** Deployments that a running or interrupted run may have paused, by its record. */
const pausedByRun = (ledger: Ledger | undefined): ReadonlySet<string> =>
  new Set(isUnfinished(ledger) ? recordedImages(ledger.run.target)?.paused.map(({ ref }) => ref) : []);

/** People pause a Deployment in an emergency, so this is reported before anything else. */
function refusePaused({ found, ledger }: ClusterFacts): void {
  const own = pausedByRun(ledger);
  const paused = found.filter(({ ref, workload }) => workload?.spec?.paused && !own.has(refText(ref))).map(({ ref }) => refText(ref));
  if (paused.length === 0) return;
  throw new PreflightError(paused.map((ref) => ({
    cause: 'not-deployable', message: `${ref} is paused, so a rollback would not change its pods.`,
    hint: `Find out who paused it and why. Resume it with \`kubectl rollout resume ${ref}\`, then run the rollback again.`,
  })));
}
