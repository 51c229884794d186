import * as v from 'valibot';
import { GitHubError, readGitHub, readPages, type GitHub, type GitHubRequest } from '../ports/github.js';
import { markIn, type Mark } from './mark.js';

/** The comment of one pull request that is to be there in the end. */
export interface Wanted {
  readonly owner: string;
  readonly repo: string;
  readonly number: number;
  /** With its mark in it. */
  readonly text: string;
  readonly mark: Mark;
  readonly signal: AbortSignal;
}

export type Commented =
  | { readonly state: 'created' | 'updated'; readonly url: string }
  /** Nothing was written, and why, as a clause: `the pull request is closed`. */
  | { readonly state: 'left'; readonly why: string; readonly url?: string };

const pull = v.object({ state: v.string(), head: v.object({ sha: v.string() }) });
const comment = v.object({
  id: v.number(), html_url: v.string(), body: v.nullish(v.string()),
  author_association: v.nullish(v.string()), user: v.nullish(v.object({ type: v.nullish(v.string()) })),
});
type Comment = v.InferOutput<typeof comment>;
/** A comment with the mark in it. */
interface Marked extends Comment { readonly mark: Mark }

/**
 * Writes the comment: into the one with the same key, wherever its mark is by now, or as a new one. It is not written for a
 * closed pull request, nor over the result of a newer commit or a later run.
 *
 * GitHub has no way to create a comment only if there is none. So two runs at the same time may create one each; each then looks
 * again, and all but the oldest are removed by those that have created them.
 *
 * @throws GitHubError, JsonError, what the signal aborts with
 */
export async function writeComment(github: GitHub, wanted: Wanted): Promise<Commented> {
  const known = await oldest(github, wanted);
  // Right before the comment is written, as the pull request may change at any time.
  const outdated = await whyOutdated(github, wanted);
  if (outdated !== undefined) return { state: 'left', why: outdated, url: known?.html_url };
  const updated = known && await update(github, wanted, known);
  return updated ?? create(github, wanted);
}

async function whyOutdated(github: GitHub, { owner, repo, number, mark, signal }: Wanted): Promise<string | undefined> {
  const { state, head } = await readGitHub(github, { route: 'GET /repos/{owner}/{repo}/pulls/{pull_number}', parameters: { owner, repo, pull_number: number }, signal }, pull);
  if (state !== 'open') return `the pull request is ${state}`;
  return head.sha === mark.head ? undefined : 'the pull request has a newer commit, and the result of that is to be shown';
}

/** The first comment with the mark. Only of those who are trusted: anybody can write a comment with any text. */
async function oldest(github: GitHub, { owner, repo, number, mark, signal }: Wanted): Promise<Marked | undefined> {
  const request = { route: 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments', parameters: { owner, repo, issue_number: number }, signal } as const;
  // They come in the order in which they were created.
  for await (const page of readPages(github, request, v.array(comment))) {
    for (const each of page) {
      const found = isTrusted(each) ? markIn(each.body ?? '', mark.key) : undefined;
      if (found) return { ...each, mark: found };
    }
  }
  return undefined;
}

/** A workflow comments as a bot, or with the token of someone who belongs to the repository. */
const isTrusted = ({ user, author_association: association }: Comment): boolean =>
  user?.type === 'Bot' || ['OWNER', 'MEMBER', 'COLLABORATOR'].includes(association ?? '');

/** Undefined if the comment was deleted in the meantime. */
async function update(github: GitHub, wanted: Wanted, { id, mark, html_url: url }: Marked): Promise<Commented | undefined> {
  if (mark.head === wanted.mark.head && mark.at > wanted.mark.at) return { state: 'left', why: 'a later run for the same commit has written it', url };
  const { owner, repo, text: body, signal } = wanted;
  const request: GitHubRequest = { route: 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', parameters: { owner, repo, comment_id: id, body }, signal, repeatable: true };
  try {
    return { state: 'updated', url: (await readGitHub(github, request, comment)).html_url };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

const isGone = (error: unknown): boolean => error instanceof GitHubError && (error.status === 404 || error.status === 410);

async function create(github: GitHub, wanted: Wanted): Promise<Commented> {
  const own = await post(github, wanted);
  // The comment is written: an error from here on is no reason to say that it is not.
  try {
    const first = await oldest(github, wanted);
    if (!first || first.id >= own.id) return { state: 'created', url: own.html_url };
    const outdated = await whyOutdated(github, wanted);
    const updated = outdated === undefined ? await update(github, wanted, first) : { state: 'left' as const, why: outdated, url: first.html_url };
    if (!updated) return { state: 'created', url: own.html_url };
    await remove(github, wanted, own);
    return updated;
  } catch (error) {
    wanted.signal.throwIfAborted();
    if (error instanceof GitHubError) return { state: 'created', url: own.html_url };
    throw error;
  }
}

/** A POST whose answer was lost may have been carried out: it is sent again only if the comment is not there. */
async function post(github: GitHub, wanted: Wanted): Promise<Comment> {
  const { owner, repo, number, text: body, signal } = wanted;
  const request: GitHubRequest = { route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments', parameters: { owner, repo, issue_number: number, body }, signal };
  try {
    return await readGitHub(github, request, comment);
  } catch (error) {
    if (!(error instanceof GitHubError && error.trouble === 'unavailable')) throw error;
    const found = await oldest(github, wanted);
    return found?.mark.at === wanted.mark.at && found.mark.head === wanted.mark.head ? found : readGitHub(github, request, comment);
  }
}

async function remove(github: GitHub, { owner, repo, signal }: Wanted, { id }: Comment): Promise<void> {
  await github.send({ route: 'DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}', parameters: { owner, repo, comment_id: id }, signal, repeatable: true });
}
