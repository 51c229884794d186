import type { RegistryLogin } from '../config/config.js';
import { CommandError } from '../outcome/errors.js';
import { within } from '../ports/within.js';
import type { DockerPorts } from './docker.js';
import { logIn } from './login.js';
import { readConfigurationOf } from './registry.js';

/** It is one of several things that a preflight reads, and only one rule needs it. ms */
const withinMs = 15_000;

/**
 * The user that the processes of an image run as, by its configuration; empty for root.
 * @returns undefined when it cannot be read, or differs between platforms
 * @throws what the run was cancelled with
 */
export async function readImageUser(ports: DockerPorts, login: RegistryLogin | undefined, reference: string): Promise<string | undefined> {
  const late = (): CommandError => new CommandError('push-failed', 'The registry did not answer in time.');
  try {
    return await within(ports.clock, { ms: withinMs, late, signal: ports.cancelled }, async (signal) => {
      const hurried = { ...ports, cancelled: signal };
      return (await readConfigurationOf(hurried, await logIn(hurried, login), reference))?.user;
    });
  } catch {
    ports.cancelled.throwIfAborted();
    return undefined;
  }
}
