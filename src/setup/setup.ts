import type { SetupConfig } from '../config/setup-config.js';
import { hasLogin, logInWith } from '../image/login.js';
import { docker, ownAccess } from '../image/docker.js';
import type { Ports } from '../ports/ports.js';
import type { Toolbox } from '../ports/toolbox.js';
import { setUpBuilder } from './builder.js';
import { setUpHelm, setUpKubectl } from './program.js';

/** What was set up, and what could not be. */
export interface SetUp {
  /** By the names of the outputs; those of parts that were not wanted are absent. */
  readonly outputs: Readonly<Record<string, string | undefined>>;
  /** One for each part that failed. */
  readonly errors: readonly unknown[];
}

/**
 * Sets up each wanted part that is missing. A part that fails does not stop the others, so one run shows everything that is wrong
 * with a machine.
 * @param loggedIn called with the registry before docker is logged in to it, so the post step can log it out
 */
export async function setUp(ports: Ports, toolbox: Toolbox, config: SetupConfig, loggedIn: (registry: string) => Promise<void>): Promise<SetUp> {
  const errors: unknown[] = [];
  const part = async <T>(work: () => Promise<T> | undefined): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      errors.push(error);
      return undefined;
    }
  };
  // First, as the image of a builder may need it.
  await part(() => config.login && setUpLogin(ports, config.login, loggedIn));
  const [builder, kubectl, helm] = await Promise.all([
    part(() => config.builder && setUpBuilder(ports, config.builder)),
    part(() => config.kubectl && setUpKubectl(ports, toolbox, config.kubectl)),
    part(() => config.helm && setUpHelm(ports, toolbox, config.helm)),
  ]);
  return {
    errors,
    outputs: { 'builder': builder?.name, 'platforms': builder?.platforms.join(','), 'buildx-version': builder?.version, 'kubectl-version': kubectl, 'helm-version': helm },
  };
}

/** A login that is there already belongs to the machine: it is neither replaced nor removed. */
async function setUpLogin(ports: Ports, login: NonNullable<SetupConfig['login']>, loggedIn: (registry: string) => Promise<void>): Promise<void> {
  const { registry } = login;
  if (await hasLogin(ports, registry)) return ports.log.info(`login: Docker is logged in to ${registry} already, nothing to do`);
  await loggedIn(registry);
  await logInWith(ports, ownAccess, login);
}

/** Removes the login of this job. */
export async function logOut(ports: Ports, registry: string): Promise<void> {
  const { code, stderr } = await docker(ports, ownAccess, { args: ['logout', '--', registry], timeoutMs: 30_000 });
  if (code === 0) ports.log.info(`Logged out of ${registry}.`);
  else ports.log.warning(`Docker could not be logged out of ${registry}: ${stderr.trim()}. Its password is still in the configuration of Docker.`);
}
