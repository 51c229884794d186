import type { WatchConfig } from '../config/config.js';
import { formatDuration } from '../config/values/duration.js';
import type { DeployError } from '../outcome/errors.js';
import type { Figures } from '../outcome/figures.js';
import type { Recovery } from '../outcome/outcome.js';
import type { WatchReport } from '../outcome/watch.js';
import { messageOf } from '../outcome/wording.js';
import { closedNow } from '../policy/freeze.js';
import { isUnfinished, withMark, type Ledger } from '../record/ledger.js';
import { figuresOf, pastOf } from '../record/figures.js';
import type { Lock } from '../record/store.js';
import type { Change, Undone } from '../target/target.js';
import type { Ending } from './outcome.js';
import { recover, refuseOthersRun } from './recover.js';
import type { Migration } from './migration.js';
import { migrationLeft } from './migration-marks.js';
import { Journal, refuseClosed, type Releasing } from './release-journal.js';
import { ReleaseUndo } from './release-undo.js';
import type { Stage } from './stage.js';
import { unprovenBy, verifiedBy, watchMark } from './watched.js';

export type { Releasing };

export interface ReleaseStages {
  readonly stages: readonly Stage[];
  /** The result. Call it when the stages have ended. */
  ending(): Promise<Partial<Ending>>;
  /** Releases the lock and ends the watches. Call it however the stages ended. */
  close(): Promise<void>;
}

