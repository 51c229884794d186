import type { Api } from '../../cluster/api.js';
import type { SmokeCheck } from '../../config/config.js';
import type { Ports } from '../../ports/ports.js';
import { assess, readAnswer, type Answer, type Rules } from './assess.js';
import type { Route } from './route.js';

const requestTimeoutMs = 5000;

/** Asks one address until the answers prove or disprove it. @returns undefined when proven, else what was seen */
export async function ask(ports: Ports, api: Api, check: SmokeCheck, route: Route, rules: Rules, signal: AbortSignal | undefined): Promise<string | undefined> {
  const startedAt = ports.clock.monotonic();
  const answers: Answer[] = [];
  for (;;) {
    answers.push(await askOnce(ports, api, check, route, { timeoutMs: requestTimeoutMs, signal }));
    const assessment = assess(answers, ports.clock.monotonic() - startedAt, rules);
    if (assessment.state === 'passed') return undefined;
    if (assessment.state === 'failed') return assessment.seen;
    await ports.clock.sleep(assessment.inMs, signal);
  }
}

/** One request. Rejects only when `signal` aborts. */
export async function askOnce(
  ports: Ports, api: Api, check: SmokeCheck, route: Route, { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<Answer> {
  const headers = { 'user-agent': 'acci-deploy-action', 'cache-control': 'no-cache' };
  try {
    const answer = route.kind === 'url'
      ? await ports.http.get(route.address, { timeoutMs, signal, headers })
      : await api.raw(route.address, { timeoutMs, signal, headers: { ...headers, accept: '*/*' }, maxBytes: 64 * 1024 });
    return readAnswer(check, answer.status, answer.body);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    return { kind: 'silent', seen: `no answer (${error instanceof Error ? error.message : String(error)})` };
  }
}
