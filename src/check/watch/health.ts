import type { Assessment } from '../../guard/assessment.js';
import type { SmokeCheck } from '../../config/config.js';
import { ApiError } from '../../kubernetes/client/api.js';
import { isReady } from '../../kubernetes/judge/symptom.js';
import type { Ports } from '../../ports/ports.js';
import { ask } from '../smoke/ask.js';
import type { Rules } from '../smoke/assess.js';
import { routesOf, type Route } from '../smoke/route.js';
import type { SmokeTarget } from '../smoke/smoke.js';
import type { Guard } from './watch.js';

/** One answer decides one look: patience is in the number of looks. */
const once: Rules = { needed: 1, wrong: 1, graceMs: 0, limitMs: 0 };

/** The smoke checks, asked once at each look: of every new pod that is ready, and through the Service or URL. */
export function healthGuard(ports: Ports, target: SmokeTarget, checks: readonly SmokeCheck[], failures: number): Guard {
  return {
    name: 'health', failures,
    look: async (signal): Promise<Assessment> => {
      try {
        const failing = (await Promise.all(checks.map((check) => failingNow(ports, target, check, signal)))).flat();
        if (failing.length > 0) return { state: 'fail', words: failing.join('; ') };
        return { state: 'pass', words: checks.length === 1 ? 'the smoke check passes' : `${checks.length} smoke checks pass` };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return { state: 'away', why: `the API server does not answer: ${error.message}` };
      }
    },
  };
}

/** What a check got wrong at this moment, in words. */
async function failingNow(ports: Ports, target: SmokeTarget, check: SmokeCheck, signal: AbortSignal): Promise<readonly string[]> {
  const pods = check.target.type === 'service' ? target.podsBehind(check.target.name).filter(isReady) : [];
  const routes = routesOf(check, target.namespace, target.services, pods);
  if ('problem' in routes) return [`\`${check.text}\` cannot run: ${routes.problem}`];
  const answers = await Promise.all([...routes.pods, routes.front].map(async (route: Route) =>
    ({ route, answer: await ask(ports, target.api, check, route, { rules: once, signal }) })));
  return answers.flatMap(({ route, answer }) => (answer.state === 'wrong' ? [`\`${check.text}\`: ${route.through} returned ${answer.seen}`] : []));
}
