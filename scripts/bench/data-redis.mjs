/** What the backup of a Redis costs, beside a bare `redis-cli --rdb` by the same way. */
import process from 'node:process';
import { stageMs, toFile, withData } from './data-stand.mjs';
import { mebibytes, median, range, ratio, seconds } from './measure.mjs';

export const name = 'data-redis';
export const needsSandbox = true;

/** Of 200 bytes each. */
const keys = Number(process.env.BENCH_DATA_KEYS ?? 2_000_000);
const script = `for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local a = redis.sha1hex(i) redis.call('set', 'key:' .. i, a .. redis.sha1hex(a) .. redis.sha1hex(a .. 'b') .. redis.sha1hex(a .. 'c') .. redis.sha1hex(a .. 'd')) end return 'OK'`;

/** @param {import('./benchmark.mjs').Context} context */
export const run = ({ env, runs }) => withData(env, async (stand) => {
  const server = await stand.harness.redis(stand.space, stand.lab, { args: ['--repl-diskless-sync-delay', '0', '--save', ''] });
  for (let from = 1; from <= keys; from += 100_000) await server.command(['eval', script, '0', String(from), String(Math.min(keys, from + 99_999))]);
  const [bare, action, whole] = [[], [], []].map(() => /** @type {number[]} */ ([]));
  let [bytes, peak] = [0, 0];
  for (let round = 0; round < runs; round += 1) {
    const alone = await toFile(env, [`--namespace=${stand.space.name}`, 'deployment/redis', '--', 'sh', '-c', 'redis-cli --rdb - 2>/dev/null']);
    bytes = alone.bytes;
    bare?.push(alone.ms);
    const { result, usage } = await stand.act({ action: 'backup', database: { engine: 'redis', pod: 'app.kubernetes.io/name=redis', password: 'secret/redis/redis-password' }, backup: { verify: 'archive' } });
    action?.push(stageMs(result, /^dump/));
    whole?.push(result.durationMs);
    peak = Math.max(peak, usage.peakMiB);
  }
  return {
    title: 'Backups of Redis',
    about: `A Redis with ${keys.toLocaleString('en-US')} keys in a pod, whose snapshot has ${(bytes / 1e6).toFixed(0)} MB: \`kubectl exec … redis-cli --rdb -\` into a file, and the action (\`verify: archive\`, encrypted, to an S3 server), in turn. `
      + 'The action reads the format meanwhile, counts the keys and computes both checksums.',
    head: ['way', 'dump', 'range', 'throughput of the bare dump', 'whole run', 'peak memory'],
    rows: [
      ['bare `redis-cli --rdb`', seconds(median(bare ?? [])), range(bare ?? []), '1.00 ×', '–', '–'],
      ['the action', seconds(median(action ?? [])), range(action ?? []), ratio(median(bare ?? []) / median(action ?? [])), seconds(median(whole ?? [])), mebibytes(peak)],
    ],
    notes: [`n = ${runs}.`],
  };
});
