import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFiles } from '../../src/host/files.js';
import { createProcessRunner } from '../../src/host/process.js';
import { addressOf, readSource } from '../../src/image/source.js';
import { CommandError } from '../../src/outcome/errors.js';
import type { Ports } from '../../src/ports/ports.js';
import type { RunFacts } from '../../src/ports/run-facts.js';

const identity = {
  GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.test', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.test',
  GIT_AUTHOR_DATE: '1700000000 +0000', GIT_COMMITTER_DATE: '1700000000 +0000',
};
let folder = '';
let repository = '';

const git = (...args: readonly string[]): string =>
  execFileSync('git', ['-C', repository, '-c', 'protocol.file.allow=always', ...args], {
    encoding: 'utf8', env: { ...process.env, ...identity }, stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

/** Commits a file, and gives the sha. */
function commit(file: string, text: string): string {
  writeFileSync(join(repository, file), text);
  git('add', '--all');
  git('commit', '--quiet', '--message', text);
  return git('rev-parse', 'HEAD');
}

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'source-')));
  repository = join(folder, 'repository');
  mkdirSync(join(repository, 'services/api'), { recursive: true });
  git('init', '--quiet', '--initial-branch', 'main');
});
afterEach(() => rmSync(folder, { recursive: true }));

const processes = createProcessRunner();
const runner = { GITHUB_ACTIONS: 'true', GITHUB_SERVER_URL: 'https://github.com', GITHUB_REF: 'refs/heads/main' };
const portsWith = (env: Record<string, string>, more: Partial<Ports> = {}): Pick<Ports, 'process' | 'files' | 'env' | 'cancelled'> =>
  ({ process: processes, files: createFiles(folder), env: { ...runner, ...env }, cancelled: new AbortController().signal, ...more });
const onMain = (sha: string | undefined, more: Partial<RunFacts> = {}): RunFacts => ({ commit: sha, branch: 'main', defaultBranch: 'main', repository: 'acme/api', ...more });
const read = (facts: RunFacts, context = repository, more: Partial<Ports> = {}) => readSource(portsWith({ GITHUB_SHA: facts.commit ?? '' }, more), facts, { context });

