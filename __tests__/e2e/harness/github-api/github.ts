import { refusal, type Answer, type Call } from './call.js';
import { Plan, type Fault } from './faults.js';
import { handlers, neededFor, type Routed } from './handlers.js';
import { faultsOfAnswer, faultsOfCall, routes, whole } from './schema.js';
import { State } from './state.js';

export type Permissions = Readonly<Record<string, 'read' | 'write'>>;

/** A request as it arrived. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly token: string | undefined;
}

/** Everything a job can be given. */
const everything: Permissions = { actions: 'write', checks: 'write', contents: 'write', deployments: 'write', issues: 'write', pull_requests: 'write' };

/**
 * GitHub, as far as this action uses it: it answers by the description of the API that GitHub publishes, and refuses what does not
 * fit it. What is not there or does not fit is in `problems`, which a test expects to be empty.
 */
export class GitHubServer {
  readonly state = new State();
  readonly plan = new Plan();
  readonly seen: Seen[] = [];
  readonly problems: string[] = [];
  /** Of the token; one that is left out is lacking. */
  permissions: Permissions = everything;

  constructor(private readonly repository = 'acme/app') {}

  /** `POST /repos/acme/app/deployments` of each request, in order. */
  get calls(): readonly string[] {
    return this.seen.map(({ method, path }) => `${method} ${path}`);
  }

  /** Notes a request, and says what is to go wrong with it. */
  receive({ method, path, body, headers }: Call): readonly Fault[] {
    const token = /^(?:token|bearer) (.+)$/i.exec(headers['authorization'] ?? '')?.[1];
    this.seen.push({ method, path, body, token });
    return this.plan.take(method, path);
  }

  answer(call: Call): Answer {
    if (!/^(?:token|bearer) .+$/i.test(call.headers['authorization'] ?? '')) return refusal(401, 'Requires authentication');
    const found = routed(call);
    if (!found) {
      this.problems.push(`${call.method} ${call.path} is not known here`);
      return refusal(404, 'Not Found');
    }
    const { route, names } = found;
    if (`${names['owner']}/${names['repo']}` !== this.repository) return refusal(404, 'Not Found');
    const lacking = this.lacking(route);
    if (lacking) return lacking;
    const faults = faultsOfCall(route, call);
    if (faults.length > 0) {
      this.problems.push(...faults.map((fault) => `${route}: ${fault}`));
      return refusal(422, 'Invalid request.', {}, faults);
    }
    return this.checked(route, handlers[route]?.(this.state, { ...call, names } satisfies Routed) ?? refusal(501, 'Not Implemented'));
  }

  private lacking(route: string): Answer | undefined {
    const needed = neededFor(route);
    const isAllowed = needed.some(([permission, level]) => this.permissions[permission] === 'write' || (level === 'read' && this.permissions[permission] === 'read'));
    return isAllowed ? undefined : refusal(403, 'Resource not accessible by integration', { 'x-accepted-github-permissions': needed.map(([permission, level]) => `${permission}=${level}`).join('; ') });
  }

  /** Completes what a handler returns, and compares it with the description. */
  private checked(route: string, answer: Answer): Answer {
    if (answer.status >= 300) return answer;
    const body = whole(route, answer.status, answer.body);
    this.problems.push(...faultsOfAnswer(route, answer.status, body).map((fault) => `the answer to ${route}: ${fault}`));
    return { ...answer, body };
  }
}

const patterns = routes.map((route) => {
  const [method = '', path = ''] = route.split(' ');
  return { route, method, pattern: new RegExp(`^${path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`) };
});

function routed({ method, path }: Call): { readonly route: string; readonly names: Readonly<Record<string, string>> } | undefined {
  for (const each of patterns) {
    const match = each.method === method ? each.pattern.exec(path) : null;
    if (match) return { route: each.route, names: { ...match.groups } };
  }
  return undefined;
}
