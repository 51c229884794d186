/** What a backup of 1 GB costs, beside a bare `pg_dump` by the same way. */
import process from 'node:process';
import { filled, settingsOf, stageMs, toFile, withData } from './data-stand.mjs';
import { mebibytes, median, range, ratio, seconds } from './measure.mjs';

export const name = 'data';
export const needsSandbox = true;

/** MB, for a try on a slow machine: BENCH_DATA_MB. */
const megabytes = Number(process.env.BENCH_DATA_MB ?? 1050);
const rate = (/** @type {number} */ ms, /** @type {number} */ bytes) => `${(bytes / 1e3 / ms).toFixed(1)} MB/s`;

/** @param {import('./benchmark.mjs').Context} context */
export const run = ({ env, runs }) => withData(env, async (stand) => {
  const server = await filled(stand, 'acci', megabytes);
  const bytes = Number(await server.sql('SELECT pg_database_size(\'acci\')'));
  const ways = ['exact', 'off'].map((rows) => ({ rows, ms: /** @type {number[]} */ ([]), whole: /** @type {number[]} */ ([]), store: /** @type {number[]} */ ([]), peak: 0 }));
  const bare = /** @type {number[]} */ ([]);
  let dumpBytes = 0;
  // In turn, so what else the machine does falls on all alike.
  for (let round = 0; round < Math.max(1, runs - 1); round += 1) {
    const alone = await toFile(env, [`--namespace=${stand.space.name}`, server.pod, '--', 'pg_dump', '--username=bench', '--format=custom', '--compress=1', 'acci']);
    bare.push(alone.ms);
    dumpBytes = alone.bytes;
    for (const way of ways) {
      const { result, usage } = await stand.act({ action: 'backup', database: settingsOf('acci'), backup: { verify: 'archive', rows: way.rows } });
      way.ms.push(stageMs(result, /^dump/));
      way.store.push(stageMs(result, /^store/));
      way.whole.push(result.durationMs);
      way.peak = Math.max(way.peak, usage.peakMiB);
    }
  }
  const alone = median(bare);
  return {
    title: 'Backups of 1 GB',
    about: `A PostgreSQL of ${(bytes / 1e9).toFixed(2)} GB in a pod, whose dump has ${(dumpBytes / 1e6).toFixed(0)} MB: \`kubectl exec … pg_dump -Fc -Z1\` into a file, `
      + 'and the action (`verify: archive`, encrypted, to an S3 server on this machine), in turn. '
      + 'Target: 0.95 of the rate of the bare dump, and 150 MB of memory. The hash of the dump is computed on both sides; *store* is to encrypt, to upload, and to read back.',
    head: ['way', 'dump', 'range', 'rate', 'against the bare dump', 'store', 'whole run', 'peak memory'],
    rows: [
      ['bare `pg_dump`', seconds(alone), range(bare), rate(alone, dumpBytes), '1.00 ×', '–', '–', '–'],
      ...ways.map(({ rows, ms, store, whole, peak }) => [
        `the action, \`rows: ${rows}\``, seconds(median(ms)), range(ms), rate(median(ms), dumpBytes), ratio(alone / median(ms)),
        seconds(median(store)), seconds(median(whole)), mebibytes(peak),
      ]),
    ],
    notes: [`n = ${bare.length}.`],
  };
});
