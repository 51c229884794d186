import type { Fetched } from '../data/fetch.js';
import type { RestoreResult } from '../outcome/data.js';
import { describeBackup, fetched, limited, resultOf, stage, type Restoring, type Work } from './restoring.js';
import type { Stage } from './stage.js';

/** A rehearsal: the newest backup is restored into a scratch server and compared, and everything is removed. It changes nothing, so it takes no lock. */
export class Drill implements Work {
  readonly results: RestoreResult[] = [];
  private backup?: Fetched;

  constructor(private readonly of: Restoring) {}

  get chosen(): string {
    return this.of.manifest.name;
  }

  get stages(): readonly Stage[] {
    const { cancelled } = this.of.run.ports;
    return [
      stage('download', [`download the backup ${describeBackup(this.of)}, and check its checksums`], () => limited(this.of, cancelled, async (signal) => { this.backup = await fetched(this.of, signal); })),
      stage('restore into a scratch server', ['restore it into a scratch server, and compare it with what was backed up'], () => limited(this.of, cancelled, (signal) => this.rehearse(signal))),
    ];
  }

  async close(): Promise<void> {
    await this.backup?.spool.close();
  }

  private async rehearse(signal: AbortSignal): Promise<void> {
    const { session, opened, backup } = this.of;
    if (!this.backup) throw new Error('the backup is not downloaded');
    const { spool, facts } = this.backup;
    const place = await opened.reach.scratch(signal, facts.server.bytes);
    try {
      const server = await opened.engine.startServer(session.context, place, facts.server);
      const compared = await server.restore(spool, facts, signal);
      await server.assert(backup.assertions, signal);
      this.results.push(resultOf(this.of, 'scratch', compared));
    } finally {
      await place.close();
    }
  }
}
