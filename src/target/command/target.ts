import { join } from 'node:path';
import { checkUrls, urlsBefore } from '../../check/smoke/by-url.js';
import { ClusterError } from '../../outcome/errors.js';
import { fileStore } from '../../record/file-store.js';
import type { Ledger, Release } from '../../record/ledger.js';
import type { Lock, RecordStore } from '../../record/store.js';
import type { Change, OpenTarget, Proposal, ProposalBack, Start, TargetKind, Wanted } from '../target.js';
import { asPlanned, releaseBack } from '../rows.js';
import { inPlaceOf, underLock } from '../under-lock.js';
import { earlier, type Given } from './commands.js';
import { before, isThere, rollbackOf, rowOf, stepOf, verifies, type Before, type Planned } from './plan.js';
import { recorded } from './recorded.js';
import { CommandRelease } from './release.js';
import { settingText } from '../../outcome/place-words.js';

/** Anything that commands of the user's own deploy to. What `current` prints of it before and after is the proof. */
export const command: TargetKind = {
  kind: recorded.kind,
  words: { untouched: 'Nothing was deployed.', leftAlone: 'deployed nothing itself', deployed: 'is deployed' },
  open: async (context, config) => {
    if (!config.command) throw new Error('the settings have no commands');
    const store = fileStore(context.ports, join(context.folder, 'record.json'));
    return new Platform({ ...context, config, command: config.command }, store, await store.read());
  },
};

class Platform implements OpenTarget {
  readonly kind = recorded.kind;

  constructor(private readonly given: Given, readonly store: RecordStore, readonly ledger: Ledger | undefined) {}

  async reread(): Promise<OpenTarget> {
    return new Platform(this.given, this.store, await this.store.read());
  }

  async propose(wanted: Wanted): Promise<Proposal> {
    return this.proposal(wanted, await before(this.given));
  }

  async proposeBack(): Promise<ProposalBack> {
    const { given, given: { config: { app } }, ledger: { releases } = { releases: [] } } = this;
    const found = await before(given);
    const now = found.version === undefined ? [] : [{ subject: app, part: '', version: found.version }];
    const known = (to: string): Release | undefined => releases.find(({ contents }) => contents.some(({ version }) => version === to));
    const release = await releaseBack(given, releases, now, (to) => known(to) ?? unrecorded(app, to));
    const [content] = release?.contents ?? [];
    if (!release || !content) {
      throw new ClusterError('release-not-found', `No earlier release of ${app} is recorded.`, {
        hint: `Set ${settingText('to')} to what \`current\` printed for the version to restore: the summary of each run shows it as "before".`,
      });
    }
    const { reference } = earlier(given, content.version);
    return { ...await this.proposal({ reference, commit: release.commit, to: content.version }, found), release, reference };
  }

  async reopen({ run }: Ledger, lock: Lock): Promise<Change> {
    return new CommandRelease(inPlaceOf(this.given, run, lock), recorded.read(run.target), { passed: new Set(run.passedBefore), failed: new Map() }, 'begun');
  }

  private async proposal(planned: Planned, found: Before): Promise<Proposal> {
    const { given, given: { config, ports } } = this;
    const { problems, warnings } = await checkUrls(ports, config.smoke);
    const isPlanned = isThere(found, planned);
    for (const { title, text } of found.evidence) await ports.log.group(title, async () => ports.log.info(text));
    return {
      checked: { problems, warnings: [...warnings, ...found.why === undefined ? [] : [found.why]] },
      rows: [rowOf(given, found.version, planned.to ?? (planned.reference || planned.commit))],
      isThere: isPlanned, step: stepOf(given, isPlanned, planned), rollback: rollbackOf(given, found), begin: (start) => this.begin(planned, found, start),
    };
  }

  private async begin({ reference, commit = '', to }: Planned, planned: Before, start: Start): Promise<Change> {
    const given = underLock(this.given, start.lock);
    const found = await before(given);
    if (to !== undefined) asPlanned([rowOf(given, planned.version)], [rowOf(given, found.version)]);
    const [verifiedBefore, checks] = await Promise.all([verifies(given, found.version), urlsBefore(given.ports, given.config.smoke)]);
    const deployment = { before: found.version, verifiedBefore, reference: to === undefined ? start.reference : reference, commit, to };
    // The version before is this one: there is no other to compare it with.
    if (isThere(found, deployment)) return new CommandRelease(given, deployment, { ...checks, failed: new Map() }, 'there');
    return new CommandRelease(given, deployment, checks, 'to-do');
  }
}

/** One that is known by its name alone. */
const unrecorded = (subject: string, to: string): Release => ({ reference: to, at: '', verified: false, contents: [{ subject, part: '', version: to }] });
