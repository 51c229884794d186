/** How long it takes until a backup of 1 GB is verified, rehearsed and restored, and what memory the action needs at two sizes. */
import process from 'node:process';
import { filled, more, settingsOf, stageMs, withData } from './data-stand.mjs';
import { mebibytes, seconds } from './measure.mjs';

export const name = 'data-restore';
export const needsSandbox = true;

const sizes = (process.env.BENCH_DATA_MB ?? '100,1050').split(',').map(Number);

/** @param {import('./benchmark.mjs').Context} context */
export const run = ({ env }) => withData(env, async (stand) => {
  const [first = 100] = sizes;
  const server = await filled(stand, 'd0', first);
  /** @type {string[][]} */
  const rows = [];
  for (const [index, size] of sizes.entries()) {
    const database = `d${index}`;
    if (index > 0) {
      await server.sql(`CREATE DATABASE ${database}`, 'postgres');
      await more(server, database, size);
    }
    const bytes = Number(await server.sql(`SELECT pg_database_size('${database}')`, 'postgres'));
    const settings = settingsOf(database);
    // Another database under the same name: the size of the last backup is nothing to compare it with.
    const made = await stand.act({ action: 'backup', database: settings, backup: { 'verify': 'restore', 'allow-smaller': 'true' } });
    const drill = await stand.act({ action: 'restore', database: settings, inputs: { into: 'scratch', backup: made.result.outputs.backup ?? '' } });
    const live = await stand.act({ action: 'restore', database: settings, inputs: { confirm: database, backup: made.result.outputs.backup ?? '' } });
    rows.push([
      `${(bytes / 1e9).toFixed(2)} GB`, seconds(stageMs(made.result, /^verify/)), seconds(made.result.durationMs), seconds(drill.result.durationMs), seconds(live.result.durationMs),
      seconds(stageMs(live.result, /^exchange/)), ...[made, drill, live].map(({ usage }) => mebibytes(usage.peakMiB)),
    ]);
  }
  return {
    title: 'Verification and restores',
    about: 'A backup with `verify: restore`, a drill, and a restore into the live database: each the whole run, from S3, encrypted; *exchange* is the time in which the app would be stopped. Target for the memory: 150 MB at any size.',
    head: ['database', 'scratch verification', 'backup', 'RTO of the drill', 'RTO of the live restore', 'exchange', 'memory: backup', 'drill', 'restore'],
    rows,
    notes: ['Each once.'],
  };
});
