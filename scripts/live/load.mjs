/**
 * A load generator in its own process, so nothing else can delay it: requests at an even rate, each with a new
 * connection, whatever the answers are. `node load.mjs HOST PER_SECOND`, started by `fork`: a message with a word in it
 * opens a new account under this name, `stop` ends the load, and the answer to that is all accounts.
 */
import { request } from 'node:http';
import process from 'node:process';

/**
 * @typedef {object} Account
 * @property {string} name
 * @property {number} sent
 * @property {Record<string, number>} answers `200 hello v1` → how often
 * @property {Record<string, number>} errors `ECONNREFUSED` → how often
 */

const timeoutMs = 3000;
const [host = '', perSecond = '50'] = process.argv.slice(2);

/** @type {Account[]} */
const accounts = [];
/** @type {Set<Promise<void>>} */
const open = new Set();

/** @param {string} name */
const openAccount = (name) => accounts.push({ name, sent: 0, answers: {}, errors: {} });

/** @returns {Promise<string>} status and first line of the answer */
function ask() {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host, port: 80, path: '/', agent: false, timeout: timeoutMs }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (part) => { body += part; });
      answer.on('error', reject);
      answer.on('end', () => resolve(`${answer.statusCode} ${body.split('\n')[0]}`));
    });
    outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('no answer'), { code: `no answer in ${timeoutMs / 1000} s` })));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function send() {
  // A request belongs to the account that was open when it was sent, whenever its answer comes.
  const account = accounts.at(-1);
  if (!account) return;
  account.sent += 1;
  /** @param {Record<string, number>} counts @param {string} key */
  const count = (counts, key) => { counts[key] = (counts[key] ?? 0) + 1; };
  const done = ask()
    .then((answer) => count(account.answers, answer), (error) => count(account.errors, error.code ?? error.message))
    .finally(() => open.delete(done));
  open.add(done);
}

const begun = performance.now();
let sent = 0;
const timer = setInterval(() => {
  // A timer that comes late catches up, at most a second of it.
  const due = Math.min(((performance.now() - begun) * Number(perSecond)) / 1000, sent + Number(perSecond));
  for (; sent < due; sent += 1) send();
}, 1000 / Number(perSecond));

async function stop() {
  clearInterval(timer);
  await Promise.all(open);
  process.send?.(accounts, () => process.disconnect());
}

process.on('message', (/** @type {{ open?: string, stop?: true }} */ message) => {
  if (message.open !== undefined) openAccount(message.open);
  if (message.stop) void stop();
});
// Exit when the parent process is gone.
process.on('disconnect', () => process.exit());
// Ctrl-C is sent to every process of the terminal; the parent process ends this one.
process.on('SIGINT', () => undefined);
