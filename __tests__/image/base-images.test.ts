import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFiles } from '../../src/host/files.js';
import { createProcessRunner } from '../../src/host/process.js';
import { baseImagesIn, changedBases, compareBaseImages } from '../../src/image/base-images.js';
import { commitIn, type Base } from '../../src/image/git.js';

describe('the base images of a Dockerfile', () => {
  it.each<[string, string, Readonly<Record<string, string>>]>([
    ['one', 'FROM node:20', { '#1': 'node:20' }],
    ['by the names of their stages', 'FROM --platform=$BUILDPLATFORM golang:1.25 AS build\nFROM debian as run', { build: 'golang:1.25', run: 'debian' }],
    ['not stages, and not nothing', 'FROM a AS one\nFROM One AS two\nFROM scratch', { one: 'a' }],
    ['with the defaults of arguments', 'ARG V=20 D="debian:12"\nARG W=${V}-slim\nFROM node:${W}\nFROM $D', { '#1': 'node:20-slim', '#2': 'debian:12' }],
    ['with given arguments', 'ARG GIVEN=20\nFROM node:$GIVEN', { '#1': 'node:22' }],
    ['with values for arguments that have none', 'ARG A\nFROM node:${A:-20}\nFROM node${GIVEN:+:x}\nFROM b:$A\nFROM c:$NEVER', { '#1': 'node:20', '#2': 'node', '#3': 'b:$A', '#4': 'c:$NEVER' }],
    ['arguments of a stage are not those of a FROM line', 'FROM a\nARG A=1\nFROM b:$A', { '#1': 'a', '#2': 'b:$A' }],
  ])('%s', (_, text, expected) => expect(Object.fromEntries(baseImagesIn(text, { GIVEN: '22' }))).toEqual(expected));
  it('differ by stage', () => {
    expect(changedBases(new Map([['a', '1'], ['b', '1'], ['c', '1']]), new Map([['a', '1'], ['b', '2'], ['d', '3']]))).toEqual([{ stage: 'b', old: '1', new: '2' }, { stage: 'd', new: '3' }, { stage: 'c', old: '1' }]);
  });
});

describe('compared with the base branch', () => {
  let repository = '';
  const identity = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.test', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.test' };
  const git = (...args: readonly string[]): string => execFileSync('git', ['-C', repository, '-c', 'protocol.file.allow=always', ...args], { encoding: 'utf8', env: { ...process.env, ...identity }, stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const commit = (text: string, file = 'Dockerfile'): string => {
    writeFileSync(join(repository, file), text);
    git('add', '--all');
    git('commit', '--quiet', '--message', text);
    return git('rev-parse', 'HEAD');
  };
  beforeEach(() => {
    repository = realpathSync(mkdtempSync(join(tmpdir(), 'base-')));
    git('init', '--quiet', '--initial-branch', 'main');
  });
  afterEach(() => rmSync(repository, { recursive: true }));

  const portsIn = (folder: string) => ({ process: inFolder(folder), files: createFiles(folder), env: {}, cancelled: new AbortController().signal });
  /** git runs where the test runs: every `-C` is resolved below the repository. */
  const inFolder = (folder: string) => {
    const processes = createProcessRunner();
    return { ...processes, run: (command: Parameters<typeof processes.run>[0]) => processes.run({ ...command, cwd: folder }) };
  };
  const readIn = (folder: string) => {
    const files = createFiles(folder);
    return { ...portsIn(folder), files: { ...files, readText: (path: string) => files.readText(join(folder, path)) } };
  };
  const compare = (base: Base, builds: Parameters<typeof compareBaseImages>[1] = [{ context: '.', buildArgs: {} }], folder = repository) =>
    compareBaseImages(readIn(folder), builds, base);
  const changed = [{ stage: '#1', old: 'node:20', new: 'node:22' }];

  it('of a merge commit: with its first parent', async () => {
    const base = commit('FROM node:20');
    git('checkout', '--quiet', '-b', 'topic');
    const head = commit('FROM node:22');
    git('checkout', '--quiet', 'main');
    commit('x', 'other');
    git('merge', '--quiet', '--no-ff', '--no-edit', 'topic');
    expect(await compare({ revision: base, head })).toEqual([{ dockerfile: 'Dockerfile', changes: changed }]);
    const clone = realpathSync(mkdtempSync(join(tmpdir(), 'clone-')));
    git('clone', '--quiet', '--depth', '2', `file://${repository}`, clone);
    expect(await compare({ revision: base, head }, undefined, clone)).toEqual([{ dockerfile: 'Dockerfile', changes: changed }]);
    rmSync(clone, { recursive: true });
  });
  it('of a branch: with the last common commit, not with what the base branch has become', async () => {
    commit('FROM node:20');
    git('checkout', '--quiet', '-b', 'topic');
    const head = commit('FROM node:22');
    git('checkout', '--quiet', 'main');
    const base = commit('FROM node:18');
    git('checkout', '--quiet', 'topic');
    expect(await compare({ revision: base, head })).toEqual([{ dockerfile: 'Dockerfile', changes: changed }]);
  });
  it('of a checkout without history: not, and that is said', async () => {
    const base = commit('FROM node:20');
    const head = commit('FROM node:22');
    const clone = realpathSync(mkdtempSync(join(tmpdir(), 'clone-')));
    git('clone', '--quiet', '--depth', '1', `file://${repository}`, clone);
    expect(await compare({ revision: base, head }, undefined, clone)).toEqual([{ dockerfile: 'Dockerfile', changes: [], unknown: expect.stringContaining('`fetch-depth: 2`') }]);
    rmSync(clone, { recursive: true });
  });
  it('of a new Dockerfile, of one that does not exist, and of each once', async () => {
    const base = commit('x', 'other');
    commit('FROM node:22', 'api.Dockerfile');
    const builds = ['api.Dockerfile', 'api.Dockerfile', 'none'].map((dockerfile) => ({ context: '.', dockerfile, buildArgs: {} }));
    expect(await compare({ revision: base }, builds)).toEqual([
      { dockerfile: 'api.Dockerfile', changes: [{ stage: '#1', new: 'node:22' }] }, { dockerfile: 'none', changes: [], unknown: 'The file does not exist.' },
    ]);
  });
  it('not of a context that is elsewhere', async () => {
    expect(await compare({}, [{ context: 'https://example.test/x.git', buildArgs: {} }])).toEqual([]);
  });
  it('of a folder without a repository: not', async () => {
    const empty = realpathSync(mkdtempSync(join(tmpdir(), 'empty-')));
    writeFileSync(join(empty, 'Dockerfile'), 'FROM a');
    expect(await compare({ revision: 'origin/HEAD' }, undefined, empty)).toEqual([{ dockerfile: 'Dockerfile', changes: [], unknown: 'This folder is in no git repository.' }]);
    expect(await commitIn(portsIn(empty), '.')).toBeUndefined();
    rmSync(empty, { recursive: true });
  });
  it('its commit is that of HEAD', async () => {
    const head = commit('FROM a');
    expect(await commitIn(portsIn(repository), '.')).toBe(head);
  });
});
