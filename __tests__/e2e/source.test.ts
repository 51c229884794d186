import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeApi, type Any } from './harness/api.js';
import { calm, inSpace, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { environment } from './harness/environment.js';
import { closeImages } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import { registryProxy } from './harness/registry-proxy.js';
import { runAction, type ActionResult, type ActionRun } from './harness/run-action.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const { registry, builder } = environment();
const by = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.test', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.test' };
let workspace = '';
let image = '';
let count = 0;

const git = (...args: readonly string[]): string => execFileSync('git', ['-C', workspace, ...args], { encoding: 'utf8', env: { ...process.env, ...by } }).trim();
const put = (file: string, text: string): void => writeFileSync(join(workspace, file), text);

function commit(text: string): string {
  put('text', text);
  git('add', '--all');
  git('commit', '--quiet', '--message', text);
  return git('rev-parse', 'HEAD');
}

beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'source-workspace-'));
  git('init', '--quiet', '--initial-branch', 'main');
  put('Dockerfile', 'FROM scratch\nCOPY . /\n');
  put('.gitignore', 'built\n');
  count += 1;
  image = `${registry}/source-test/${Date.now()}-${count}`;
});
afterEach(() => rmSync(workspace, { recursive: true }));

const build = (sha: string, run: Partial<ActionRun> = {}): Promise<ActionResult> =>
  runAction({ action: 'build', commit: sha, workspace, ...run, inputs: { image, builder, ...run.inputs } });

/** The digest of a tag, and the annotations of its index; undefined when there is no such tag. */
async function tagged(tag: string, name = image): Promise<{ digest: string; annotations: Any } | undefined> {
  const [host = '', ...path] = name.split('/');
  const accept = 'application/vnd.oci.image.index.v1+json';
  const answer = await fetch(`http://${host}/v2/${path.join('/')}/manifests/${tag}`, { headers: { accept } });
  const body = await answer.json() as Any;
  return answer.ok ? { digest: answer.headers.get('docker-content-digest') ?? '', annotations: body.annotations } : undefined;
}
const digestOf = async (tag: string): Promise<string | undefined> => (await tagged(tag))?.digest;

describe('another commit than the event\'s is checked out', () => {
  it('it is what tag, label and report name; the other\'s image and `latest` stay', async () => {
    const a = commit('a');
    const first = await build(a);
    expectEnding(first, { verdict: 'built' });
    expect(await digestOf(a)).toBe(first.outputs.digest);
    expect(await digestOf('latest')).toBe(first.outputs.digest);

    git('checkout', '--quiet', '--detach');
    const b = commit('b');
    const dispatch = { env: { GITHUB_EVENT_NAME: 'workflow_dispatch' } };
    const second = await build(a, dispatch);
    expectEnding(second, { verdict: 'built' });
    expect(await tagged(b)).toMatchObject({ digest: second.outputs.digest, annotations: { 'org.opencontainers.image.revision': b } });
    expect([await digestOf(a), await digestOf('latest')]).toEqual([first.outputs.digest, first.outputs.digest]);
    expect(second.report.commit).toBe(b);
    expect(second.log).toContain(`The checked-out commit ${b} is built. Tag, labels and record name it, not ${a}`);
    expect(second.log).toContain('`latest` is not moved');

    for (const dryRun of ['true', 'false']) {
      const refused = await build(a, { ...dispatch, inputs: { tags: a, 'dry-run': dryRun } });
      expectEnding(refused, { verdict: 'failed', cause: 'push-failed', stage: 'preflight' });
      expectTold(refused, `:${a} is the image of commit ${a} (${first.outputs.digest}). This run builds commit ${b}, and the tag of a commit is never moved.`);
    }
    expect(await digestOf(a)).toBe(first.outputs.digest);
  });

  it('uncommitted changes are no commit, and are called so', async () => {
    const a = commit('a');
    put('text', 'changed');
    const result = await build(a);
    expectEnding(result, { verdict: 'built' });
    expectTold(result, 'Tracked files have uncommitted changes (text)');
    expect(result.report.commit).toMatch(new RegExp(`^${a}-dirty-[0-9a-f]{12}$`));
    expect(await digestOf(result.report.commit)).toBe(result.outputs.digest);
    expect([await digestOf(a), await digestOf('latest')]).toEqual([undefined, undefined]);
  });
});

