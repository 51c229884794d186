/** What the demo shows: a few short lines for each release, out of the log of the action. */
import process from 'node:process';

const colour = process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
/** @param {number} code */
const paint = (code) => (/** @type {string} */ text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = paint(1);
export const grey = paint(90);
export const green = paint(32);
export const red = paint(31);

/** @param {number | undefined} ms */
export const seconds = (ms) => (ms === undefined ? '–' : `${(ms / 1000).toFixed(1)} s`);

/** @param {string} text */
export const say = (text = '') => { process.stdout.write(`${text}\n`); };

/**
 * One line of what happens, with the time since the release began.
 *
 * @param {number} atMs
 * @param {string} stage
 * @param {string} text
 */
export const happen = (atMs, stage, text) => say(`  ${grey(seconds(atMs).padStart(7))}  ${stage.padEnd(8)}  ${text}`);

const margin = ' '.repeat(21);

/**
 * More words about what happened, below it: as many lines as they take.
 *
 * @param {string} text
 */
export const explain = (text) => say(text.replaceAll(/(?<line>.{1,84}\S*)(?:\s+|$)/g, (_, line) => `${margin}${grey(line)}\n`).trimEnd());

/**
 * @typedef {(line: string) => { stage: string, text: string } | undefined} Narrator
 */

/**
 * Picks from the log of the action what a person follows a release by: its commands, and each step forward. Long names
 * are shortened; the log file has all of it.
 *
 * @returns {Narrator}
 */
export function narrator() {
  const told = new Set();
  return (line) => {
    const event = eventOf(line);
    if (!event) return undefined;
    // 1/3 ready · one pod pulls, 1/3 ready · the same pod starts: one of these is enough, unless it is bad news.
    const key = `${event.stage} ${/crash|fail|error|back-off/i.test(event.text) ? event.text : event.text.split(' · ')[0]}`;
    if (told.has(key)) return undefined;
    told.add(key);
    return event;
  };
}

/** @param {string} line */
function eventOf(line) {
  const command = /^\[command\](kubectl .*)$/.exec(line)?.[1];
  if (command) return { stage: 'rollout', text: `$ ${short(command)}` };
  if (/^\[command\]docker buildx build/.test(line)) return { stage: 'build', text: 'docker buildx build, two platforms, pushed' };
  if (line === '::group::test') return { stage: 'test', text: 'go test, and a binary for each platform' };
  if (/^ok\s+example\.com\/hello/.test(line)) return { stage: 'test', text: 'go test: ok' };
  const progress = /^(rollout|rollback|smoke) {2,}(\S(?:.*\S)?) {2,}(\S.*)$/.exec(line);
  if (!progress) return undefined;
  const [, stage = '', subject = '', state = ''] = progress;
  if (state === 'waiting for the controller') return undefined;
  return { stage, text: stage === 'smoke' ? `${subject.trim()}: ${state}` : state };
}

/**
 * Shas are shown by their first 7 signs, and images without their registry.
 *
 * @param {string} text
 */
const short = (text) => text
  .replace(/ --namespace=\S+/, '')
  .replace(/[\w.:-]+\/(?:[\w.-]+\/)*([\w.-]+):([0-9a-f]{7})[0-9a-f]{33}@sha256:([0-9a-f]{7})[0-9a-f]{57}/g, '$1:$2@sha256:$3');

/**
 * A table with a line under its head; columns named in `right` are aligned to the right.
 *
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 * @param {ReadonlySet<string>} right
 */
export function table(head, rows, right = new Set()) {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  /** @param {readonly string[]} row */
  const line = (row) => row.map((cell, column) => (right.has(head[column] ?? '') ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  ').trimEnd();
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
