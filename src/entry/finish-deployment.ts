import { readInputs, readRunFacts } from '../host/runner.js';
import { settingsOf } from '../config/settings.js';
import type { ActionName } from '../outcome/action.js';
import { messageOf } from '../outcome/wording.js';
import type { Ports } from '../ports/ports.js';
import { within } from '../ports/within.js';
import { finishLeft } from '../github/deployment.js';
import { parseLeft } from '../github/left.js';
import { recordedOf, recorderName } from './github-deployment.js';
import { readConfig } from './read-config.js';

/** A post step has little time, and nobody waits for it. */
const limitMs = 5000;

/**
 * Ends the deployment on GitHub that the main step of the run `id` has left open: it was killed, or GitHub did not answer it.
 * What fails in it is a warning.
 */
export async function finishDeployment(ports: Ports, action: ActionName, { id, deployment }: Readonly<Record<'id' | 'deployment', string>>): Promise<void> {
  const left = parseLeft(deployment);
  if (!left) return;
  const late = (): Error => new Error(`it took more than ${limitMs / 1000} s`);
  try {
    const request = { action, id, folder: '', hasPost: false, keep: () => Promise.resolve(), announce: () => undefined };
    const given = { ...request, inputs: readInputs(settingsOf(action)), facts: await readRunFacts(ports.env, ports.files) };
    const times = { startedAt: ports.clock.monotonic(), startedAtWall: ports.clock.now() };
    const { config } = await readConfig(ports, given);
    const recorded = recordedOf({ ...given, ...times, ports, config });
    if (recorded) await within(ports.clock, { ms: limitMs, late }, (signal) => finishLeft(recorded, left, signal));
  } catch (error) {
    ports.log.warning(`${recorderName} failed: ${messageOf(error)}. The run is not affected.`);
  }
}
