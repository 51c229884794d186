/** Makes the bundle load a part of Node when it is first used, and not when a file that imports it is loaded. */

/**
 * Parts of Node that take a millisecond of processor time or more, and that a run may do without: `crypto` 5 ms, `net` and
 * `stream` 3 ms, `fs/promises` 1 ms.
 */
const costly = ['crypto', 'fs/promises', 'net', 'stream', 'stream/promises', 'string_decoder', 'timers/promises', 'zlib'];

/**
 * Of an import the bundler makes `require` at the top, and looks a name up in what it gave at each use. So an object that
 * requires it when it is first asked for a name does the same, also for a package that knows nothing of it.
 *
 * @param {string} code a file of the bundle
 */
export const loadBuiltinsLate = (code) => code.replace(requires, (call) => `new Proxy({},{get:(at,name)=>(at.it??=${call})[name]})`);

const requires = new RegExp(`(?<![\\w$.])require\\("(?:node:)?(?:${costly.join('|')})"\\)`, 'g');
