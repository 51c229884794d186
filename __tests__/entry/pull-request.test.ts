import { describe, expect, it } from '@jest/globals';
import { perform } from '../../src/entry/perform.js';
import type { Request } from '../../src/entry/read-config.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { annotateIn } from '../../src/ports/log.js';
import type { Ports } from '../../src/ports/ports.js';
import type { Command, Exited } from '../../src/ports/process.js';
import { MemoryGitHub, refusal } from '../github/memory-github.js';
import { image, second, third, TestWorld } from '../workflow/world.js';

const [head, base] = ['a'.repeat(40), third];
const settings = `image: ${image}
test: npm test
kubeconfig: /k
namespace: web
workloads: [deployment/api]
environments:
  staging: { freeze: Fri 16:00 – Mon 08:00 UTC }
  production: { smoke: [service/api/] }
`;

interface Given {
  readonly settings?: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly event?: string;
  readonly from?: string;
  readonly github?: MemoryGitHub;
  /** HEAD of the folder that a program of git is told. */
  readonly commits?: (folder: string) => string | undefined;
  readonly terminal?: boolean;
}

interface Performed {
  readonly outcome: Outcome;
  readonly github: MemoryGitHub;
  readonly lines: readonly string[];
  /** Programs that were started. */
  readonly started: readonly string[];
  readonly world: TestWorld;
}

async function checked(given: Given = {}): Promise<Performed> {
  const { github = new MemoryGitHub(), event = 'pull_request', from = 'acme/api' } = given;
  const world = new TestWorld();
  const { run, lines } = world.start('pr-check');
  const texts: Readonly<Record<string, string>> = {
    '.github/deploy.yml': given.settings ?? settings,
    '/outside.yml': 'kind: ConfigMap\napiVersion: v1\nmetadata: { name: a }\n',
    '/event.json': JSON.stringify({ number: 7, pull_request: { number: 7, head: { sha: head, repo: { full_name: from } }, base: { sha: base, repo: { full_name: 'acme/api' } } } }),
  };
  const started: string[] = [];
  const process = {
    run: (command: Command): Promise<Exited> => {
      const folder = command.args[1] ?? '';
      if (command.program === 'git' && given.commits && command.args.includes('HEAD^{commit}')) {
        const commit = given.commits(folder);
        return Promise.resolve({ code: commit === undefined ? 1 : 0, stdout: `${commit}\n`, stderr: '' });
      }
      started.push(command.program);
      return run.ports.process.run(command);
    },
    start: (command: Command) => {
      started.push(command.program);
      return run.ports.process.start(command);
    },
  };
  const files: Ports['files'] = { ...run.ports.files, readText: async (path) => texts[path] ?? run.ports.files.readText(path), realPath: async (path) => path };
  const request: Request = {
    ...run, action: 'pr-check', annotate: annotateIn(run.ports.log), follow: () => undefined, inputs: { 'github-token': 't0ken', ...given.inputs },
    facts: { commit: second, repository: 'acme/api', runUrl: 'https://github.com/acme/api/actions/runs/7' },
    ...!given.terminal && { event: { name: event, path: '/event.json' } },
  };
  const outcome = await perform({ ...run.ports, process, files, github: async () => github }, request);
  return { outcome, github, lines, started, world };
}

const bodies = ({ github }: Pick<Performed, 'github'>): readonly string[] => github.comments.map(({ body }) => body);