describe('a commit that has an image', () => {
  it('is not built again, and its tag does not move', async () => {
    const a = commit('a');
    mkdirSync(join(workspace, 'built'));
    put('built/app', 'first');
    const first = await build(a);
    put('built/app', 'second');
    const plan = await build(a, { inputs: { 'dry-run': 'true' } });
    expectTold(plan, `use \`${image}:${a}\` (\`${first.outputs.digest}\`)`);
    const second = await build(a);
    expectEnding(second, { verdict: 'built' });
    expect(second.outputs).toMatchObject({ digest: first.outputs.digest, reference: first.outputs.reference });
    expect([await digestOf(a), await digestOf('latest')]).toEqual([first.outputs.digest, first.outputs.digest]);
    expect(second.log).toContain(`${image}:${a} already exists for commit ${a} `);
    expect(second.log).not.toContain('docker buildx build --progress');
  });

  it('is built anew with other build arguments, beside the first', async () => {
    put('Dockerfile', 'FROM scratch\nARG URL\nLABEL url=$URL\nCOPY text /\n');
    const a = commit('a');
    const first = await build(a, { inputs: { 'build-args': 'URL=staging' } });
    const second = await build(a, { inputs: { 'build-args': 'URL=production' } });
    expect(second.outputs.digest).not.toBe(first.outputs.digest);
    expect([await digestOf(a), await digestOf('latest')]).toEqual([first.outputs.digest, second.outputs.digest]);
    expect((await build(a, { inputs: { 'build-args': 'URL=production' } })).outputs.digest).toBe(second.outputs.digest);
  });

  it('a scheduled run builds it anew, knows the default branch without a word of it in the event, and moves `latest`', async () => {
    const a = commit('a');
    const nightly = (id: string) => build(a, { event: { schedule: '0 3 * * *' }, env: { GITHUB_EVENT_NAME: 'schedule', GITHUB_RUN_ID: id } });
    const first = await nightly('1');
    expectEnding(first, { verdict: 'built' });
    expect([await digestOf(a), await digestOf('latest')]).toEqual([first.outputs.digest, first.outputs.digest]);
    mkdirSync(join(workspace, 'built'));
    put('built/base', 'newer');
    const second = await nightly('2');
    expect(second.outputs.digest).not.toBe(first.outputs.digest);
    expect([await digestOf(a), await digestOf(`${a}-2`), await digestOf('latest')]).toEqual([first.outputs.digest, second.outputs.digest, second.outputs.digest]);
    expect((await nightly('2')).outputs.digest).toBe(second.outputs.digest);
  });

  it('where the default branch is not known, `latest` is not moved, with words', async () => {
    const a = commit('a');
    const result = await build(a, { event: {} });
    expectEnding(result, { verdict: 'built' });
    expect(await digestOf('latest')).toBeUndefined();
    expect(result.log).toContain('`latest` is not moved: whether main is the default branch is unknown: neither the event nor git names the default branch.');
    expect(result.log).toContain(`To move it, set \`tags\` to \`${a},latest\`.`);
  });
});

describe('a version that failed to roll out', () => {
  it('is deployed by the next run of the same commit, as the image that it is', inSpace('version', async (space) => {
    await startHealthy(space);
    const base = await variant('v2', calm);
    put('Dockerfile', `FROM ${base.reference}\nCOPY built /built\n`);
    mkdirSync(join(workspace, 'built'));
    put('built/app', 'first');
    const a = commit('a');
    const deploy = (smoke: string) => runAction({
      commit: a, workspace, env: { GITHUB_REF: 'refs/tags/v2.0.0' },
      inputs: { app: 'app', image, builder, tags: 'v2.0.0, latest', kubeconfig: space.kubeconfig, namespace: space.name, workloads: 'deployment/web:web', smoke, 'prove-first': 'false' },
    });
    const failed = await deploy('service/web/ -> 200 contains v3');
    expectEnding(failed, { verdict: 'rolled-back', cause: 'smoke-failed' });
    const pushed = await digestOf('v2.0.0');
    put('built/app', 'not repeatable to the byte');
    const again = await deploy('service/web/ -> 200 contains v2');
    expectEnding(again, { verdict: 'deployed' });
    expect(again.outputs.digest).toBe(pushed);
    expect([await digestOf('v2.0.0'), await digestOf('latest')]).toEqual([pushed, pushed]);
    expect((await ledgerOf(space)).run.commit).toBe(a);
  }));
});

describe('a registry that never moves a tag', () => {
  it.each([403, 409])('takes a commit once, its re-run and the next commit, and says that `latest` stays (%s)', async (status) => {
    const proxy = await registryProxy();
    try {
      proxy.keepTags(status);
      const inputs = { image: image.replace(registry, proxy.host) };
      const a = commit('a');
      const first = await build(a, { inputs });
      expectEnding(first, { verdict: 'built' });
      const again = await build(a, { inputs });
      expectEnding(again, { verdict: 'built' });
      expect(again.outputs.digest).toBe(first.outputs.digest);
      if (status !== 409) return;
      const b = commit('b');
      const next = await build(b, { inputs });
      expectEnding(next, { verdict: 'built' });
      expectTold(next, `latest points to ${first.outputs.digest}, and the registry did not allow it to be moved`);
      expect(await digestOf(b)).toBe(next.outputs.digest);
      expectEnding(await build(b, { inputs: { ...inputs, tags: `${b},latest` } }), { verdict: 'failed', cause: 'push-failed', stage: 'tags' });
    } finally {
      await proxy.close();
    }
  });
});

describe('a builder that lists its own platform only', () => {
  /** The real docker, whose builder knows amd64 alone, as that of a hosted runner. */
  function narrowDocker(): string {
    const folder = join(workspace, 'built');
    mkdirSync(folder, { recursive: true });
    const docker = execFileSync('bash', ['-c', 'command -v docker'], { encoding: 'utf8' }).trim();
    writeFileSync(join(folder, 'docker'), `#!/bin/bash\nif [ "$1 $2" = "buildx inspect" ]; then set -o pipefail; "${docker}" "$@" | sed -E 's/^(Platforms:).*/\\1 linux\\/amd64, linux\\/386/'; else exec "${docker}" "$@"; fi\n`);
    chmodSync(join(folder, 'docker'), 0o755);
    return folder;
  }

  it('builds for it without settings, and refuses another one with words', async () => {
    const env = { PATH: `${narrowDocker()}:${process.env.PATH}` };
    const a = commit('a');
    const result = await build(a, { env });
    expectEnding(result, { verdict: 'built' });
    const index = JSON.parse(execFileSync('docker', ['buildx', 'imagetools', 'inspect', '--raw', `${image}:${a}`], { encoding: 'utf8' }));
    expect(index.manifests.map(({ platform }: Any) => `${platform.os}/${platform.architecture}`)).toEqual(['linux/amd64', 'unknown/unknown']);
    const both = await build(a, { env, inputs: { platforms: 'linux/amd64,linux/arm64' } });
    expectEnding(both, { verdict: 'failed', cause: 'platform-unsupported', stage: 'preflight' });
    expectTold(both, 'docker/setup-qemu-action');
  });
});
