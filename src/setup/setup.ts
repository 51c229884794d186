import type { SetupConfig } from '../config/setup-config.js';
import { logIn } from '../image/login.js';
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
 * @param ports whose private folders are kept until the end of the job
 */
export async function setUp(ports: Ports, toolbox: Toolbox, config: SetupConfig): Promise<SetUp> {
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
  await part(() => config.login && setUpLogin(ports, toolbox, config.login));
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

/**
 * Logs in to a copy of Docker's configuration, which later steps use by its variables and the post step removes: jobs at the same
 * time and the login that the machine has are not affected.
 */
async function setUpLogin(ports: Ports, toolbox: Toolbox, login: NonNullable<SetupConfig['login']>): Promise<void> {
  const { env } = await logIn(ports, login);
  for (const [name, value] of Object.entries(env)) toolbox.setVariable(name, value);
}
