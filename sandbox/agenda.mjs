// The steps of starting the sandbox, with the seconds that each item took on two idle cores. Every line of
// progress names its item and estimates what is left of the whole.

/** @typedef {{ name: string, title: string, seconds: number, compiles: boolean, about: string }} Item */
/** @typedef {{ items: Item[], at: number, fraction: number, compiledMs: number, itemBegan: number, began: number }} Agenda */

/** A root process that sudo starts for one item reads the agenda from here. */
export const handedOver = 'ACCI_SANDBOX_AGENDA';

/** @type {Agenda | undefined} */
let agenda = read(process.env[handedOver]);

/** @param {string | undefined} text @returns {Agenda | undefined} */
function read(text) {
  return text ? JSON.parse(text) : undefined;
}

/** For the environment of the process that does the next item as root. */
export const handOver = () => (agenda ? `${handedOver}=${JSON.stringify(agenda)}` : undefined);

/**
 * How long the rest takes. Compiling is measured against what has been compiled so far: it depends on the processors
 * and on who else uses them. What else there is does not depend on them.
 * @param {readonly Item[]} items
 * @param {number} at index of the item that is being done
 * @param {number} fraction of it that is done, from 0 to 1
 * @param {number} compiled seconds spent on compiling so far
 */
export function secondsLeft(items, at, fraction, compiled) {
  const done = (/** @type {number} */ index) => (index < at ? 1 : index === at ? fraction : 0);
  const compiling = (/** @type {(index: number) => number} */ share) =>
    items.reduce((sum, item, index) => sum + (item.compiles ? share(index) * item.seconds : 0), 0);
  // Counted as if a tenth had been compiled at the pace of two idle cores: the first packages say little.
  const assumed = compiling(() => 0.1);
  const pace = (compiled + assumed) / (compiling(done) + assumed) || 1;
  return items.reduce((sum, item, index) => sum + (1 - done(index)) * item.seconds * (item.compiles ? pace : 1), 0);
}

/** @param {number} seconds */
export function roughly(seconds) {
  return seconds <= 90 ? `about ${Math.max(1, Math.ceil(seconds / 10)) * 10} s` : `about ${Math.ceil(seconds / 60)} min`;
}

export const isPlanned = () => agenda !== undefined;

/** Sets what is to be done. @param {Item[]} items @returns {string} lines that say so */
export function announce(items) {
  agenda = { items, at: -1, fraction: 0, compiledMs: 0, itemBegan: 0, began: Date.now() };
  const lines = items.map(({ title, seconds, compiles, about }, index) => `  ${index + 1}. ${title}: ${about} (${roughly(seconds)}${compiles ? ' on two idle cores' : ''})`);
  return [`First start: ${items.length === 1 ? '1 step' : `${items.length} steps`}, ${roughly(secondsLeft(items, 0, 0, 0))}. Later starts take about 10 s.`, ...lines].join('\n');
}

/**
 * Runs an item of the agenda.
 * @template T @param {string} name @param {() => Promise<T>} work
 */
export async function item(name, work) {
  const at = agenda?.items.findIndex((each) => each.name === name) ?? -1;
  if (!agenda || at < 0) return work();
  Object.assign(agenda, { at, fraction: 0, itemBegan: Date.now() });
  const result = await work();
  if (agenda.items[at]?.compiles) agenda.compiledMs += Date.now() - agenda.itemBegan;
  Object.assign(agenda, { at: at + 1, fraction: 0, itemBegan: Date.now() });
  return result;
}

/** @param {number} value how much of the current item is done, from 0 to 1 */
export function advance(value) {
  if (agenda) agenda.fraction = value;
}

/** `[2/6] `, where there is more than one thing to do. */
export function place() {
  if (!agenda || agenda.items.length < 2 || !agenda.items[agenda.at]) return '';
  return `[${agenda.at + 1}/${agenda.items.length}] `;
}

/** ` (about 4 min left)`; nothing without an agenda. */
export function left() {
  const current = agenda?.items[agenda.at];
  if (!agenda || !current) return '';
  const passed = Date.now() - agenda.itemBegan;
  // Of what does not report how far it is, the time says it; it is not done before it is done.
  const fraction = current.compiles ? agenda.fraction : Math.min(0.9, passed / 1000 / current.seconds);
  return ` (${roughly(secondsLeft(agenda.items, agenda.at, fraction, (agenda.compiledMs + (current.compiles ? passed : 0)) / 1000))} left)`;
}

/** ms since the whole began, if it is more than one thing. */
export const sinceBegin = () => (agenda && agenda.items.length > 1 ? Date.now() - agenda.began : undefined);
