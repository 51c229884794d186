/** A place for measurements of backups: a database in a pod, a store, and runs of the action on them. */
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { logOf, runAction } from '../live/action.mjs';
import { setStage } from '../live/stage.mjs';
import { withUsage } from './measure.mjs';
import { tidied } from './stand.mjs';

/** @typedef {import('./stand.mjs').SandboxEnvironment} SandboxEnvironment */
/**
 * @typedef {typeof import('../../__tests__/e2e/harness/data/lab.js')
 *   & typeof import('../../__tests__/e2e/harness/data/postgres.js') & typeof import('../../__tests__/e2e/harness/data/redis.js')
 *   & typeof import('../../__tests__/e2e/harness/data/s3.js') & typeof import('../../__tests__/e2e/harness/namespace.js')
 *   & typeof import('../../__tests__/e2e/harness/rights.js') & typeof import('../../__tests__/e2e/harness/api.js')} Harness
 */

/** @typedef {{ result: import('../live/action.mjs').ActionResult, usage: import('./measure.mjs').Usage }} Measured */

/**
 * @typedef {object} DataStand
 * @property {Harness} harness
 * @property {import('../../__tests__/e2e/harness/namespace.js').Space} space
 * @property {import('../../__tests__/e2e/harness/data/lab.js').Lab} lab
 * @property {(run: DataRun) => Promise<Measured>} act throws unless it succeeds
 */

/**
 * @typedef {object} DataRun
 * @property {'backup' | 'restore'} action
 * @property {object} database its settings
 * @property {object} [backup] more settings of the backup
 * @property {Readonly<Record<string, string>>} [inputs]
 */

const modules = ['data/lab', 'data/postgres', 'data/redis', 'data/s3', 'namespace', 'rights', 'api'];

const rules = [
  { apiGroups: [''], resources: ['pods', 'events'], verbs: ['get', 'list', 'watch'] }, { apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['get'] }, { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'delete', 'get', 'list', 'watch'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create', 'get', 'update', 'patch', 'delete'] },
];

/**
 * @template T
 * @param {SandboxEnvironment} env
 * @param {(stand: DataStand) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withData(env, use) {
  Object.assign(process.env, env);
  const stage = setStage();
  /** @type {(() => Promise<void>)[]} */
  const closing = [async () => stage.remove()];
  const tidy = async () => { for (const close of closing.splice(0)) await close(); };
  return tidied(tidy, async () => {
    const harness = /** @type {Harness} */ (Object.assign({}, ...await Promise.all(modules.map((name) => stage.load(`__tests__/e2e/harness/${name}.js`)))));
    closing.unshift(async () => harness.closeApi());
    const lab = await harness.lab();
    const space = await harness.namespace('bench');
    closing.unshift(() => space.dispose());
    await harness.grant(space, ...rules);
    const store = await harness.s3(lab);
    closing.unshift(() => store.stop());
    const { generateIdentity, identityToRecipient } = await import('age-encryption');
    const identity = await generateIdentity();
    const recipient = await identityToRecipient(identity);
    const folder = mkdtempSync(join(tmpdir(), 'bench-data-'));
    mkdirSync(join(folder, '.github'));
    closing.unshift(async () => rmSync(folder, { recursive: true, force: true }));
    /** @type {DataStand['act']} */
    const act = async ({ action, database, backup = {}, inputs = {} }) => {
      writeFileSync(join(folder, '.github/deploy.yml'), JSON.stringify({
        app: 'bench', databases: { main: database },
        backup: { 'to': `s3://${store.bucket}/bench`, 'endpoint': store.endpoint, 'access-key': 'env:ACCESS', 'secret-key': 'env:SECRET', 'recipients': [recipient], 'identity': 'env:IDENTITY', ...backup },
      }));
      const measured = await withUsage(({ node, env: more }) => runAction({
        action, node, workspace: folder, inputs: { kubeconfig: space.kubeconfig, namespace: space.name, ...inputs },
        env: { ...env, ...more, ACCESS: store.accessKey, SECRET: store.secretKey, IDENTITY: identity },
      }));
      if (!['backed-up', 'restored'].includes(measured.result.outputs.verdict ?? '')) throw new Error(`The ${action} ended ${measured.result.outputs.verdict}: ${measured.result.outputs.cause}\n${logOf(measured.result)}`);
      return measured;
    };
    return use({ harness, space, lab, act });
  });
}

/**
 * A database of about so many bytes, indexes included, whose dump shrinks to about a half, as real data does.
 *
 * @param {DataStand} stand
 * @param {string} database @param {number} megabytes
 */
export async function filled({ harness, space, lab }, database, megabytes) {
  const server = await harness.postgres(space, lab, { database, user: 'bench' });
  await more(server, database, megabytes);
  return server;
}

/** @param {import('../../__tests__/e2e/harness/data/postgres.js').Postgres} server @param {string} database @param {number} megabytes */
export async function more(server, database, megabytes) {
  const rows = Math.round((megabytes * 1e6) / 4 / 205);
  const body = ['a', 'b', 'c', 'd'].map((part) => `md5(i || '${part}')`).join(' || ');
  for (const table of [1, 2, 3, 4]) {
    await server.sql(`CREATE TABLE public.t${table} AS SELECT i::bigint AS id, ${body} AS body, now() AS made FROM generate_series(${table * 1e7}, ${table * 1e7 + rows}) AS i; ALTER TABLE public.t${table} ADD PRIMARY KEY (id)`, database);
  }
}

export const settingsOf = (/** @type {string} */ database) => ({
  engine: 'postgres', pod: 'app.kubernetes.io/name=postgresql', database, user: 'bench', password: 'secret/postgresql/postgres-password',
});

/**
 * A command in a pod, whose output goes to a file that is removed at once.
 *
 * @param {SandboxEnvironment} env @param {readonly string[]} args of `kubectl exec` @returns {Promise<{ ms: number, bytes: number }>}
 */
export async function toFile(env, args) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-bare-'));
  const begun = performance.now();
  try {
    const child = spawn('kubectl', ['exec', ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const file = createWriteStream(join(folder, 'dump'));
    child.stdout.pipe(file);
    const [code] = await Promise.all([new Promise((resolve) => child.on('exit', (exit) => resolve(exit))), new Promise((resolve) => file.on('close', () => resolve(undefined)))]);
    if (code !== 0) throw new Error(`kubectl exec ${args.join(' ')} exited with code ${code}`);
    return { ms: performance.now() - begun, bytes: file.bytesWritten };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** ms from the start of a stage to its end, by its label. @param {import('../live/action.mjs').ActionResult} result @param {RegExp} label */
export function stageMs({ report }, label) {
  const found = report.timeline.find((/** @type {{ stage: string, label?: string }} */ each) => label.test(each.label ?? each.stage));
  return found ? found.endMs - found.startMs : NaN;
}
