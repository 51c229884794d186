/** Starts the load generator and reads its results. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./load.mjs').Account} Account */

/**
 * @typedef {object} Traffic
 * @property {(name: string) => void} account requests sent from now on are counted under this name
 * @property {() => Promise<Account[]>} stop waits for the answers that are on their way
 * @property {() => void} kill
 */

/**
 * @param {string} host
 * @param {number} perSecond
 * @returns {Traffic}
 */
export function startTraffic(host, perSecond) {
  const child = fork(fileURLToPath(new URL('load.mjs', import.meta.url)), [host, String(perSecond)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return {
    account: (name) => { child.send({ open: name }); },
    stop: () => new Promise((resolve, reject) => {
      child.on('message', (accounts) => resolve(/** @type {Account[]} */ (accounts)));
      child.on('exit', (code) => reject(new Error(`The load generator exited with code ${code} and reported nothing.`)));
      child.send({ stop: true });
    }),
    kill: () => { child.kill('SIGKILL'); },
  };
}

/**
 * How many requests of the account got an answer that fits.
 *
 * @param {Account | undefined} account
 * @param {RegExp} pattern of status and first line: `200 hello v1`
 */
export const answered = (account, pattern) =>
  Object.entries(account?.answers ?? {}).reduce((sum, [answer, count]) => (pattern.test(answer) ? sum + count : sum), 0);

/**
 * `200 hello v1 ×412, ECONNREFUSED ×3`
 *
 * @param {Account} account
 */
export const describeTraffic = (account) =>
  Object.entries({ ...account.answers, ...account.errors }).map(([what, count]) => `${what} ×${count}`).join(', ');
