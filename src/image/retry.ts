import type { CommandError } from '../outcome/errors.js';
import type { DockerPorts } from './docker.js';

/** One try: what came of it, or why not and whether another may help. */
export type Attempt<T> = { readonly value: T } | { readonly error: CommandError; readonly temporary: boolean };

/** Pauses before the second and the third try, ms. */
const pausesMs = [2000, 6000];

/**
 * The value of the first try that succeeds, of at most three. Only temporary failures are tried again, each is said in
 * the log, and the error of the last is thrown.
 */
export async function withRetries<T>(ports: DockerPorts, what: string, attempt: () => Promise<Attempt<T>>): Promise<T> {
  for (const pauseMs of pausesMs) {
    const result = await attempt();
    if ('value' in result) return result.value;
    if (!result.temporary) throw result.error;
    ports.log.warning(`${what} failed and is tried again in ${pauseMs / 1000} s: ${result.error.message}`);
    await ports.clock.sleep(pauseMs, ports.cancelled);
  }
  const last = await attempt();
  if ('value' in last) return last.value;
  throw last.error;
}
