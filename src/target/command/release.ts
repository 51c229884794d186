import { watchUrls } from '../../check/watch/by-url.js';
import type { WatchConfig } from '../../config/config.js';
import type { WatchReport } from '../../outcome/watch.js';
import { smokeUrls } from '../../check/smoke/by-url.js';
import type { Before } from '../../check/smoke/before.js';
import { digestOf } from '../../image/reference.js';
import { RolloutError, type DeployError } from '../../outcome/errors.js';
import { shellWord } from '../../outcome/wording.js';
import { succeeds, within } from '../../ports/within.js';
import type { PlannedChange } from '../../outcome/plan.js';
import type { Standing } from '../../record/release.js';
import { versionsOf } from '../rows.js';
import type { Change, Progress, Recorded, Report, Undone, UndoJournal, Wave, Words } from '../target.js';
import { current, earlier, looksForMs, runCommand, superseded, until, untilCurrent, type Given, type Version } from './commands.js';
import { rowOf } from './plan.js';
import { isOthers, recorded, type Deployment } from './recorded.js';
import { undo } from './undo.js';

/** A version that another process has deployed is not waited for as one that was deployed just now. */
const standsWithinMs = 20_000;
/** Nobody waits for a step that was cancelled, and its post step reports the end. */
const hurriedMs = 3000;

/** `there`: nothing has to be changed. `begun`: by another process, and nobody knows how far it came. */
type State = 'to-do' | 'there' | 'begun';

/** A deployment by commands in progress, or left in progress by another process. */
export class CommandRelease implements Change {
  readonly isThere: boolean;
  readonly waves: readonly Wave[];
  readonly words: Words = { stays: 'the new version stays deployed', isThere: 'Its version is deployed.' };
  private readonly name: 'deploy' | 'rollback';
  private readonly version: Version;
  private hasBegun: boolean;
  private beganAt = 0;
  private rolledOutMs?: number;

  constructor(private readonly given: Given, private deployment: Deployment, private readonly checks: Before, state: State) {
    const { before = '', reference, commit, to } = deployment;
    this.name = to === undefined ? 'deploy' : 'rollback';
    this.version = { reference, commit, previous: to ?? before };
    this.isThere = state === 'there';
    this.hasBegun = state === 'begun';
    this.waves = [{
      mark: this.isThere ? 'as it is' : this.name,
      change: (confirm) => (this.isThere ? Promise.resolve() : this.change(confirm)), prove: () => this.prove(given.command.timeoutMs),
    }];
  }

  get standing(): readonly Standing[] {
    const isIdle = !this.deployment.verifiedBefore && this.checks.passed.size === 0;
    return versionsOf([this.row], 'before').map((content) => ({ subject: content.subject, contents: [content], isIdle }));
  }

  recorded(): Recorded {
    return { target: recorded.write(this.deployment), rows: [this.row], passedBefore: this.checks.passed };
  }

  async verify(): Promise<void> {
    const { ports, config } = this.given;
    await smokeUrls(ports, this.checks.failed, config.smoke, ports.cancelled);
    this.see(await current(this.given, ports.cancelled).catch(unlessCommand));
  }

  async watch(watch: WatchConfig): Promise<WatchReport> {
    const { ports, config } = this.given;
    const report = await watchUrls(ports, config.smoke, watch, ports.cancelled);
    this.see(await current(this.given, ports.cancelled).catch(unlessCommand));
    return report;
  }

  async stands(): Promise<boolean> {
    const { given, given: { ports: { cancelled } }, deployment: { before } } = this;
    return succeeds(cancelled, async () => {
      const printed = await current(given, cancelled);
      if (printed === undefined || printed === before || this.progress().unverified.length > 0) return false;
      this.see(printed);
      await this.prove(standsWithinMs);
      await this.verify();
      return true;
    });
  }

  mayHaveChanged(): boolean {
    return this.hasBegun;
  }

  progress(): Progress {
    const { config, command } = this.given;
    const isVerified = command.verify !== undefined || config.smoke.length > 0;
    const reason = 'there is neither `verify` nor a smoke check to show that it serves';
    return { rolledOutMs: this.rolledOutMs, verified: [], unverified: isVerified ? [] : [{ subject: config.app, reason }], warnings: this.warnings() };
  }

  describe(): string[] {
    return [`deployed in ${((this.rolledOutMs ?? 0) / 1000).toFixed(1)} s: ${this.called}`];
  }

  async undo(failure: DeployError, journal: UndoJournal): Promise<Undone> {
    const subject = this.given.config.app;
    if (!this.hasBegun) return { result: 'untouched', notes: [], evidence: [], untouched: [subject] };
    return undo(this.given, { ...this.deployment, subject, passed: this.checks.passed }, failure, journal);
  }

