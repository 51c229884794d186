import { createHash } from 'node:crypto';
import { dirname, join, normalize, resolve } from 'node:path';
import { CommandError } from '../outcome/errors.js';
import { messageOf } from '../outcome/wording.js';
import type { Exited } from '../ports/process.js';
import type { Ports } from '../ports/ports.js';
import { placeWords } from '../outcome/place-words.js';

type GitPorts = Pick<Ports, 'process' | 'files' | 'env' | 'cancelled'>;

/** The state of the repository that a folder is in. */
export type Checkout =
  | {
    readonly state: 'known';
    /** The full sha of HEAD. */
    readonly head: string;
    /** Seconds since 1970; undefined when only HEAD itself could be read. */
    readonly committedAt?: number;
    /** Uncommitted changes of tracked files below the folder. */
    readonly changes?: Changes;
    /** Address that `origin` is fetched from. */
    readonly origin?: string;
    /** Branch that `origin` names as its default one. */
    readonly defaultBranch?: string;
  }
  /** The folder is in no repository, or in one without a commit. */
  | { readonly state: 'none' }
  | { readonly state: 'unreadable'; readonly reason: string; readonly hint?: string };

export interface Changes {
  /** Relative to the root of the repository. */
  readonly paths: readonly string[];
  /** The same for the same changes: 12 hex digits. */
  readonly fingerprint: string;
}

/**
 * The commit that is checked out in the repository of `folder`, and the uncommitted changes. For a submodule it is the
 * commit of the superproject, which pins that of the submodule.
 * @param also further files that belong to the folder, e.g. a Dockerfile in another folder
 */