describe('the source of an image', () => {
  it('is the commit that is checked out, which is the event\'s', async () => {
    const a = commit('file', 'a');
    expect(await read(onMain(a))).toEqual({
      source: { revision: a, committedAt: 1_700_000_000, url: 'https://github.com/acme/api' }, onDefaultBranch: true, notes: [], warnings: [],
    });
  });

  it('is what is checked out, whatever the event names, and `latest` is left alone', async () => {
    const a = commit('file', 'a');
    git('checkout', '--quiet', '-b', 'hotfix');
    const b = commit('file', 'b');
    const found = await read(onMain(a), join(repository, 'services/api'));
    expect(found).toMatchObject({ source: { revision: b }, onDefaultBranch: false, latestLeftAlone: `${b} is not the commit of the event (GITHUB_SHA)`, warnings: [] });
    expect(found.notes).toEqual([
      `The checked-out commit ${b} is built. Tag, labels and record name it, not ${a}, which is the commit of the event (GITHUB_SHA).`,
    ]);
  });

  it('is known of a detached HEAD, a shallow clone and a worktree', async () => {
    commit('file', 'a');
    const b = commit('file', 'b');
    const [clone, tree] = [join(folder, 'clone'), join(folder, 'tree')];
    git('clone', '--quiet', '--depth', '1', `file://${repository}`, clone);
    execFileSync('git', ['-C', clone, 'checkout', '--quiet', '--detach']);
    git('worktree', 'add', '--quiet', '--detach', tree);
    for (const context of [clone, tree]) {
      expect(await read(onMain(b), context)).toMatchObject({ source: { revision: b, committedAt: 1_700_000_000 }, onDefaultBranch: true });
    }
  });

  it('is the superproject\'s commit for a submodule, as that pins it', async () => {
    commit('file', 'a');
    const library = repository;
    repository = join(folder, 'super');
    mkdirSync(repository);
    git('init', '--quiet', '--initial-branch', 'main');
    git('submodule', '--quiet', 'add', library, 'library');
    const pinned = commit('file', 'super');
    expect(await read(onMain(pinned), join(repository, 'library'))).toMatchObject({ source: { revision: pinned }, onDefaultBranch: true, notes: [] });
    writeFileSync(join(repository, 'library/file'), 'changed');
    expect(await read(onMain(pinned), join(repository, 'library'))).toMatchObject({ warnings: [expect.stringContaining('(library)')] });
  });

  it('has a name of its own while tracked files are changed: the same for the same changes', async () => {
    const a = commit('services/api/file', 'a');
    writeFileSync(join(repository, 'services/api/file'), 'changed');
    const first = await read(onMain(a));
    expect(first).toMatchObject({
      source: { revision: expect.stringMatching(new RegExp(`^${a}-dirty-[0-9a-f]{12}$`)) }, onDefaultBranch: false, latestLeftAlone: 'there are uncommitted changes',
      warnings: [expect.stringMatching(/^Tracked files have uncommitted changes \(services\/api\/file\), so the image does not match the commit\. It is named \w+-dirty-\w+\.$/)],
    });
    expect((await read(onMain(a))).source).toEqual(first.source);
    git('add', '--all');
    expect((await read(onMain(a))).source).toEqual(first.source);
    writeFileSync(join(repository, 'services/api/file'), 'changed again');
    expect((await read(onMain(a))).source?.revision).not.toBe(first.source?.revision);
  });

  it('is not touched by what is not tracked, or lies outside of the context and is not the Dockerfile', async () => {
    mkdirSync(join(repository, 'docker'));
    commit('docker/Dockerfile', 'FROM scratch');
    commit('services/api/file', 'a');
    const a = commit('README', 'a');
    writeFileSync(join(repository, 'services/api/new'), 'not tracked');
    writeFileSync(join(repository, 'README'), 'changed');
    const context = join(repository, 'services/api');
    expect(await read(onMain(a), context)).toMatchObject({ source: { revision: a }, warnings: [] });
    const dockerfile = join(repository, 'docker/Dockerfile');
    writeFileSync(dockerfile, 'FROM other');
    expect(await readSource(portsWith({ GITHUB_SHA: a }), onMain(a), { context, dockerfile })).toMatchObject({ warnings: [expect.stringContaining('docker/Dockerfile')] });
  });

  it('is what the event says where there is no repository, or none with a commit', async () => {
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    const cwd = process.cwd();
    process.chdir(outside);
    try {
      const known = { source: { revision: 'a'.repeat(40), url: 'https://github.com/acme/api' }, onDefaultBranch: true, notes: [], warnings: [] };
      expect(await read(onMain('a'.repeat(40)), outside)).toEqual(known);
      expect(await read(onMain('a'.repeat(40)), repository)).toEqual(known);
      expect(await read(onMain('a'.repeat(40)), join(folder, 'not-there'))).toEqual(known);
    } finally {
      process.chdir(cwd);
    }
  });

  it('is what the run is in, for a context outside of every repository', async () => {
    const a = commit('file', 'a');
    const cwd = process.cwd();
    process.chdir(repository);
    try {
      expect(await read(onMain('b'.repeat(40)), folder)).toMatchObject({ source: { revision: a }, onDefaultBranch: false });
    } finally {
      process.chdir(cwd);
    }
  });

  it('is read also when the checkout belongs to another user, on the runner', async () => {
    const a = commit('file', 'a');
    if (process.getuid?.() !== 0) return;
    chmodSync(folder, 0o755);
    chownSync(repository, 65_534, 65_534);
    expect(await read(onMain('b'.repeat(40)))).toMatchObject({ source: { revision: a } });
    const terminal = await readSource({ ...portsWith({}), env: { GITHUB_REF: 'refs/heads/main' } }, { branch: 'main', defaultBranch: 'main' }, { context: repository });
    expect(terminal).toMatchObject({ source: undefined, unreadable: expect.stringMatching(/detected dubious ownership.*safe\.directory/) });
  });

  it('that git cannot read is said, and the event\'s taken', async () => {
    const a = commit('file', 'a');
    writeFileSync(join(repository, '.git/config'), '[broken');
    expect(await read(onMain(a))).toMatchObject({
      source: { revision: a }, onDefaultBranch: false, latestLeftAlone: 'the commit that is built is unknown',
      warnings: [expect.stringMatching(/^Git cannot read the repository of the context: bad config line .* it is unknown whether that commit is built\.$/)],
    });
  });

  it('is HEAD of the files where git is not installed', async () => {
    const missing = () => Promise.reject(new CommandError('tool-missing', 'git is not installed', { cause: Object.assign(new Error('spawn'), { code: 'ENOENT' }) }));
    const without = { process: { run: missing, start: () => { throw new Error('nothing is started here'); } } };
    const a = commit('file', 'a');
    const other = onMain('b'.repeat(40));
    expect(await read(other, join(repository, 'services/api'), without)).toMatchObject({ source: { revision: a }, onDefaultBranch: false });
    git('pack-refs', '--all');
    expect(await read(other, repository, without)).toMatchObject({ source: { revision: a } });
    git('checkout', '--quiet', '--detach');
    expect(await read(other, repository, without)).toMatchObject({ source: { revision: a } });
    writeFileSync(join(repository, '.git/HEAD'), 'ref: refs/heads/none');
    expect(await read(other, repository, without)).toMatchObject({ source: { revision: other.commit }, warnings: [expect.stringContaining('Install git in an earlier step of the job.')] });
  });

  it('of a context that the builder fetches is not known', async () => {
    expect(await read(onMain('a'.repeat(40)), 'https://user:secret@github.com/acme/other.git#main')).toMatchObject({
      source: { revision: 'a'.repeat(40) }, onDefaultBranch: false,
      warnings: [expect.stringMatching(/^The context https:\/\/github\.com\/acme\/other\.git#main is fetched by the builder, so the commit that is built is unknown/)],
    });
  });

  it('names the repository that it was cloned from, when it is not the event\'s', async () => {
    commit('file', 'a');
    git('remote', 'add', 'origin', 'https://x-access-token:secret@github.com/acme/other.git');
    expect((await read(onMain('b'.repeat(40)))).source?.url).toBe('https://github.com/acme/other');
  });
});

describe('`latest`', () => {
  it.each<[string, Partial<RunFacts>, Record<string, string>, boolean, RegExp | undefined]>([
    ['moves on the default branch', {}, {}, true, undefined],
    ['stays on another branch, which needs no words', { branch: 'feature' }, { GITHUB_REF: 'refs/heads/feature' }, false, undefined],
    ['stays for a tag, which needs no words', { branch: undefined }, { GITHUB_REF: 'refs/tags/v1' }, false, undefined],
    ['stays where the default branch is not known', { defaultBranch: undefined }, {}, false, /^whether main is the default branch is unknown/],
    ['stays where the branch is not known', { branch: undefined }, { GITHUB_REF: '' }, false, /^the branch of this run is unknown$/],
  ])('%s', async (_what, facts, env, moves, why) => {
    const a = commit('file', 'a');
    const found = await readSource(portsWith({ GITHUB_SHA: a, ...env }), onMain(a, facts), { context: repository });
    expect(found.onDefaultBranch).toBe(moves);
    expect(found.latestLeftAlone).toEqual(why === undefined ? undefined : expect.stringMatching(why));
  });

  it('moves where git alone knows the default branch', async () => {
    const a = commit('file', 'a');
    const clone = join(folder, 'clone');
    git('clone', '--quiet', repository, clone);
    expect(await read(onMain(a, { defaultBranch: undefined }), clone)).toMatchObject({ onDefaultBranch: true });
  });
});

describe('the address of a repository', () => {
  it.each([
    ['git@github.com:acme/api.git', 'https://github.com/acme/api'],
    ['https://user:secret@github.com/acme/api.git', 'https://github.com/acme/api'],
    ['ssh://git@git.example:2222/acme/api', 'https://git.example/acme/api'],
    ['/srv/git/api.git', undefined], ['file:///srv/api', undefined], [undefined, undefined],
  ])('of %s is %s', (remote, address) => {
    expect(addressOf(remote)).toBe(address);
  });
});