  async report(): Promise<Report> {
    const { given, given: { command: { deploy, rollback }, hasPost, ports: { clock, cancelled, log } }, deployment: { before = '' } } = this;
    const ms = cancelled.aborted && hasPost ? hurriedMs : looksForMs;
    const printed = await within(clock, { ms, late: () => new Error('out of time') }, (signal) => current(given, signal)).catch(() => undefined);
    const { reference, previous } = earlier(this.given, before);
    const values = { DEPLOY_PREVIOUS: previous, DEPLOY_REFERENCE: reference, DEPLOY_DIGEST: digestOf(reference) ?? '' };
    const exports = Object.entries(values).filter(([, value]) => value !== '').map(([name, value]) => `export ${name}=${shellWord(value)}`);
    return {
      rows: [{ ...this.row, now: printed && log.redact(printed) }],
      // To go back would overwrite what somebody else has deployed.
      undoCommands: isOthers(this.deployment, printed) ? [] : rollback ? [...exports, ...rollback] : [...exports, ...reference === '' ? [byHand] : [], ...deploy],
    };
  }

  private async change(confirm: () => Promise<void>): Promise<void> {
    const { given, given: { ports: { clock, cancelled } }, deployment: { before } } = this;
    if (before !== undefined) {
      const now = await current(given, cancelled);
      if (now !== before) throw superseded(now);
    }
    await confirm();
    cancelled.throwIfAborted();
    this.hasBegun = true;
    this.beganAt = clock.monotonic();
    await runCommand(given, this.name, this.version, cancelled);
  }

  /** What the command says of itself is not believed: `verify` decides, or else `current`. */
  private async prove(forMs: number): Promise<void> {
    const { given, given: { command, ports: { clock, cancelled } }, deployment: { before, to, verifiedBefore }, version } = this;
    if (to !== undefined) await untilCurrent(given, forMs, cancelled, { is: to });
    // Of an earlier version `verify` may be told too little: it counts where as little was enough before.
    const isTold = to === undefined || version.reference !== '' || version.commit !== '' || verifiedBefore;
    if (command.verify && isTold) await this.untilVerified(forMs);
    else if (!command.verify && to === undefined && before !== undefined && !this.isThere) await untilCurrent(given, forMs, cancelled, { isNot: before });
    this.see(await current(given, cancelled).catch(unlessCommand));
    if (this.beganAt > 0) this.rolledOutMs = Math.round(clock.monotonic() - this.beganAt);
  }

  /** While `verify` fails, `current` runs as well. The first other version that it prints is the one of this run; a third one is someone else's. */
  private async untilVerified(forMs: number): Promise<void> {
    const { given, given: { ports: { cancelled } }, version, deployment: { before } } = this;
    let printed: string | undefined;
    const attempt = async (): Promise<void> => {
      try {
        await runCommand(given, 'verify', version, cancelled);
      } catch (error) {
        if (error instanceof RolloutError) {
          printed = await current(given, cancelled).catch(unlessCommand);
          if (printed !== before) this.see(printed);
        }
        throw error;
      }
    };
    try {
      await until(given, forMs, cancelled, attempt, '`verify`');
    } catch (error) {
      if (!(error instanceof RolloutError)) throw error;
      const isBefore = printed !== undefined && printed === before && this.beganAt > 0;
      const message = `${error.message} It failed for ${forMs / 1000} s, and \`current\` prints ${printed ?? 'nothing'}${isBefore ? ', as before' : ''}.`;
      throw new RolloutError('command-failed', message, { evidence: error.evidence, hint: isBefore ? didNotMove(this.name) : error.hint });
    }
  }

  /** What `current` prints by now. @throws ClusterError superseded */
  private see(printed: string | undefined): void {
    if (isOthers(this.deployment, printed)) throw superseded(printed);
    this.deployment = { ...this.deployment, after: printed ?? this.deployment.after };
  }

  private warnings(): string[] {
    const { deployment: { before, after, reference, commit, to }, isThere, beganAt } = this;
    const isNamed = [digestOf(reference) ?? '', commit].some((name) => name !== '' && after?.includes(name));
    if (isThere || beganAt === 0 || to !== undefined || after === undefined || after !== before || isNamed) return [];
    return [`\`verify\` succeeded, but \`current\` prints ${after} as before. Either nothing was deployed and \`verify\` does not check the version, or \`current\` prints the same for different versions.`];
  }

  /** As `current` prints it, or what it is called before that. */
  private get called(): string {
    const { after, to, reference, commit } = this.deployment;
    return after ?? to ?? (reference || commit);
  }

  private get row(): PlannedChange {
    return rowOf(this.given, this.deployment.before, this.called);
  }
}

const didNotMove = (name: string): string =>
  `\`${name}\` exited with code 0, but traffic did not move. Check whether the platform pins the traffic, needs another command, or needs more time than \`timeout\`.`;
const byHand = '# Set DEPLOY_REFERENCE, DEPLOY_DIGEST and DEPLOY_COMMIT to those of the previous version.';

/** That `current` fails shows in the next line that needs it. */
function unlessCommand(error: unknown): undefined {
  if (!(error instanceof RolloutError)) throw error;
}
