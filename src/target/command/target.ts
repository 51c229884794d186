import { join } from 'node:path';
import { checkUrls, urlsBefore } from '../../check/smoke/by-url.js';
import { recordedChecks } from '../../check/smoke/recorded.js';
import { ClusterError } from '../../outcome/errors.js';
import { fileStore } from '../../record/file-store.js';
import { previousRelease } from '../../record/history.js';
import type { Ledger, Release } from '../../record/ledger.js';
import { listReleases } from '../../record/releases.js';
import type { RecordStore } from '../../record/store.js';
import { readTargetRecord } from '../../record/target-record.js';
import type { Change, OpenTarget, Proposal, ProposalBack, Start, TargetKind, Wanted } from '../target.js';
import { earlier, othersHint, type Given } from './commands.js';
import { before, isThere, rollbackOf, stepOf, verifies, type Before, type Planned } from './plan.js';
import { recordedAs } from './recorded.js';
import { CommandRelease } from './release.js';

/** Anything that commands of the user's own deploy to. What `current` prints of it before and after is the proof. */
export const command: TargetKind = {
  kind: recordedAs.kind,
  open: async (context, config) => {
    if (!config.command) throw new Error('the settings have no commands');
    const store = fileStore(context.ports, join(context.folder, 'record.json'));
    return new Platform({ ...context, config, command: config.command }, store, await store.read());
  },
};

class Platform implements OpenTarget {
  readonly kind = recordedAs.kind;

  constructor(private readonly given: Given, readonly store: RecordStore, readonly ledger: Ledger | undefined) {}

  async reread(): Promise<OpenTarget> {
    return new Platform(this.given, this.store, await this.store.read());
  }

  async propose(wanted: Wanted): Promise<Proposal> {
    return this.proposal(wanted, await before(this.given));
  }

  async proposeBack(): Promise<ProposalBack> {
    const { given, given: { config: { app, to }, ports }, ledger: { releases } = { releases: [] } } = this;
    const found = await before(given);
    const now = found.version === undefined ? [] : [{ subject: app, part: '', version: found.version }];
    for (const line of listReleases(releases, now)) ports.log.info(line);
    const release = to === undefined ? previousRelease(releases, now) : named(to, releases) ?? unrecorded(app, to);
    const [content] = release?.contents ?? [];
    if (!release || !content) {
      throw new ClusterError('release-not-found', `There is no record of an earlier release of ${app}.`, {
        hint: 'Give `to` what `current` printed of the version to go back to: the summary of each run shows it as "before".',
      });
    }
    const { reference } = earlier(given, content.version);
    return { ...await this.proposal({ reference, commit: release.commit, to: content.version }, found), release, reference };
  }

  async reopen({ run }: Ledger): Promise<Change> {
    const { given } = this;
    const smoke = recordedChecks(run.checks, given.config.smoke);
    const passed = new Set(run.passedBefore);
    return new CommandRelease({ ...given, config: { ...given.config, smoke } }, readTargetRecord(run.target, recordedAs), { passed, failed: new Map() }, 'begun');
  }

  async close(): Promise<void> {
    // Nothing is held open.
  }

  private async proposal(planned: Planned, found: Before): Promise<Proposal> {
    const { given, given: { config, ports } } = this;
    const { problems, warnings } = await checkUrls(ports, config.smoke);
    const isPlanned = isThere(found, planned);
    for (const { title, text } of found.evidence) await ports.log.group(title, async () => ports.log.info(text));
    return {
      checked: { problems, warnings: [...warnings, ...found.why === undefined ? [] : [found.why]] },
      rows: [{ subject: config.app, part: '', before: ports.log.redact(found.version ?? ''), after: planned.to ?? (planned.reference || planned.commit || '') }],
      isThere: isPlanned, step: stepOf(given, isPlanned, planned), rollback: rollbackOf(given, found), begin: (start) => this.begin(planned, found, start),
    };
  }

  private async begin({ reference, commit = '', to }: Planned, planned: Before, start: Start): Promise<Change> {
    const given = { ...this.given, ports: { ...this.given.ports, cancelled: AbortSignal.any([this.given.ports.cancelled, start.lock.lost]) } };
    const found = await before(given);
    if (to !== undefined && found.version !== planned.version) {
      throw new ClusterError('superseded', `\`current\` prints ${found.version ?? 'nothing'}, and printed ${planned.version ?? 'nothing'} when the run was planned: something else was deployed meanwhile. Nothing was changed.`, { hint: othersHint });
    }
    const [verifiedBefore, checks] = await Promise.all([verifies(given, found.version), urlsBefore(given.ports, given.config.smoke)]);
    const deployment = { before: found.version, verifiedBefore, reference: to === undefined ? start.reference : reference, commit, to };
    // The version before is this one: there is no other to compare it with.
    return isThere(found, deployment) ? new CommandRelease(given, deployment, { ...checks, failed: new Map() }, 'there') : new CommandRelease(given, deployment, checks, 'to-do');
  }
}

/** The recorded release that `to` names: by what `current` printed of it, or by its commit. */
const named = (to: string, releases: readonly Release[]): Release | undefined =>
  releases.find(({ contents, commit }) => contents.some(({ version }) => version === to) || (/^[0-9a-f]{7,}$/.test(to) && commit?.startsWith(to)));

/** One that is known by its name alone. */
const unrecorded = (subject: string, to: string): Release => ({ reference: to, at: '', verified: false, contents: [{ subject, part: '', version: to }] });