/** The stages that change a target: roll out, and check the new version. They share one lock and one change. With a migration, that comes first. */
export function releaseStages(releasing: Releasing): ReleaseStages {
  const session = new Session(releasing);
  const { run: { config }, proposal, migration } = releasing;
  const migrate: Stage[] = migration ? [{ name: 'migrate', label: 'migration', steps: proposal.isThere ? [] : migration.steps, run: () => session.migrate(migration) }] : [];
  const count = config.smoke.length;
  const rollout: Stage = {
    name: 'rollout', label: 'rollout', steps: [proposal.step],
    run: () => session.rollOut(),
    undo: (failure) => session.undo(failure),
  };
  const smoke: Stage = {
    name: 'smoke', label: 'smoke checks',
    steps: [{ stage: 'smoke', title: `run ${count === 1 ? 'the smoke check' : `${count} smoke checks`}: ${config.smoke.map((check) => `\`${check.text}\``).join(', ')}`, commands: [] }],
    run: () => session.verify(),
  };
  const watched = config.watch && watchStage(config.watch, (each) => session.watch(each));
  const stages = [...migrate, rollout, ...count === 0 ? [] : [smoke], ...watched ? [watched] : []];
  return { stages, ending: () => session.ending(), close: () => session.close() };
}

function watchStage(watch: WatchConfig, run: (watch: WatchConfig) => Promise<void>): Stage {
  const title = `watch the new version for ${formatDuration(watch.forMs)}`;
  return { name: 'watch', label: 'watch', steps: [{ stage: 'watch', title, commands: [] }], run: () => run(watch) };
}

/** One release from its lock to its end, with the state that its stages share. */
class Session {
  private lock?: Lock;
  /** As it was found under the lock, once an interrupted run was finished. */
  private found?: Found;
  /** How an interrupted earlier run was finished. */
  private recovery?: Recovery;
  private undone?: Undone;
  private watched?: WatchReport;
  private readonly journal: Journal;
  private readonly takingBack: ReleaseUndo;

  constructor(private readonly releasing: Releasing) {
    this.journal = new Journal(releasing);
    this.takingBack = new ReleaseUndo(releasing, this.journal);
  }

  /** A version that is there already and healthy is verified as it is: its migration was a part of its deployment. */
  async migrate(migration: Migration): Promise<void> {
    const { journal, releasing: { run, reference } } = this;
    const found = await this.enter();
    const look = await this.begin(found);
    if (look.isThere) {
      this.journal.change = look;
      run.ports.log.info('this version is there already: nothing is migrated');
      return;
    }
    try {
      refuseClosed(closedNow(run.config, run.ports.clock));
      await migration.perform({
        lock: found.lock, reference: reference.value ?? '',
        write: async (change) => {
          if (!journal.ledger) await journal.begin(found.ledger, look);
          if (journal.ledger) await journal.write(change(journal.ledger), run.config.timeoutMs);
        },
      });
    } catch (error) {
      await this.takingBack.afterMigration(error, this.lock);
      throw error;
    } finally {
      look.close?.();
    }
  }

  async rollOut(): Promise<void> {
    const { journal, releasing: { run } } = this;
    const found = await this.enter();
    const { lock, ledger } = found;
    const change = journal.change ?? await this.begin(found);
    journal.change = change;
    if (!change.isThere && !journal.ledger) await journal.begin(ledger, change);
    for (const [index, wave] of change.waves.entries()) {
      // Before the first wave nothing is lost by giving up soon.
      if (journal.ledger) await journal.write(withMark(journal.ledger, wave.mark), index === 0 ? 0 : run.config.timeoutMs);
      await wave.change(() => lock.confirm());
      await wave.prove();
    }
    if (!change.isThere) for (const line of change.describe()) run.ports.log.info(line);
    if (run.config.smoke.length === 0 && !run.config.watch) await journal.confirm(change, lock);
  }

  /** Takes the lock, and finishes a run that was interrupted; once for all stages. */
  private async enter(): Promise<Found> {
    if (this.found) return this.found;
    const lock = await this.locked();
    this.lock = lock;
    return this.found = { lock, ledger: await this.finished(lock) };
  }

  private begin({ lock, ledger }: Found): Promise<Change> {
    const { proposal, reference } = this.releasing;
    return proposal.begin({ lock, ledger, reference: reference.value ?? '' });
  }

  private async locked(): Promise<Lock> {
    const { run, target } = this.releasing;
    let hasWaited = false;
    const lock = await target.store.lock({ id: run.id, url: run.facts.runUrl }, run.config.lockTimeoutMs, () => {
      hasWaited = true;
      run.announce({ kind: 'lock-awaited' });
    });
    if (hasWaited) run.announce({ kind: 'lock-acquired' });
    return lock;
  }

  async verify(): Promise<void> {
    const { journal, lock } = this;
    const { change } = journal;
    if (!change || !lock) return;
    await change.verify();
    if (!this.releasing.run.config.watch) await journal.confirm(change, lock);
  }

  /** A version that was there already was watched when it was deployed. */
  async watch(watch: WatchConfig): Promise<void> {
    const { journal, lock, releasing: { run } } = this;
    const { change } = journal;
    if (!change || !lock) return;
    if (change.isThere) run.ports.log.info('this version is there already: it is not watched again');
    else {
      // Whoever finds this run interrupted from here on knows that only the watch was not complete.
      if (journal.ledger) await journal.write(withMark(journal.ledger, watchMark), run.config.timeoutMs);
      this.watched = await change.watch(watch);
    }
    await journal.confirm(change, lock);
  }

  /** Does not throw: a failed undo is a result that must be reported. */
  async undo(failure: DeployError): Promise<void> {
    try {
      this.undone = await this.takingBack.takeBack(failure, this.lock);
    } catch (error) {
      this.undone = { result: 'failed', notes: [`The rollback itself failed: ${messageOf(error)}.`], evidence: [], untouched: [] };
    }
  }

  async ending(): Promise<Partial<Ending>> {
    const { recovery, undone, watched, journal: { change, ledger, overridden } } = this;
    const { verified, unverified, rolledOutMs, warnings = [] } = change?.progress() ?? {};
    return {
      recovery, undone, rolledOutMs, verified: [...verified ?? [], ...watched ? verifiedBy(watched) : []], unverified, unchanged: change?.isThere === true,
      warnings: [...overridden, ...warnings, ...watched ? unprovenBy(watched) : [], ...migrationLeft(ledger)], figures: this.figures(),
      ...(change && !change.isThere ? await change.report() : {}), ...rehearsedBy(this.releasing.migration),
    };
  }

  private figures(): Figures | undefined {
    const { ledger } = this.journal;
    return ledger && figuresOf(pastOf(ledger.past ?? [], ledger.run.repository), this.releasing.run.ports.clock.now());
  }

  async close(): Promise<void> {
    this.journal.change?.close?.();
    if (this.takingBack.isLeft) this.lock?.leave();
    else await this.lock?.release();
  }

  /** The record, once an interrupted run is finished. */
  private async finished(lock: Lock): Promise<Ledger | undefined> {
    const { run, target } = this.releasing;
    const known = await target.store.read();
    if (!isUnfinished(known)) return known;
    // The wait for the lock may have lasted into a freeze, and to finish another run is to change something too.
    refuseClosed(closedNow(run.config, run.ports.clock));
    refuseOthersRun(run, known);
    this.recovery = await recover(run, target, known, lock);
    return target.store.read();
  }
}

interface Found {
  readonly lock: Lock;
  readonly ledger: Ledger | undefined;
}

/** What is reported of the database. */
const rehearsedBy = (migration: Migration | undefined): Pick<Ending, 'data'> =>
  (migration?.rehearsed ? { data: { of: 'migration', backups: [], restores: [], kept: [], rehearsal: migration.rehearsed } } : {});
