/** The setup of a failure case: images, a healthy app, a workspace with settings. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from '../live/program.mjs';
import { push } from './app.mjs';
import { apply, deployment, service, start } from './stand.mjs';

/** @typedef {import('./cause-cases.mjs').CauseCase} CauseCase */
/** @typedef {import('./cause-cases.mjs').Pushed} Pushed */
/** @typedef {import('./stand.mjs').Stand} Stand */
/** @typedef {NodeJS.ProcessEnv & { REGISTRY_AUTH?: string, REGISTRY_AUTH_USERNAME?: string, REGISTRY_AUTH_PASSWORD?: string }} Login */

const absent = `sha256:${'0123456789abcdef'.repeat(4)}`;

/**
 * @param {Stand['env']} env
 * @param {Stand['app']} app
 * @param {CauseCase['release']} release
 * @returns {Promise<Pushed>}
 */
export async function pushBad(env, app, release) {
  if (release === 'absent') return { image: app.image, tag: 'absent', digest: absent };
  return release === 'private' ? pushPrivate(env, app) : push(env, app, release);
}

/** With a docker configuration of its own, so that the login is known to nobody else. @param {Stand['env'] & Login} env @param {Stand['app']} app */
async function pushPrivate(env, app) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-docker-'));
  try {
    cpSync(env.DOCKER_CONFIG, folder, { recursive: true });
    const own = { ...env, DOCKER_CONFIG: folder };
    const { REGISTRY_AUTH = '', REGISTRY_AUTH_USERNAME = '', REGISTRY_AUTH_PASSWORD = '' } = env;
    await ask('docker', ['login', `--username=${REGISTRY_AUTH_USERNAME}`, '--password-stdin', REGISTRY_AUTH], { env: own, input: REGISTRY_AUTH_PASSWORD });
    return await push(own, { ...app, image: `${REGISTRY_AUTH}/bench/app` }, {});
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The inputs that say who may read a private image. @param {Login} env @param {CauseCase} of @returns {Record<string, string>} */
export const loginInputs = (env, { release }) => (release !== 'private' ? {} : {
  'registry': env.REGISTRY_AUTH ?? '', 'registry-username': env.REGISTRY_AUTH_USERNAME ?? '', 'registry-password': env.REGISTRY_AUTH_PASSWORD ?? '',
});

/** Everything but the Deployment `web`, which a peer may want to make itself. @param {CauseCase} of */
const around = ({ selector, objects = [] }) => [...objects, service('web', selector ? { tier: selector } : undefined)];

/**
 * @param {Stand['namespace']} namespace
 * @param {CauseCase} of
 * @param {string} first reference of the healthy release
 * @param {(deployment: (image: string) => object) => Promise<unknown>} [install] the Deployment; applied unless given
 */
export async function startCase(namespace, of, first, install) {
  const { shape, selector, rights, prepare } = of;
  const web = (/** @type {string} */ image) => deployment('web', image, shape);
  const legacy = selector ? [deployment('legacy', first, { replicas: 1, labels: { tier: selector } })] : [];
  await start(namespace, [...around(of), ...legacy, ...install ? [] : [web(first)]]);
  await install?.(web);
  if (rights) await apply(namespace, grants(rights));
  await prepare?.(namespace);
}

const rbac = 'rbac.authorization.k8s.io';
/** @param {readonly object[]} rules */
const grants = (rules) => [
  { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name: 'deployer-more' }, rules },
  {
    apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata: { name: 'deployer-more' },
    roleRef: { apiGroup: rbac, kind: 'Role', name: 'deployer-more' }, subjects: [{ kind: 'ServiceAccount', name: 'deployer' }],
  },
];

/**
 * Runs `use` with a checked-out folder whose settings have this patience for the cause.
 *
 * @template T
 * @param {CauseCase} of
 * @param {(workspace: string) => Promise<T>} use
 */
export async function withSettings({ cause, patience }, use) {
  const workspace = mkdtempSync(join(tmpdir(), 'bench-workspace-'));
  try {
    mkdirSync(join(workspace, '.github'));
    writeFileSync(join(workspace, '.github', 'deploy.yml'), JSON.stringify(patience === undefined ? {} : { patience: { [cause]: patience } }));
    return await use(workspace);
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}
