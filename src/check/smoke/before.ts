import type { Api } from '../../kubernetes/client/api.js';
import type { Service } from '../../kubernetes/client/objects.js';
import { persistently } from '../../kubernetes/client/persist.js';
import type { SmokeCheck } from '../../config/config.js';
import type { Ports } from '../../ports/ports.js';
import type { Answer } from './assess.js';
import { askOnce } from './ask.js';
import { routesOf, type NoRoute } from './route.js';

/** How pods and Services are reached. Checks of a URL do not need it. */
export interface Reach {
  readonly api?: Api;
  readonly namespace: string;
}

/** Which smoke checks the previous version passes. */
export interface Before {
  /** Texts of the checks that it passes: after a rollback only these can verify the restored version. */
  readonly passed: ReadonlySet<string>;
  /** The results of the others, by text. */
  readonly failed: ReadonlyMap<string, FailedBefore>;
}

/** `lacks`: only the text was missing, as for every check that expects the text of the new version. */
export interface FailedBefore {
  readonly seen: string;
  readonly lacks?: 'text';
  readonly status?: number;
}

export async function checksBefore(ports: Ports, cluster: Reach, services: readonly Service[], checks: readonly SmokeCheck[]): Promise<Before> {
  const answers = await Promise.all(checks.map(async (check) => ({ check, answer: await answerNow(ports, cluster, services, check) })));
  return {
    passed: new Set(answers.flatMap(({ check, answer }) => (failingOf(answer) === undefined ? [check.text] : []))),
    failed: new Map(answers.flatMap(({ check, answer }) => {
      const failing = failingOf(answer);
      return failing === undefined ? [] : [[check.text, failing] as const];
    })),
  };
}

function failingOf(answer: Answer | NoRoute): FailedBefore | undefined {
  if ('problem' in answer) return { seen: answer.problem };
  if (answer.kind === 'right') return undefined;
  return answer.kind === 'silent' ? { seen: answer.seen } : { seen: answer.seen, lacks: answer.lacks, status: answer.status };
}

/** What to look at when a check fails with this status for every version; undefined: no answer at all. */
export function suspicion(status: number | undefined): string {
  if (status === undefined) return 'check that its address is right and that a server listens there.';
  return status >= 500 ? 'look at what every version depends on, such as a database, and at the check itself.' : 'check its path.';
}

/** Attempts until a check passes or only lacks a text: one failure may be temporary. */
const tries = 3;
/** After that long there is no further attempt. */
const tryAgainForMs = 5000;

/** The result of a check before the change, through the Service or URL: the first right answer, or else the last one. */
export async function answerNow(ports: Ports, cluster: Reach, services: readonly Service[], check: SmokeCheck): Promise<Answer | NoRoute> {
  const routes = routesOf(check, cluster.namespace, services, []);
  if ('problem' in routes) return routes;
  const startedAt = ports.clock.monotonic();
  for (let left = tries; ; left -= 1) {
    const answer = await persistently(ports.clock, () => askOnce(ports, cluster.api, check, routes.front, ports.cancelled), { signal: ports.cancelled });
    const isClear = answer.kind === 'right' || (answer.kind === 'wrong' && answer.lacks !== undefined);
    if (isClear || left <= 1 || ports.clock.monotonic() - startedAt > tryAgainForMs) return answer;
    await ports.clock.sleep(300, ports.cancelled);
  }
}