export async function readCheckout(ports: GitPorts, folder: string, also: readonly string[] = []): Promise<Checkout> {
  const git = await openRepository(ports, folder);
  if ('state' in git) return git;
  const head = await git.run(['log', '-1', '--no-show-signature', '--format=%H %ct', 'HEAD']);
  if (head.code !== 0) return noCommit(head);
  const [sha = '', seconds] = head.stdout.trim().split(' ');
  const [changes, origin, remoteHead] = await Promise.all([
    readChanges(git, also.map((path) => resolve(ports.files.workingDirectory, path))), git.run(['config', '--get', 'remote.origin.url']), git.run(['symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD']),
  ]);
  return {
    state: 'known', head: sha, committedAt: Number(seconds),
    ...(changes && { changes }),
    ...(origin.code === 0 && { origin: origin.stdout.trim() }),
    ...(remoteHead.code === 0 && { defaultBranch: remoteHead.stdout.trim().replace(/^origin\//, '') }),
  };
}

interface Git {
  run(args: readonly string[], onLine?: (line: string) => void, folder?: string): Promise<Exited>;
}

async function openRepository(ports: GitPorts, folder: string): Promise<Git | Checkout> {
  const git = (options: readonly string[], at: string): Git => ({
    run: (args, onLine, other = at) => ports.process.run({
      program: 'git', args: ['-C', other, '-c', 'core.fsmonitor=false', ...options, ...args], onLine, signal: ports.cancelled,
      // Ignore the GIT_* variables of a calling git, e.g. in a hook; reading must not write the index.
      env: { GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_INDEX_FILE: undefined, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
    }),
  });
  const trusted: string[] = [];
  for (;;) {
    let found: Exited;
    try {
      found = await git(trusted, folder).run(['rev-parse', '--show-toplevel', '--show-superproject-working-tree']);
    } catch (error) {
      ports.cancelled.throwIfAborted();
      return isMissing(error) ? readWithoutGit(ports, folder) : { state: 'unreadable', reason: messageOf(error).replace(/\.$/, '') };
    }
    if (found.code === 0) return git(trusted, found.stdout.trim().split('\n')[1] ?? folder);
    const owned = /detected dubious ownership in repository at '(.+)'/.exec(found.stderr)?.[1];
    // In a container job the checkout belongs to the user of the runner. The job runs its code anyway, so it can be trusted.
    if (owned === undefined || trusted.length > 0 || ports.env['GITHUB_ACTIONS'] !== 'true') return unread(found.stderr, owned);
    trusted.push('-c', 'safe.directory=*');
  }
}

const isMissing = (error: unknown): boolean => error instanceof CommandError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';

function unread(stderr: string, owned: string | undefined): Checkout {
  if (/not a git repository \(or any|cannot change to|must be run in a work tree/.test(stderr)) return { state: 'none' };
  return {
    state: 'unreadable', reason: firstLine(stderr),
    hint: owned === undefined ? undefined : `Run \`git config --global --add safe.directory ${owned}\` if you trust the content of this folder.`,
  };
}

const firstLine = (text: string): string => text.trim().split('\n')[0]?.replace(/^fatal: |\.$/g, '') ?? '';

const noCommit = ({ stderr }: Exited): Checkout => (
  /does not have any commits yet|ambiguous argument 'HEAD'|unknown revision/.test(stderr) ? { state: 'none' } : { state: 'unreadable', reason: firstLine(stderr) }
);

/** @param also absolute paths */
async function readChanges(git: Git, also: readonly string[]): Promise<Changes | undefined> {
  const status = ['status', '--porcelain', '-z', '--no-renames', '--untracked-files=no', '--ignore-submodules=untracked', '--', '.'];
  const others = also.map((path) => dirname(path));
  const each = await Promise.all([git.run(status), ...others.map((folder, index) => git.run([...status.slice(0, -1), also[index] ?? ''], undefined, folder))]);
  const paths = [...new Set(each.filter(({ code }) => code === 0).flatMap(({ stdout }) => stdout.split('\0').filter(Boolean).map((entry) => entry.slice(3))))].sort();
  if (paths.length === 0) return undefined;
  const hash = createHash('sha256');
  const diff = ['diff', 'HEAD', '--no-ext-diff', '--no-textconv', '--no-renames', '--no-color', '--full-index', '--ignore-submodules=untracked', '--'];
  const add = (line: string): void => { hash.update(`${line}\n`); };
  await git.run([...diff, '.'], add);
  for (const [index, folder] of others.entries()) await git.run([...diff, also[index] ?? ''], add, folder);
  return { paths, fingerprint: hash.digest('hex').slice(0, 12) };
}

/**
 * HEAD read from the files of the repository, for a container without git. There actions/checkout may have downloaded
 * the files without `.git`; then nothing is known.
 */
async function readWithoutGit({ files }: GitPorts, folder: string): Promise<Checkout> {
  const read = (path: string): Promise<string | undefined> => files.readText(path).catch(() => undefined);
  for (let at = resolve(files.workingDirectory, folder); ; at = dirname(at)) {
    const head = (await read(join(at, '.git/HEAD')))?.trim();
    if (head !== undefined) return headOf(head, (path) => read(join(at, '.git', path)));
    if (await read(join(at, '.git'))) return notInstalled(`${join(at, '.git')} is a link to another folder`);
    if (at === dirname(at)) return { state: 'none' };
  }
}

async function headOf(head: string, read: (path: string) => Promise<string | undefined>): Promise<Checkout> {
  const ref = /^ref: (.+)$/.exec(head)?.[1];
  const packed = async (): Promise<string | undefined> => (await read('packed-refs'))?.split('\n').find((line) => line.endsWith(` ${ref}`))?.split(' ')[0];
  const sha = ref === undefined ? head : (await read(ref))?.trim() ?? await packed();
  return sha !== undefined && /^[0-9a-f]{40,64}$/.test(sha) ? { state: 'known', head: sha } : notInstalled('the commit of its HEAD cannot be read without git');
}

const notInstalled = (why: string): Checkout => ({ state: 'unreadable', reason: `git is not installed, and ${why}`, hint: placeWords().install('git') });

/** What a pull request is compared with. */
export interface Base {
  /** The commit of the base branch, as the event names it, or a name that git knows. */
  readonly revision?: string;
  /** The newest commit of the pull request. */
  readonly head?: string;
}

/** A file as it is on the base branch: without `text` if it does not exist there; or why that is not known, as a sentence. */
type FileBefore = { readonly text?: string } | { readonly unknown: string };

/** @param path relative to the working directory */
export async function fileBefore(ports: GitPorts, path: string, base: Base): Promise<FileBefore> {
  const git = await openRepository(ports, '.');
  if ('state' in git) return { unknown: git.state === 'unreadable' ? `Git cannot read the repository: ${git.reason}.` : 'This folder is in no git repository.' };
  const revision = await baseCommit(git, base);
  if (revision === undefined) {
    return { unknown: `The commit of the base branch is not in this checkout. ${placeWords().moreHistory}` };
  }
  const shown = await git.run(['cat-file', 'blob', `${revision}:./${normalize(path)}`]);
  if (shown.code === 0) return { text: shown.stdout };
  return /does not exist in|exists on disk, but not in/.test(shown.stderr) ? {} : { unknown: `Git cannot read the file of the base branch: ${firstLine(shown.stderr)}.` };
}

/**
 * The commit that the pull request is compared with: where the merge commit is checked out, its first parent; otherwise the
 * last one that both have in common, or else that of the base branch.
 */
async function baseCommit(git: Git, { revision, head }: Base): Promise<string | undefined> {
  const ask = async (...args: readonly string[]): Promise<string | undefined> => {
    const { code, stdout } = await git.run(args);
    return code === 0 ? stdout.trim() || undefined : undefined;
  };
  const [first, second] = await Promise.all([ask('rev-parse', '--verify', '--quiet', 'HEAD^1^{commit}'), ask('rev-parse', '--verify', '--quiet', 'HEAD^2')]);
  if (first !== undefined && second !== undefined && second === head) return first;
  if (revision === undefined) return undefined;
  return await ask('merge-base', 'HEAD', revision) ?? await ask('rev-parse', '--verify', '--quiet', `${revision}^{commit}`);
}

/** The full sha of HEAD of the repository that a folder is in; undefined if there is none, or git cannot read it. */
export async function commitIn(ports: GitPorts, folder: string): Promise<string | undefined> {
  const git = await openRepository(ports, folder);
  if ('state' in git) return undefined;
  const { code, stdout } = await git.run(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
  return code === 0 ? stdout.trim() : undefined;
}
