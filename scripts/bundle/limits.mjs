/** What a bundle must keep to, as every run downloads all of it and loads its index.js. */

/** Bytes of all code in dist/. */
const codeLimit = 3 * 1000 * 1000;
/** Bytes of the file that every step loads, the post step included: V8 takes about 1 ms of processor time for 30 kB. */
const startLimit = 130 * 1000;

/** @param {Iterable<readonly [string, string]>} files of dist/, by name */
export const codeBytes = (files) => [...files].filter(([name]) => name.endsWith('.js')).reduce((sum, [, text]) => sum + Buffer.byteLength(text), 0);

/**
 * @param {ReadonlyMap<string, string>} files of dist/, by name
 * @returns {readonly string[]} a sentence for each limit that the bundle does not keep
 */
export function faultsOf(files) {
  const kilobytes = (/** @type {number} */ bytes) => `${Math.round(bytes / 1000)} kB`;
  const index = files.get('bundle/index.js') ?? '';
  const [all, atStart] = [codeBytes(files), Buffer.byteLength(index)];
  return [
    ...all > codeLimit ? [`The bundle has ${kilobytes(all)}, and the limit is ${kilobytes(codeLimit)}: every run downloads it.`] : [],
    ...atStart > startLimit
      ? [`index.js has ${kilobytes(atStart)}, and the limit is ${kilobytes(startLimit)}: every step loads it. Use import() for code that few runs need.`] : [],
    // A part of @actions/core that is in use, and the client behind the part that is not.
    ...index.includes('ghadelimiter') ? [] : ['index.js does not contain the part of @actions/core that writes outputs.'],
    ...index.includes('ProxyAgent')
      ? ['index.js contains the HTTP client of @actions/core, 50 ms of processor time at each start: see `slimCore` in scripts/bundle.mjs.'] : [],
  ];
}
