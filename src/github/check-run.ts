import * as v from 'valibot';
import { readGitHub, type GitHub } from '../ports/github.js';

/** A check run on a commit: https://docs.github.com/rest/checks/runs */
interface CheckRun {
  readonly owner: string;
  readonly repo: string;
  /** As the list of checks shows it. */
  readonly name: string;
  readonly commit: string;
  readonly conclusion: 'success' | 'failure';
  /** One line. */
  readonly title: string;
  /** Markdown, at most 65,535 characters. */
  readonly summary: string;
  readonly runUrl?: string;
  readonly signal: AbortSignal;
}

/**
 * Creates a complete check run. GitHub shows the newest one of a name.
 * @returns its address
 * @throws GitHubError, JsonError, what the signal aborts with
 */
export async function createCheckRun(github: GitHub, run: CheckRun): Promise<string | undefined> {
  const { owner, repo, name, commit, conclusion, title, summary, runUrl, signal } = run;
  const parameters = {
    owner, repo, name, head_sha: commit, status: 'completed', conclusion, output: { title, summary }, ...runUrl !== undefined && { details_url: runUrl },
  };
  const { html_url: url } = await readGitHub(github, { route: 'POST /repos/{owner}/{repo}/check-runs', parameters, signal }, v.object({ html_url: v.nullish(v.string()) }));
  return url ?? undefined;
}
