import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { rewriteImages } from './harness/admission.js';
import { administrator, call, closeApi, pathOf, type Any } from './harness/api.js';
import { inSpace, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectHidden } from './harness/ending.js';
import { environment, root } from './harness/environment.js';
import { faults } from './harness/github-api/faults.js';
import { startGitHub, type RunningGitHub } from './harness/github-api/server.js';
import { closeImages } from './harness/images.js';
import { kubeconfigOf, type Space } from './harness/namespace.js';
import { runAction, type ActionResult, type ActionRun } from './harness/run-action.js';
import { withSettings } from './harness/workspace.js';

// The check of pull requests: the bundle beside a real cluster, and a server that answers as GitHub does.

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

interface Site {
  readonly space: Space;
  readonly github: RunningGitHub;
  /** The repository as it is checked out, with the pull request on top of its base. */
  readonly folder: string;
  readonly base: string;
  readonly head: string;
  check(more?: Partial<ActionRun> & { readonly from?: string }): Promise<ActionResult>;
}

const settingsOf = (space: Space, image: Awaited<ReturnType<typeof variant>>): Any => ({
  app: 'app', image: image.name, builder: environment().builder, workloads: ['deployment/web'], namespace: space.name,
  environments: {
    staging: { freeze: ['Mon–Sun 00:00–24:00 UTC'] },
    production: { digest: image.digest, smoke: ['service/web/ -> 200 contains v2'] },
  },
});

