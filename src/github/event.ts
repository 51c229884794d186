import * as v from 'valibot';
import { JsonError, readJson } from '../ports/json.js';
import type { Files } from '../ports/files.js';
import type { Origin } from '../outcome/pull-request.js';

/** The pull request that an event is about. */
export interface PullRequest {
  readonly number: number;
  /** Its newest commit at the time of the event. */
  readonly head: string;
  /** The commit of the base branch. */
  readonly base: string;
}

/** What an event says about the code of its workflow run. */
export interface PullRequestEvent {
  /** Undefined for an event that is about none. */
  readonly pullRequest?: PullRequest;
  /** Whose the newest commit is. */
  readonly origin: Origin;
  /**
   * The run has the secrets of the repository, and by default the code of its default branch, whoever has opened the pull request:
   * https://docs.github.com/actions/reference/security/securely-using-pull_request_target
   */
  readonly isPrivileged: boolean;
}

const sha = v.pipe(v.string(), v.regex(/^[0-9a-f]{40,64}$/));
/** Null where a fork was deleted. */
const repository = v.nullish(v.object({ full_name: v.string() }));
const aboutPullRequest = v.object({ pull_request: v.object({
  number: v.pipe(v.number(), v.integer()), head: v.object({ sha, repo: repository }), base: v.object({ sha, repo: repository }),
}) });
const aboutRun = v.object({ workflow_run: v.object({ head_repository: repository }), repository: v.object({ full_name: v.string() }) });

/** Events that only run code which somebody with write access has pushed or chosen. A terminal has none. */
const ofMembers: ReadonlySet<string> = new Set(['', 'push', 'schedule', 'workflow_dispatch', 'merge_group']);
const ofPullRequests: ReadonlySet<string> = new Set(['pull_request', 'pull_request_target', 'pull_request_review', 'pull_request_review_comment']);

/**
 * Reads the event of a run. https://docs.github.com/webhooks/webhook-events-and-payloads
 * @param name as in GITHUB_EVENT_NAME
 * @param path of the file that holds it
 * @throws JsonError when the event of a pull request cannot be understood: whose code it is would not be known
 */
export async function readEvent(files: Pick<Files, 'readText'>, name: string, path: string): Promise<PullRequestEvent> {
  if (ofMembers.has(name)) return { origin: 'own', isPrivileged: false };
  const isPrivileged = name === 'pull_request_target' || name === 'workflow_run';
  // Others, such as `issue_comment`, run with all secrets, and say nothing of the code that a step has checked out.
  if (!ofPullRequests.has(name) && !isPrivileged) return { origin: 'fork', isPrivileged: true };
  const source = `The event ${name}`;
  const text = await files.readText(path).catch(() => undefined);
  if (text === undefined) throw new JsonError(source, 'cannot be read', `: there is no file ${path}`);
  if (name === 'workflow_run') {
    const { workflow_run: { head_repository: head }, repository: own } = readJson(text, aboutRun, source);
    return { origin: originOf(head?.full_name, own.full_name), isPrivileged };
  }
  const { pull_request: { number, head, base } } = readJson(text, aboutPullRequest, source);
  return { pullRequest: { number, head: head.sha, base: base.sha }, origin: originOf(head.repo?.full_name, base.repo?.full_name), isPrivileged };
}

const originOf = (head: string | undefined, base: string | undefined): Origin =>
  (head !== undefined && head.toLowerCase() === base?.toLowerCase() ? 'own' : 'fork');
