import { join } from 'node:path';
import * as v from 'valibot';
import type { RegistryLogin } from '../config/config.js';
import { CommandError } from '../outcome/errors.js';
import { JsonError, readJson } from '../ports/json.js';
import { docker, finalError, ownAccess, type DockerAccess, type DockerPorts } from './docker.js';
import { classifyRegistryError } from './registry-error.js';
import { TemporaryError, withRetries } from './retry.js';
import { placeWords, settingText } from '../outcome/place-words.js';

const loginTimeoutMs = 60_000;

/**
 * Logs in to the registry in a private copy of the docker configuration, so neither the user's file nor their keychain is
 * changed. Without a login: the user's own configuration. The copy is removed with the folder of the run.
 * Throws CommandError `registry-denied`, or `push-failed` when the registry does not answer.
 */
export async function logIn(ports: DockerPorts, login: RegistryLogin | undefined): Promise<DockerAccess> {
  if (!login) return ownAccess;
  ports.log.mask(login.password);
  const folder = await ports.files.temporaryFolder();
  try {
    const access = await privateAccess(ports, login.registry, folder);
    await withRetries(ports, `The login to ${login.registry}`, () => tryLogin(ports, access, login));
    ports.log.info(`Logged in to ${login.registry} as ${login.username}.`);
    return access;
  } catch (error) {
    await ports.files.remove(folder);
    throw error;
  }
}

/**
 * Access with this login only, to check what the nodes can pull. It is stored under the key that docker looks up for this
 * registry; a pull secret may use other keys, which only the kubelet understands. `folder` is private.
 */
export async function accessWith(ports: DockerPorts, registry: string, auth: object, folder: string): Promise<DockerAccess> {
  const own = ownFolder(ports);
  const [key = registry] = storeKeys(registry);
  await ports.files.writeText(join(folder, 'config.json'), JSON.stringify({ auths: { [key]: auth } }), 0o600);
  await ports.files.link(join(own, 'cli-plugins'), join(folder, 'cli-plugins'));
  return { env: { DOCKER_CONFIG: folder, ...(ports.env['BUILDX_CONFIG'] ? {} : { BUILDX_CONFIG: join(own, 'buildx') }) } };
}

const ownFolder = (ports: Pick<DockerPorts, 'env'>): string => ports.env['DOCKER_CONFIG'] || join(ports.env['HOME'] ?? '', '.docker');

async function privateAccess(ports: DockerPorts, registry: string, folder: string): Promise<DockerAccess> {
  const own = ownFolder(ports);
  const file = join(own, 'config.json');
  const config = privateConfig(await ports.files.readText(file), registry, file);
  await ports.files.writeText(join(folder, 'config.json'), config, 0o600);
  for (const shared of ['cli-plugins', 'contexts']) await ports.files.link(join(own, shared), join(folder, shared));
  // buildx writes its builders to this folder, so it must not be a copy.
  return { env: { DOCKER_CONFIG: folder, ...(ports.env['BUILDX_CONFIG'] ? {} : { BUILDX_CONFIG: join(own, 'buildx') }) } };
}

/**
 * The user's config.json, changed so that a login to `registry` is kept in the file itself: an empty helper of a
 * registry takes precedence over `credsStore`. The logins to all other registries keep working.
 * https://github.com/docker/cli/blob/v28.4.0/cli/config/configfile/file.go#L274
 */
export function privateConfig(text: string | undefined, registry: string, file: string): string {
  const config = parseConfig(text, file);
  const inFile = Object.fromEntries(storeKeys(registry).map((key) => [key, '']));
  return JSON.stringify({ ...config, credHelpers: { ...config.credHelpers, ...inFile } });
}

/** All other keys are kept unchanged. */
const dockerConfig = v.looseObject({ credHelpers: v.nullish(v.record(v.string(), v.string())), auths: v.nullish(v.record(v.string(), v.unknown())) });

/** Whether Docker has a login for the registry. With a store, `auths` names the registries whose logins it has. */
export async function hasLogin(ports: Pick<DockerPorts, 'files' | 'env'>, registry: string): Promise<boolean> {
  const file = join(ownFolder(ports), 'config.json');
  const { auths, credHelpers } = parseConfig(await ports.files.readText(file).catch(() => undefined), file);
  return storeKeys(registry).some((key) => [auths, credHelpers].some((known) => known && [key, `https://${key}`].some((name) => Object.hasOwn(known, name))));
}

function parseConfig(text: string | undefined, file: string): v.InferOutput<typeof dockerConfig> {
  if (text === undefined || text.trim() === '') return {};
  try {
    return readJson(text, dockerConfig, `its configuration ${file}`);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    // It may contain a password, so none of its values is printed.
    throw new CommandError('registry-denied', `Docker cannot read its logins: ${error.source} ${error.problem}.`, { hint: 'Fix or remove this file.' });
  }
}

/** Docker stores the login to Docker Hub under the address of its old index. */
const hubIndex = 'https://index.docker.io/v1/';
const isHub = (registry: string): boolean => /^(?:index\.|registry-1\.)?docker\.io$/.test(registry);
const storeKeys = (registry: string): readonly string[] =>
  (isHub(registry) ? [hubIndex, 'docker.io', 'index.docker.io'] : [registry]);

async function tryLogin(ports: DockerPorts, access: DockerAccess, login: RegistryLogin): Promise<void> {
  const exited = await docker(ports, access, {
    args: ['login', `--username=${login.username}`, '--password-stdin', '--', isHub(login.registry) ? 'docker.io' : login.registry],
    stdin: login.password,
    timeoutMs: loginTimeoutMs,
  });
  if (exited.code !== 0) throw loginFailure(login, loginError(exited.stderr));
}

/** The last line; those before it report each address that was tried. */
function loginError(stderr: string): string {
  return finalError(stderr).split('\n').at(-1)?.replace(/^Error response from daemon: /, '') ?? '';
}

function loginFailure({ registry, username }: RegistryLogin, reason: string): CommandError {
  const kind = classifyRegistryError(reason);
  if (kind === 'denied') {
    return new CommandError('registry-denied', `The registry ${registry} refused the login of ${username}: ${reason}.`, {
      hint: `Check ${settingText('registry-username')} and ${settingText('registry-password')}: ${placeWords().checkSecret}`,
    });
  }
  if (kind === 'temporary' || kind === 'unreachable') {
    const Failure = kind === 'temporary' ? TemporaryError : CommandError;
    return new Failure('push-failed', `The registry ${registry} cannot be reached: ${reason}.`, {
      hint: `Check the host and port in ${settingText('registry')}, and that this machine can reach them.`,
    });
  }
  return new CommandError('registry-denied', `The login to ${registry} as ${username} failed: ${reason}.`);
}
