/** A run of the action for each verdict, on the sandbox, with examples/hello: where the summaries in docs/pictures come from. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { logOf, runAction } from '../live/action.mjs';
import { createRepository } from '../live/hello.mjs';
import { createNamespace } from '../live/namespace.mjs';
import { startSandbox } from '../live/sandbox.mjs';

/**
 * @typedef {object} Stand where the runs happen
 * @property {import('../live/sandbox.mjs').SandboxEnvironment} env
 * @property {import('../live/namespace.mjs').Namespace} namespace
 * @property {import('../live/hello.mjs').Repository} repository
 */

/**
 * @typedef {object} Case one run
 * @property {string} verdict that it must end with
 * @property {string} [picture] name of the summary that is kept; none is, unless given
 * @property {Readonly<Record<string, string>>} [constants] of release.go, for a commit before the run; the commit of the run before unless given
 * @property {readonly [from: string, to: string]} [edit] of main.go, in the same commit
 * @property {Readonly<Record<string, string>>} [inputs]
 * @property {(stand: Stand) => Promise<unknown>} [before]
 * @property {(stand: Stand) => Promise<unknown>} [onceSet] when `kubectl set image` has begun
 */

/** @type {readonly Case[]} */
const cases = [
  { verdict: 'deployed', constants: { version: 'v1' } },
  { verdict: 'deployed', picture: 'deployed', constants: { version: 'v2' } },
  { verdict: 'unchanged', picture: 'unchanged' },
  { verdict: 'planned', picture: 'planned', constants: { version: 'v3' }, inputs: { 'dry-run': 'true' } },
  { verdict: 'failed', picture: 'failed', constants: { version: 'v4' }, edit: ['return "hello", nil', 'return "hallo", nil'] },
  { verdict: 'rolled-back', picture: 'rolled-back', constants: { version: 'v5', timezone: 'Europe/Paris' }, edit: ['return "hallo", nil', 'return "hello", nil'] },
  {
    // Neither the new pods nor those of the previous version can start without the ConfigMap, and Recreate has removed the old ones.
    verdict: 'rollback-failed', picture: 'rollback-failed', constants: { version: 'v6', timezone: '' },
    before: async ({ namespace }) => {
      await namespace.kubectl(['create', 'configmap', 'hello', '--from-literal=MOTD=welcome']);
      await namespace.kubectl(['patch', 'deployment', 'hello', '--patch', JSON.stringify({ spec: {
        strategy: { $retainKeys: ['type'], type: 'Recreate' }, template: { spec: { containers: [{ name: 'hello', envFrom: [{ configMapRef: { name: 'hello' } }] }] } },
      } })]);
      await namespace.kubectl(['rollout', 'status', 'deployment/hello', '--timeout=120s']);
    },
    onceSet: ({ namespace }) => namespace.kubectl(['delete', 'configmap', 'hello']),
  },
];

/**
 * Runs the action once for each verdict and writes the summaries.
 *
 * @param {string} folder for `NAME.md`
 */
export async function runVerdicts(folder) {
  const env = await startSandbox();
  const namespace = await createNamespace(env, 'hello');
  const repository = await createRepository();
  try {
    const manifest = readFileSync(join(repository.folder, 'k8s', 'hello.yaml'), 'utf8');
    await namespace.kubectl(['apply', '--filename=-'], manifest.replace('ghcr.io/acme/hello', imageIn(env)));
    let commit = '';
    for (const each of cases) commit = await runCase({ env, namespace, repository }, each, { folder, commit });
  } finally {
    repository.remove();
    await namespace.remove();
  }
}

/** @param {import('../live/sandbox.mjs').SandboxEnvironment} env */
const imageIn = ({ REGISTRY }) => `${REGISTRY}/acme/hello`;

/**
 * @param {Stand} stand
 * @param {Case} each
 * @param {{ folder: string, commit: string }} where `commit`: that of the run before
 * @returns {Promise<string>} its commit
 */
async function runCase(stand, { verdict, picture, constants, edit, inputs, before, onceSet }, { folder, commit: previous }) {
  const { env, namespace, repository } = stand;
  if (edit) editMain(repository, edit);
  const commit = constants ? await repository.release(constants) : previous;
  await before?.(stand);
  /** @type {Promise<unknown> | undefined} */
  let meanwhile;
  const result = await runAction({
    env, commit, workspace: repository.folder,
    inputs: { environment: 'production', image: imageIn(env), builder: env.BUILDER, kubeconfig: namespace.kubeconfig, namespace: namespace.name, ...inputs },
    onLine: (line) => {
      if (/^\[command\]kubectl .*\bset image\b/.test(line)) meanwhile ??= onceSet?.(stand);
    },
  });
  await meanwhile;
  if (result.outputs.verdict !== verdict) throw new Error(`A run ended ${result.outputs.verdict}, and not ${verdict}:\n${logOf(result)}`);
  if (picture !== undefined) writeFileSync(join(folder, `${picture}.md`), result.summary);
  console.log(`${verdict.padEnd(16)}${(result.durationMs / 1000).toFixed(1)} s`);
  return commit;
}

/**
 * @param {import('../live/hello.mjs').Repository} repository
 * @param {readonly [from: string, to: string]} edit
 */
function editMain({ folder }, [from, to]) {
  const path = join(folder, 'main.go');
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`main.go does not contain ${from}`);
  writeFileSync(path, text.replace(from, to));
}