/** A healthy workload in a namespace of its own, a repository with a pull request, and a GitHub of its own. */
const onSite = (label: string, body: (site: Site) => Promise<void>) => inSpace(label, async (space) => {
  const github = await startGitHub();
  const folder = mkdtempSync(join(tmpdir(), 'deploy-pull-'));
  const git = (...args: readonly string[]): string => execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.test', ...args], { encoding: 'utf8' }).trim();
  const commit = (): string => {
    git('add', '--all');
    git('commit', '--quiet', '--message', 'a commit');
    return git('rev-parse', 'HEAD');
  };
  try {
    const image = await variant('v2');
    await startHealthy(space, { replicas: 1, container: { env: [{ name: 'DB_PASSWORD', value: 'hunter2-hunter2' }, { name: 'LOG', value: 'info' }] } });
    git('init', '--quiet', '--initial-branch', 'main');
    mkdirSync(join(folder, '.github'));
    writeFileSync(join(folder, '.github/deploy.yml'), JSON.stringify(settingsOf(space, image)));
    writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox:1.36\n');
    const base = commit();
    git('checkout', '--quiet', '-b', 'topic');
    writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox:1.37\n');
    const head = commit();
    github.state.pulls.push({ number: 7, title: '<!-- @acme/ops closes #1', headSha: head, files: ['Dockerfile'] });
    const check: Site['check'] = ({ inputs, env, from = 'acme/app', ...more } = {}) => runAction({
      action: 'pr-check', workspace: folder, commit: head, ...more, inputs: { kubeconfig: space.kubeconfig, ...inputs },
      event: { number: 7, pull_request: { number: 7, head: { sha: head, repo: { full_name: from } }, base: { sha: base, repo: { full_name: 'acme/app' } } } },
      env: { GITHUB_EVENT_NAME: 'pull_request', GITHUB_REF: 'refs/pull/7/merge', GITHUB_API_URL: github.url, ...env },
    });
    await body({ space, github, folder, base, head, check });
    expect(github.problems).toEqual([]);
  } finally {
    await github.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

const warningsOf = ({ commands }: Pick<ActionResult, 'commands'>): readonly string[] => commands.filter(({ name }) => name === 'warning').map(({ message }) => message);
/** Everything of the namespace that a run could change. */
const stateOf = async (space: Space): Promise<unknown> => {
  const all = await Promise.all(['Deployment', 'ConfigMap', 'Lease'].map((kind) => space.list(kind)));
  return all.flat().map(({ kind, metadata }) => [kind, metadata.name, metadata.generation, metadata.annotations]);
};

describe('a pull request of the repository', () => {
  it.concurrent('shows in one comment what a deployment to each environment would do, and nothing changes', onSite('pr-plan', async ({ space, github, head, check }) => {
    const before = await stateOf(space);
    const result = await check();
    expectEnding(result, { verdict: 'checked' });
    const [comment] = github.state.comments;
    const text = comment?.body ?? '';
    expect(text).toMatch(/^<!-- deploy-action pr-check [0-9a-f]{16} head=[0-9a-f]{40} at=\d+ -->\n### ☑️ checked: `app` for `staging`, `production`\n/);
    // Of staging the image is to be built; that of production is there.
    expect(text).toMatch(/#### `staging`[^]*\*\*build\*\* build `[^`]+` for [^]*No rollout is allowed now: [^]*#### `production`[^]*\| `deployment\/web` \| `web` \|/);
    expect(text).toMatch(/Diff of deployment\/web \(\+1 −1\)[^]*```diff\n[^]*\n-\s+image: [^]*\n\+\s+image: /);
    expect(text).toContain('| `Dockerfile` | `#1` | `busybox:1.36` | `busybox:1.37` |');
    expect(text.match(/\*\*Policy\*\*\n\n- ⚠️ `plain-secrets`: Container web of deployment\/web has what looks like a secret in plain text in its variable DB\\_PASSWORD/g)).toHaveLength(2);
    expect(github.state.checkRuns).toEqual([expect.objectContaining({ head_sha: head, fields: expect.objectContaining({ conclusion: 'success' }) })]);
    expect(result.outputs['comment-url']).toBe(`https://github.com/acme/app/pull/7#issuecomment-${comment?.id}`);
    expect(JSON.parse(result.outputs.plan ?? '')).toMatchObject({ staging: { environment: 'staging' }, production: { changes: [{ workload: 'deployment/web' }], rollback: { possible: true } } });
    expect(result.summary).toContain(text.slice(text.indexOf('### '), text.indexOf('#### ')));
    expect(await stateOf(space)).toEqual(before);
    expect([warningsOf(result), result.temporary.filter((path) => !path.includes('report'))]).toEqual([[], []]);
    for (const shown of [text, result.summary, result.log, JSON.stringify(result.report)]) expect(shown).not.toContain('hunter2');
    expectHidden(result, github.seen[0]?.token ?? '');
  }));

  it.concurrent('has its comment updated after it was edited, and written again after it was deleted', onSite('pr-again', async ({ github, check }) => {
    await check();
    const [comment] = github.state.comments;
    if (comment) comment.body = `edited\n${comment.body}`;
    expect((await check()).outputs['comment-url']).toBe(`https://github.com/acme/app/pull/7#issuecomment-${comment?.id}`);
    expect(github.state.comments).toEqual([expect.objectContaining({ body: expect.stringMatching(/^<!--/) })]);
    github.state.comments.length = 0;
    await check();
    expect(github.state.comments).toHaveLength(1);
    // The result of a commit that is not the newest any more.
    github.state.pulls.splice(0, 1, { number: 7, title: 'x', headSha: 'd'.repeat(40), files: [] });
    const old = github.state.comments[0]?.body;
    expectEnding(await check(), { verdict: 'checked' });
    expect(github.state.comments.map(({ body }) => body)).toEqual([old]);
  }));

  it.concurrent('fails with the problems of its settings beside their lines, and with what would fail', onSite('pr-bad', async ({ folder, github, check }) => {
    writeFileSync(join(folder, '.github/deploy.yml'), 'image: Registry.example/app\nworkloads: [deployment/web]\nenvironments:\n  staging:\n    timeout: 5\n  production:\n    frezee: x\n');
    const result = await check();
    expectEnding(result, { verdict: 'failed', cause: 'config-invalid', stage: 'config' });
    const places = result.commands.filter(({ name, properties }) => name === 'error' && properties['file'] !== undefined).map(({ properties: { file, line, col } }) => `${file}:${line}:${col}`);
    expect(places).toEqual(['.github/deploy.yml:1:1', '.github/deploy.yml:5:5', '.github/deploy.yml:7:5']);
    for (const place of places) expect(github.state.comments[0]?.body).toContain(`- \`${place}\`: `);
    expect(github.state.checkRuns[0]?.fields).toMatchObject({ conclusion: 'failure' });
  }));

  it.concurrent('shows what admission changes, and fails where a policy rejects the change', onSite('pr-admission', async ({ space, github, folder, check }) => {
    const undo = await rewriteImages(space, (image) => image.replace(environment().registry, environment().registry.replace('127.0.0.1', 'localhost')));
    try {
      expectEnding(await check({ inputs: { environment: 'production' } }), { verdict: 'checked' });
      expect(github.state.comments[0]?.body).toMatch(/\n\+\s+image: localhost:/);
    } finally {
      await undo();
    }
    const settings = { ...parse(execFileSync('cat', [join(folder, '.github/deploy.yml')], { encoding: 'utf8' })) as Any, workloads: ['deployment/wbe'] };
    writeFileSync(join(folder, '.github/deploy.yml'), JSON.stringify(settings));
    const result = await check({ inputs: { environment: 'production' } });
    expectEnding(result, { verdict: 'failed', cause: 'config-invalid', stage: 'preflight' });
    expect(github.state.comments.map(({ body }) => /: Workload deployment\/wbe: does not exist in namespace \S+\. Did you mean "deployment\/web"\?\n/.test(body))).toEqual([true]);
  }));

  it.concurrent('needs nothing but to read in the cluster, as the ClusterRole `view` allows', onSite('pr-view', async ({ space, github, check }) => {
    await space.apply(
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'pr-check' } },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'pr-check' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }, subjects: [{ kind: 'ServiceAccount', name: 'pr-check' }] },
    );
    const request = await call('POST', `${pathOf('ServiceAccount', space.name, 'pr-check')}/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } });
    const { access } = administrator();
    const kubeconfig = kubeconfigOf({ server: access.server.href, ca: access.ca, token: request.status.token as string, namespace: space.name });
    const result = await check({ inputs: { kubeconfig, environment: 'production' } });
    expectEnding(result, { verdict: 'checked' });
    expect(github.state.comments[0]?.body).toMatch(/Without the changes of admission: this account is not allowed to patch deployment\/web/);
    expect(github.state.comments[0]?.body).toContain('not allowed to get services/proxy');
    expect(JSON.parse(result.outputs.plan ?? '')).toMatchObject({ environment: 'production', changes: [{ workload: 'deployment/web' }] });
  }));

  it.concurrent('is checked also while GitHub fails', onSite('pr-github', async ({ github, check }) => {
    github.plan.add({ fault: faults.unavailable(), on: /comments/ }, { fault: faults.unavailable(), on: /check-runs/ });
    const result = await check({ inputs: { environment: 'staging' } });
    expectEnding(result, { verdict: 'checked' });
    expect(warningsOf(result)).toEqual([expect.stringMatching(/^The comment could not be written: GitHub returned 50\d/), expect.stringMatching(/^The check run could not be created/)]);
    expect(result.outputs['comment-url']).toBe('');
  }));
});

describe('a pull request from a fork', () => {
  it.concurrent('is checked by its files, with a token that can only read and without secrets', onSite('pr-fork', async ({ space, github, check }) => {
    github.permissions = { contents: 'read', issues: 'read', pull_requests: 'read', checks: 'read' };
    const result = await check({ from: 'mallory/app', inputs: { kubeconfig: '', 'registry-username': 'octocat', 'registry-password': '' }, env: { KUBECONFIG: space.kubeconfig } });
    expectEnding(result, { verdict: 'checked' });
    expect(warningsOf(result)).toEqual([expect.stringMatching(/^No comment was written: the token of a pull request from a fork is only allowed to read/)]);
    expect(result.summary).toContain('**Not checked**');
    expect(result.summary).toContain('| `Dockerfile` | `#1` | `busybox:1.36` | `busybox:1.37` |');
    // Not even of what the machine has.
    expect(result.summary).not.toContain('Diff of');
    expect([github.state.comments, result.outputs['comment-url']]).toEqual([[], '']);
  }));

  it.concurrent('is refused in a run that has the secrets', onSite('pr-target', async ({ github, folder, base, check }) => {
    const env = { GITHUB_EVENT_NAME: 'pull_request_target', GITHUB_REF: 'refs/heads/main' };
    const refused = await check({ from: 'mallory/app', commit: base, env });
    expectEnding(refused, { verdict: 'failed', cause: 'config-invalid', stage: 'config' });
    expect(refused.log).toContain('is checked out in a run that has the secrets of this repository');
    expect(github.calls).toEqual([]);
    execFileSync('git', ['-C', folder, 'checkout', '--quiet', 'main']);
    const ofBase = await check({ from: 'mallory/app', commit: base, env, inputs: { environment: 'staging' } });
    expectEnding(ofBase, { verdict: 'checked' });
    expect(warningsOf(ofBase)).toEqual([expect.stringContaining('The settings of the base branch are checked, not those of the pull request.')]);
  }));
});

describe('in a terminal', () => {
  it('each problem of the settings is printed once, on the page', () => withSettings({ image: 'ghcr.io/acme/app', workloads: ['deployment/web'], timeout: 'long', smoke: ['http://app.acme.example/'] }, async (folder) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli.js'), 'pr-check'], { cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder } });
    expect([status, stdout.split('timeout: is "long"').length, stderr]).toEqual([2, 2, '']);
  }));
  it.concurrent('the text of the comment is printed', onSite('pr-cli', async ({ space, folder, github }) => {
    const home = mkdtempSync(join(tmpdir(), 'deploy-home-'));
    cpSync(space.kubeconfig, join(home, 'kubeconfig'));
    const printed = execFileSync(process.execPath, [join(root, 'dist/cli.js'), 'pr-check', '--environment', 'production', '--kubeconfig', join(home, 'kubeconfig')], {
      cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: home, DOCKER_CONFIG: environment().dockerConfig }, stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(printed).toMatch(/\n### ☑️ checked: `app` for `production`\n[^]*```diff\n[^]*\n✓ checked {2}app for production\n/);
    expect(github.calls).toEqual([]);
    rmSync(home, { recursive: true });
  }));
});
