import { refusal, type Answer, type Call } from './call.js';
import type { Comment, Deployment, DeploymentStatus, State } from './state.js';

/** A call with the names of its path. */
export interface Routed extends Call {
  readonly names: Readonly<Record<string, string>>;
}

type Handler = (state: State, call: Routed) => Answer;
type Fields = Readonly<Record<string, unknown>>;

const bot = { login: 'github-actions[bot]', type: 'Bot' };
const notFound = refusal(404, 'Not Found');
/** GitHub's limits, in characters. */
const [longestDescription, longestComment] = [140, 65_536];

const tooLong = (resource: string): Answer => refusal(422, 'Validation Failed', {}, [
  { resource, code: 'custom', field: 'description', message: `description is too long (maximum is ${longestDescription} characters)` },
]);

const fieldsOf = ({ body }: Routed): Fields => (body ?? {}) as Fields;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** One page of a list, and the header that leads to the others. */
function page(call: Routed, items: readonly unknown[], named?: string): Answer {
  const size = Math.min(100, Number(call.query['per_page'] ?? 30));
  const at = Number(call.query['page'] ?? 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (rel: string, number: number): string => {
    const query = new URLSearchParams({ ...call.query, per_page: String(size), page: String(number) });
    return `<{server}${call.path}?${query}>; rel="${rel}"`;
  };
  const links = [...at > 1 ? [link('prev', at - 1), link('first', 1)] : [], ...at < last ? [link('next', at + 1), link('last', last)] : []];
  const shown = items.slice((at - 1) * size, at * size);
  return { status: 200, body: named === undefined ? shown : { total_count: items.length, [named]: shown }, ...links.length > 0 && { headers: { link: links.join(', ') } } };
}

const shownDeployment = ({ statuses: _, ...deployment }: Deployment): Fields => ({ ...deployment, creator: deployment.creator });
const deploymentOf = (state: State, { names }: Routed): Deployment | undefined => state.deployments.find(({ id }) => id === Number(names['deployment_id']));

function createDeployment(state: State, call: Routed): Answer {
  const given = fieldsOf(call);
  const ref = text(given['ref']);
  if (state.unknownCommits.has(ref)) return refusal(422, `No ref found for: ${ref}`);
  if (text(given['description']).length > longestDescription) return tooLong('Deployment');
  // What GitHub does unless it is told not to: it waits for checks, and merges the default branch.
  if (given['required_contexts'] === undefined) return refusal(409, `Conflict: Commit status checks failed for ${ref}.`);
  if (given['auto_merge'] !== false) return { status: 202, body: { message: `Auto-merged main into ${ref} on deployment.` } };
  const environment = text(given['environment']) || 'production';
  const deployment = state.deployed({
    sha: ref, environment, task: text(given['task']) || 'deploy', payload: given['payload'] ?? {}, description: text(given['description']), creator: bot,
    transient_environment: given['transient_environment'] === true,
    production_environment: typeof given['production_environment'] === 'boolean' ? given['production_environment'] : environment === 'production',
  });
  return { status: 201, body: shownDeployment(deployment) };
}

/** https://docs.github.com/rest/deployments/statuses#create-a-deployment-status */
function createStatus(state: State, call: Routed): Answer {
  const [deployment, given] = [deploymentOf(state, call), fieldsOf(call)];
  if (!deployment) return notFound;
  if (text(given['description']).length > longestDescription) return tooLong('DeploymentStatus');
  const status = state.addStatus(deployment, { ...given as Partial<DeploymentStatus>, state: text(given['state']), creator: bot });
  if (status.state === 'success' && given['auto_inactive'] !== false) {
    const before = state.deployments.filter(({ id, environment, transient_environment: transient, production_environment: production, statuses }) =>
      id < deployment.id && environment === deployment.environment && !transient && !production && statuses.at(-1)?.state === 'success');
    for (const each of before) state.addStatus(each, { state: 'inactive' });
  }
  return { status: 201, body: shownStatus(status) };
}

/** An address that was not given is an empty text, which GitHub's own description does not allow. */
const shownStatus = ({ log_url: log, target_url: target, environment_url: at, ...status }: DeploymentStatus): Fields =>
  ({ ...status, ...log !== '' && { log_url: log }, target_url: target || 'https://github.com', ...at !== '' && { environment_url: at } });

const commentOf = (state: State, { names }: Routed): Comment | undefined => state.comments.find(({ id }) => id === Number(names['comment_id']));
const shownComment = ({ issue, ...comment }: Comment): Fields => ({ ...comment, html_url: `https://github.com/acme/app/pull/${issue}#issuecomment-${comment.id}` });

function withBody(call: Routed, write: (body: string) => Answer): Answer {
  const body = text(fieldsOf(call)['body']);
  if (body.length > longestComment) return refusal(422, 'Validation Failed', {}, [{ resource: 'IssueComment', code: 'unprocessable', field: 'data', message: `Body is too long (maximum is ${longestComment} characters)` }]);
  return body === '' ? refusal(422, 'Validation Failed', {}, [{ resource: 'IssueComment', code: 'missing_field', field: 'body' }]) : write(body);
}

function checkRun(state: State, call: Routed, status: number): Answer {
  const found = state.checkRuns.find(({ id }) => id === Number(call.names['check_run_id']));
  if (status === 200 && !found) return notFound;
  const run = found ?? { id: state.nextId(), head_sha: text(fieldsOf(call)['head_sha']), fields: {} };
  if (!found) state.checkRuns.push(run);
  run.fields = { ...run.fields, ...fieldsOf(call) };
  const { name, status: at = 'queued', conclusion = null } = run.fields;
  return { status, body: { id: run.id, head_sha: run.head_sha, name, status: conclusion === null ? at : 'completed', conclusion, html_url: `https://github.com/acme/app/runs/${run.id}` } };
}

const newestFirst = <T extends { readonly id: number }>(items: readonly T[]): readonly T[] => [...items].sort((a, b) => b.id - a.id);

/** By their routes, as the documentation writes them. */
export const handlers: Readonly<Record<string, Handler>> = {
  'GET /repos/{owner}/{repo}/deployments': (state, call) => {
    const wanted = (['environment', 'sha', 'ref', 'task'] as const).filter((name) => call.query[name] !== undefined);
    const found = newestFirst(state.deployments).filter((deployment) => wanted.every((name) => deployment[name] === call.query[name]));
    return page(call, found.map(shownDeployment));
  },
  'POST /repos/{owner}/{repo}/deployments': createDeployment,
  'GET /repos/{owner}/{repo}/deployments/{deployment_id}': (state, call) => {
    const deployment = deploymentOf(state, call);
    return deployment ? { status: 200, body: shownDeployment(deployment) } : notFound;
  },
  'GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses': (state, call) => {
    const deployment = deploymentOf(state, call);
    return deployment ? page(call, newestFirst(deployment.statuses).map(shownStatus)) : notFound;
  },
  'POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses': createStatus,
  'GET /repos/{owner}/{repo}/issues/{issue_number}/comments': (state, call) =>
    page(call, state.comments.filter(({ issue }) => issue === Number(call.names['issue_number'])).map(shownComment)),
  'POST /repos/{owner}/{repo}/issues/{issue_number}/comments': (state, call) =>
    withBody(call, (body) => ({ status: 201, body: shownComment(state.commented(Number(call.names['issue_number']), body, bot.login)) })),
  'GET /repos/{owner}/{repo}/issues/comments/{comment_id}': (state, call) => {
    const comment = commentOf(state, call);
    return comment ? { status: 200, body: shownComment(comment) } : notFound;
  },
  'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}': (state, call) => withBody(call, (body) => {
    const comment = commentOf(state, call);
    if (!comment) return notFound;
    comment.body = body;
    return { status: 200, body: shownComment(comment) };
  }),
  'DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}': (state, call) => {
    const comment = commentOf(state, call);
    if (!comment) return notFound;
    state.comments.splice(state.comments.indexOf(comment), 1);
    return { status: 204 };
  },
  'POST /repos/{owner}/{repo}/check-runs': (state, call) => checkRun(state, call, 201),
  'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}': (state, call) => checkRun(state, call, 200),
  'GET /repos/{owner}/{repo}/pulls/{pull_number}': (state, call) => {
    const pull = state.pulls.find(({ number }) => number === Number(call.names['pull_number']));
    return pull ? { status: 200, body: { number: pull.number, title: pull.title, state: pull.state ?? 'open', head: { sha: pull.headSha, ref: 'topic' } } } : notFound;
  },
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/files': (state, call) => {
    const pull = state.pulls.find(({ number }) => number === Number(call.names['pull_number']));
    return pull ? page(call, pull.files.map((filename) => ({ filename, status: 'modified', additions: 1, changes: 1 }))) : notFound;
  },
  'GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs': (state, call) => page(call, state.workflowRuns, 'workflow_runs'),
};

/** What a token needs to be allowed to do something: the permission, and the level. Lists of several: one of them is enough. */
export function neededFor(route: string): readonly (readonly [permission: string, level: 'read' | 'write'])[] {
  const level = route.startsWith('GET ') ? 'read' : 'write';
  if (route.includes('/deployments')) return [['deployments', level]];
  if (route.includes('/issues/')) return [['issues', level], ['pull_requests', level]];
  if (route.includes('/check-runs')) return [['checks', level]];
  if (route.includes('/pulls/')) return [['pull_requests', level]];
  return route.includes('/actions/') ? [['actions', level]] : [['contents', level]];
}
