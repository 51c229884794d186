import type { RegistryLogin } from '../config/config.js';
import { CommandError } from '../outcome/errors.js';
import { messageOf } from '../outcome/wording.js';
import { within } from '../ports/within.js';
import type { DockerPorts } from './docker.js';
import { logIn } from './login.js';
import { describeImage, type Described } from './registry.js';

/**
 * What the registry has for each reference, in their order. Throws only when the run is cancelled: no Docker, a refused
 * login or an unreachable registry are results too, because it is the nodes that pull the images.
 * @param withinMs after this time the result is `unreachable`
 * @param describe how much is read of each image
 */
export async function lookUp(
  ports: DockerPorts, login: RegistryLogin | undefined, references: readonly string[], withinMs: number, describe: typeof describeImage = describeImage,
): Promise<readonly Described[]> {
  const late = (): CommandError => new CommandError('push-failed', `The registry did not answer within ${withinMs / 1000} s.`);
  try {
    return await within(ports.clock, { ms: withinMs, late, signal: ports.cancelled }, async (signal) => {
      const hurried = { ...ports, cancelled: signal };
      const access = await logIn(hurried, login);
      return Promise.all(references.map((reference) => describe(hurried, access, reference)));
    });
  } catch (error) {
    ports.cancelled.throwIfAborted();
    const state = error instanceof CommandError && error.code === 'registry-denied' ? 'denied' : 'unreachable';
    return references.map(() => ({ state, reason: messageOf(error) }));
  }
}
