// Folders of the cache that are made of packages: the root of a file system, and programs of it for this machine.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { command } from './command.mjs';
import { cache } from './layout.mjs';
import { Unfit } from './machine.mjs';

const env = { ...process.env, LC_ALL: 'C' };

/**
 * Makes a folder of the cache, unless it is there. It is moved into place at once: an interrupted one leaves nothing that
 * looks whole. Only one process does so at a time: the caller has a lock.
 *
 * @param {string} folder
 * @param {(unfinished: string) => Promise<void>} make
 */
export async function madeFolder(folder, make) {
  if (existsSync(folder)) return;
  mkdirSync(cache, { recursive: true });
  // Not with a dot in front: a build removes those.
  const prefix = `unfinished-${basename(folder)}-`;
  for (const entry of readdirSync(cache)) if (entry.startsWith(prefix)) rmSync(join(cache, entry), { recursive: true, force: true });
  const unfinished = mkdtempSync(join(cache, prefix));
  // Whoever a container runs as reads what is created here.
  const umask = process.umask(0o022);
  try {
    await make(unfinished);
    chmodSync(unfinished, 0o755);
    renameSync(unfinished, folder);
  } finally {
    process.umask(umask);
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Identifies what is made from files and values. @param {...(string | object)} parts paths that start with `/`, or values */
export function stampOf(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(typeof part === 'string' && part.startsWith('/') ? readFileSync(part) : JSON.stringify(part)).update('\0');
  return hash.digest('hex').slice(0, 12);
}

/** Documentation and the like, which no program reads. */
const unread = ['doc', 'man', 'info', 'locale', 'lintian', 'bash-completion', 'gdb'].map((name) => `./usr/share/${name}`);

/**
 * Unpacks archives into an empty folder, which then is the root of a file system: with /bin and /lib as links into /usr,
 * as on every current system. Their scripts do not run.
 *
 * @param {readonly string[]} archives
 * @param {string} root
 * @param {readonly string[]} [leftOut] patterns of tar
 */
export async function unpackRoot(archives, root, leftOut = []) {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(root, name));
  }
  // dpkg-deb --extract would replace these links with folders.
  const script = 'archive=$1; shift; dpkg-deb --fsys-tarfile "$archive" | tar --extract --preserve-permissions --keep-directory-symlink "$@"';
  const excluded = [...unread, ...leftOut].map((pattern) => `--exclude=${pattern}`);
  for (const archive of archives) await command('bash', ['-o', 'pipefail', '-c', script, 'bash', archive, '--directory', root, ...excluded], { env });
}

/** Names of the libraries of libc: of those, every machine has its own, which belong together. @param {readonly string[]} archives */
async function librariesOfLibc(archives) {
  const archive = archives.find((each) => /\/libc6_[^/]*$/.test(each));
  if (!archive) throw new Unfit('apt-get has not downloaded libc6.');
  const list = await command('dpkg-deb', ['--contents', archive]);
  return new Set([...list.matchAll(/\/([^/\s]+\.so[^/\s]*)(?=\n| -> )/g)].map(([, file]) => file));
}

/**
 * Programs of the tree for this machine, which are started with the libraries of the tree: the folder `bin` is for PATH,
 * and can be moved with its parent.
 *
 * @param {string} folder with the tree in `root`
 * @param {readonly string[]} programs paths below `root`
 * @param {readonly string[]} archives of which the tree was unpacked
 */
export async function linkPrograms(folder, programs, archives) {
  const [bin, libraries, ofLibc] = [join(folder, 'bin'), join(folder, 'libraries'), await librariesOfLibc(archives)];
  for (const path of [bin, libraries]) mkdirSync(path);
  const lib = readdirSync(join(folder, 'root/usr/lib')).find((name) => name.endsWith('-linux-gnu')) ?? '';
  const files = readdirSync(join(folder, 'root/usr/lib', lib)).filter((file) => /\.so(?:\.|$)/.test(file) && !ofLibc.has(file));
  for (const file of files) symlinkSync(`../root/usr/lib/${lib}/${file}`, join(libraries, file));
  for (const program of programs) {
    const script = `#!/bin/sh\nhere=\${0%/*}/..\nLD_LIBRARY_PATH=$here/libraries exec "$here/root/${program}" "$@"\n`;
    writeFileSync(join(bin, basename(program)), script, { mode: 0o755 });
  }
}