describe('a pull request', () => {
  it('gets a comment with the plan of every environment, and a check run with the same text', async () => {
    const result = await checked();
    expect(result.outcome).toMatchObject({ verdict: 'checked', commentUrl: 'https://github.example/c/101', warnings: [] });
    const [body = ''] = bodies(result);
    expect(body).toMatch(/^<!-- deploy-action pr-check [0-9a-f]{16} head=a{40} at=\d+ -->\n### ☑️ checked: `api` for `staging`, `production`\n/);
    expect(body).toContain('#### `production`');
    expect(body).toContain('Diff of deployment/api (+1 −1)');
    expect(body).toContain('The next time without rollouts');
    expect(result.github.checkRuns).toEqual([expect.objectContaining({
      name: 'deploy-action: api (staging, production)', head_sha: head, status: 'completed', conclusion: 'success', details_url: 'https://github.com/acme/api/actions/runs/7',
      output: { title: expect.stringMatching(/^checked: The pull request passed every check in /), summary: body.slice(body.indexOf('\n') + 1) },
    })]);
    expect(result.world.changes).toEqual(['PATCH /apis/apps/v1/namespaces/web/deployments/api', 'PATCH /apis/apps/v1/namespaces/web/deployments/api']);
    expect(result.world.server.seen.filter((each) => /^(?:POST|PUT|DELETE)/.test(each))).toEqual([]);
  });
  it('has the comment of its next run in the same place', async () => {
    const { github } = await checked();
    const { outcome } = await checked({ github });
    expect([github.comments.length, outcome.commentUrl]).toEqual([1, 'https://github.example/c/101']);
  });
  it('has a comment of its own for other inputs', async () => {
    const { github } = await checked();
    await checked({ github, inputs: { environment: 'production' } });
    await checked({ github, inputs: { environment: 'production,staging' } });
    await checked({ github, inputs: { environment: 'staging\nproduction' } });
    expect(github.comments.map(({ body }) => /for (.*)\n/.exec(body)?.[1])).toEqual(['`staging`, `production`', '`production`', '`staging`, `production`']);
  });
  it('has the problems of its settings in the comment, and beside their lines', async () => {
    const result = await checked({ settings: settings.replace('test: npm test', 'timeout: 5\nfrezee: x') });
    expect(result.outcome).toMatchObject({ verdict: 'failed', failure: { cause: 'config-invalid', stage: 'config' } });
    expect(bodies(result)[0]).toMatch(/\*\*Problems in the settings\*\*\n\n- `\.github\/deploy\.yml:2:1`: .*\n- `\.github\/deploy\.yml:3:1`: settings file: unknown key "frezee"/);
    expect(result.lines.filter((line) => line.startsWith('error '))).toEqual([expect.stringContaining('timeout'), expect.stringContaining('frezee')]);
    expect(result.github.checkRuns).toEqual([expect.objectContaining({ conclusion: 'failure' })]);
  });
  it('is judged by the policy in its settings file', async () => {
    const result = await checked({ settings: `${settings}policy: { env: { ENABLE_DEBUG: set } }\n` });
    expect(result.outcome).toMatchObject({ verdict: 'failed', failure: { cause: 'policy-denied', stage: 'preflight' } });
    expect(bodies(result)[0]).toContain('**Policy**\n\n- ❌ `env`: ');
  });
  it.each([['acme/api', true], ['mallory/api', false]])('of %s has files outside of the workspace: %j', async (from, isRead) => {
    const result = await checked({ from, settings: `${settings}policy: { files: [/outside.yml] }\n` });
    expect(JSON.stringify(result.outcome.check?.environments[0]).includes('The file /outside.yml of `policy.files` does not exist.')).toBe(!isRead);
  });
  it.each<[string, Given]>([['with `comment: off`', { inputs: { comment: 'off' } }]])('gets only the check run %s', async (_, given) => {
    const result = await checked(given);
    expect([bodies(result), result.github.checkRuns.length, result.outcome.commentUrl]).toEqual([[], 1, undefined]);
  });
  it.each<[string, Given, string]>([
    ['with `dry-run`', { inputs: { 'dry-run': 'true' } }, 'planned'], ['without a token', { inputs: { 'github-token': '' } }, 'checked'],
    ['in an event that is about none', { event: 'push' }, 'checked'], ['in a terminal', { terminal: true }, 'checked'],
  ])('gets nothing %s', async (_, given, verdict) => {
    const { outcome, github } = await checked(given);
    expect([outcome.verdict, github.calls]).toEqual([verdict, []]);
  });
});

describe('a comment that cannot be written', () => {
  const denied = (route: RegExp, error = refusal(403, 'denied', 'Resource not accessible by integration')): MemoryGitHub => {
    const github = new MemoryGitHub();
    github.failing = (call) => (route.test(call) ? error : undefined);
    return github;
  };
  it.each<[string, Partial<Given>, RegExp]>([
    ['as the token is not allowed to', { github: denied(/^POST .*comments$/) }, /^No comment was written: GitHub returned 403.* The job needs `permissions: pull-requests: write`/],
    ['as the pull request is from a fork', { github: denied(/^POST/), from: 'mallory/api' }, /^No comment was written: the token of a pull request from a fork is only allowed to read\. The summary of the job has its text\.$/],
    ['as GitHub is away', { github: denied(/comments$/, refusal(502, 'unavailable')) }, /^The comment could not be written: GitHub returned 502/],
    ['as GitHub does not accept it', { github: denied(/^POST .*comments$/, refusal(422, 'invalid', 'Body is too long')) }, /Body is too long/],
    ['as a rate limit is reached', { github: denied(/comments$/, refusal(429, 'limited')) }, /^The comment could not be written/],
  ])('%s is a warning', async (_, given, warning) => {
    const { outcome } = await checked(given);
    expect([outcome.verdict, outcome.warnings]).toEqual(['checked', [expect.stringMatching(warning)]]);
  });
  it('does not keep the check run from being created, nor the other way round', async () => {
    const one = await checked({ github: denied(/comments$/) });
    expect([bodies(one), one.github.checkRuns.length]).toEqual([[], 1]);
    const other = await checked({ github: denied(/check-runs$/) });
    expect([bodies(other).length, other.outcome.warnings]).toEqual([1, []]);
  });
  it('as the client of GitHub cannot be loaded is a warning too', async () => {
    const github = new MemoryGitHub();
    github.send = () => Promise.reject(new Error('broken'));
    const { outcome } = await checked({ github });
    expect([outcome.verdict, outcome.warnings]).toEqual(['checked', [expect.stringContaining('broken'), expect.stringContaining('The check run could not be created')]]);
  });
});

describe('a pull request from a fork', () => {
  it('is checked by its files alone', async () => {
    const { outcome, started, world, lines } = await checked({ from: 'mallory/api', inputs: { 'registry-username': 'me', 'registry-password': '' } });
    expect(outcome).toMatchObject({ verdict: 'checked', check: { origin: 'fork' } });
    expect([started, world.server.seen]).toEqual([[], []]);
    expect(lines.filter((line) => /^(?:warning|error)/.test(line))).toEqual([]);
  });
  it('is refused where its code is checked out in a run with secrets', async () => {
    const { outcome, github, started } = await checked({ event: 'pull_request_target', from: 'mallory/api', commits: () => head });
    expect(outcome).toMatchObject({ verdict: 'failed', failure: { cause: 'config-invalid', stage: 'config', message: expect.stringContaining('is checked out in a run that has the secrets') } });
    expect([github.calls, outcome.check, started.filter((program) => program !== 'git')]).toEqual([[], undefined, []]);
  });
  it('is refused also where its code is in a folder, or nobody can say what is checked out', async () => {
    const inFolder = await checked({ event: 'pull_request_target', from: 'mallory/api', inputs: { config: 'pr/deploy.yml' }, commits: (folder) => (folder === 'pr' ? head : second) });
    expect(inFolder.outcome.failure?.message).toContain('is checked out in a run that has the secrets');
    const unknown = await checked({ event: 'pull_request_target', from: 'mallory/api', commits: () => undefined });
    expect(unknown.outcome.failure?.message).toContain('is checked out in a run that has the secrets');
  });
  it('is not what is checked where the base branch is checked out, a warning says so, and nothing is run or reached: a step may have put files of it there', async () => {
    const { outcome, lines, started, world } = await checked({ event: 'pull_request_target', from: 'mallory/api', commits: () => second });
    expect(outcome).toMatchObject({ verdict: 'checked', check: { origin: 'fork' } });
    expect([started.filter((program) => program !== 'git'), world.server.seen]).toEqual([[], []]);
    expect(lines).toContainEqual(expect.stringMatching(/^warning This run has the secrets of the repository.*The settings of the base branch are checked.*use `on: pull_request`/));
  });
});

it.each(['issue_comment', 'deployment_status', 'repository_dispatch'])('%s, which has all secrets and says nothing of the code, is refused unless the code is that of its commit', async (event) => {
  const { outcome, started } = await checked({ event, commits: () => head });
  expect(outcome.failure?.message).toContain('is checked out in a run that has the secrets');
  expect(started.filter((program) => program !== 'git')).toEqual([]);
  const own = await checked({ event, commits: () => second });
  expect(own.outcome).toMatchObject({ verdict: 'checked', check: { origin: 'fork' } });
});

it('an event that cannot be understood ends the run before anything is read', async () => {
  const { outcome, started } = await checked({ event: 'workflow_run' });
  expect(outcome).toMatchObject({ verdict: 'failed', failure: { message: expect.stringContaining('so whose code this is cannot be determined') } });
  expect(started).toEqual([]);
});
