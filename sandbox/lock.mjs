// One at a time. The lock is flock(2)'s: the kernel lets go of it when its holder ends, however it ends,
// so there is no stale lock to recognise.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { step } from './progress.mjs';

/** @param {number} file @param {string[]} options */
async function flock(file, options) {
  const [code] = await once(spawn('flock', [...options, '3'], { stdio: ['ignore', 'ignore', 'inherit', file] }), 'exit').catch(() => {
    throw new Error('the program flock is missing: install the package util-linux');
  });
  return code === 0;
}

/** @param {string} path @param {number} file */
function sameFile(path, file) {
  try {
    return statSync(path).ino === fstatSync(file).ino;
  } catch {
    return false;
  }
}

/**
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function alone(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  for (;;) {
    const file = openSync(path, 'a', 0o644);
    if (!await flock(file, ['--nonblock'])) {
      const holder = readFileSync(path, 'utf8').trim();
      const obtained = await step('wait', `for process ${holder}, which holds ${path}`, () => flock(file, []));
      // Ctrl-C ends flock as well.
      if (!obtained) throw new Error(`The wait for process ${holder}, which holds ${path}, was interrupted.`);
    }
    // The holder before us removed the file when it was done: what we hold is a lock on nothing.
    if (!sameFile(path, file)) {
      closeSync(file);
      continue;
    }
    writeFileSync(path, `${process.pid}\n`);
    try {
      return await work();
    } finally {
      unlinkSync(path);
      closeSync(file);
    }
  }
}
