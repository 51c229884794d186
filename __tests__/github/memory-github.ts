import { GitHubError, type GitHub, type GitHubRequest, type GitHubTrouble } from '../../src/ports/github.js';

export interface KeptComment {
  readonly id: number;
  body: string;
  readonly user: { readonly type: string };
  readonly author_association: string;
  readonly html_url: string;
}

type Failing = (call: string) => GitHubError | 'lost' | undefined;

export const refusal = (status: number, trouble: GitHubTrouble, reason = 'no'): GitHubError => new GitHubError(`GitHub returned ${status}: ${reason}`, { trouble, status, reason });

/** One pull request of GitHub in memory, as its API shows it. */
export class MemoryGitHub implements GitHub {
  readonly comments: KeptComment[] = [];
  readonly checkRuns: Readonly<Record<string, unknown>>[] = [];
  readonly calls: string[] = [];
  pull = { state: 'open', head: { sha: 'a'.repeat(40) } };
  /** What a call is answered with instead; `lost`: it is carried out, and the answer is lost. */
  failing: Failing = () => undefined;
  /** Called before a request is carried out. */
  before: (call: string) => Promise<void> | void = () => undefined;
  /** Of the author of what is created here. */
  type = 'Bot';
  private last = 100;

  add(body: string, author: Partial<Pick<KeptComment, 'user' | 'author_association'>> = {}): KeptComment {
    const id = (this.last += 1);
    const comment = { id, body, user: { type: this.type }, author_association: 'NONE', html_url: `https://github.example/c/${id}`, ...author };
    this.comments.push(comment);
    return comment;
  }

  async send({ route, parameters = {}, signal }: GitHubRequest): Promise<unknown> {
    signal.throwIfAborted();
    this.calls.push(route);
    await this.before(route);
    const failure = this.failing(route);
    if (failure instanceof GitHubError) throw failure;
    const answer = this.answer(route, parameters);
    if (failure === 'lost') throw new GitHubError('GitHub did not answer', { trouble: 'unavailable', reason: '' });
    return structuredClone(answer);
  }

  async * pages(request: Parameters<GitHub['pages']>[0]): AsyncIterable<unknown> {
    const kept = [...this.comments];
    for (let start = 0; start === 0 || start < kept.length; start += 100) {
      await this.send({ ...request, parameters: { ...request.parameters } });
      yield structuredClone(this.comments.slice(start, start + 100));
    }
  }

  private answer(route: string, parameters: Readonly<Record<string, unknown>>): unknown {
    const [method] = route.split(' ');
    if (route.includes('/pulls/')) return this.pull;
    if (route.endsWith('/check-runs')) {
      this.checkRuns.push(parameters);
      return { html_url: `https://github.example/checks/${this.checkRuns.length}` };
    }
    if (method === 'GET') return [];
    if (method === 'POST') return this.add(String(parameters['body']));
    const index = this.comments.findIndex(({ id }) => id === parameters['comment_id']);
    const comment = this.comments[index];
    if (!comment) throw refusal(404, 'missing', 'Not Found');
    if (method === 'DELETE') return void this.comments.splice(index, 1);
    comment.body = String(parameters['body']);
    return comment;
  }
}
