import type { RegistryLogin } from '../config/config.js';
import { CommandError } from '../outcome/errors.js';
import { messageOf } from '../outcome/wording.js';
import { within } from '../ports/within.js';
import type { DockerPorts } from './docker.js';
import { logIn } from './login.js';
import { describeImage, type Described } from './registry.js';

/**
 * What the registry holds under references that somebody else has pushed, in their order. It only throws when the run is
 * cancelled: no Docker, a refused login, a registry that is away or silent are answers too, since those who are going to
 * pull the images are the nodes.
 * @param withinMs what is not known by then is `unreachable`
 * @param describe how much of it is read
 */
export async function lookUp(
  ports: DockerPorts, login: RegistryLogin | undefined, references: readonly string[], withinMs: number, describe: typeof describeImage = describeImage,
): Promise<readonly Described[]> {
  const late = (): CommandError => new CommandError('push-failed', `It did not answer within ${withinMs / 1000} s.`);
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
