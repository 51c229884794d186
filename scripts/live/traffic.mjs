/** The load generator, from the demo's side, and what its accounts mean. */
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
      child.on('exit', (code) => reject(new Error(`The load generator ended with code ${code} and told nothing.`)));
      child.send({ stop: true });
    }),
    kill: () => { child.kill('SIGKILL'); },
  };
}

/**
 * A request is lost when nothing answered it, or something that is not the app. An answer with an error of the app
 * itself is not lost but wrong: the release that gave it is to blame, and not the way it was rolled out.
 *
 * @param {Account | undefined} account
 */
export function countTraffic(account) {
  const answers = Object.entries(account?.answers ?? {});
  /** @param {RegExp} pattern */
  const answered = (pattern) => answers.reduce((sum, [answer, count]) => (pattern.test(answer) ? sum + count : sum), 0);
  const [right, wrong] = [answered(/^200 hello v\d+$/), answered(/^500 internal server error$/)];
  const sent = account?.sent ?? 0;
  return { sent, right, wrong, lost: sent - right - wrong };
}

/**
 * `200 hello v1 ×412, ECONNREFUSED ×3`
 *
 * @param {Account} account
 */
export const describeTraffic = (account) =>
  Object.entries({ ...account.answers, ...account.errors }).map(([what, count]) => `${what} ×${count}`).join(', ');
