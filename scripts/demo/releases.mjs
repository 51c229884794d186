/** The releases of the demo: what is changed in release.go, and how it must end. */

/**
 * @typedef {object} Release
 * @property {string} name
 * @property {string} title
 * @property {string} label for the table: a word or two
 * @property {readonly string[]} about lines for the reader
 * @property {Readonly<Record<string, string>>} constants of release.go
 * @property {{ verdict: string, cause: string }} expected
 * @property {boolean} [answersWrongly] its pods answer with an error of their own
 * @property {string} [kubectl] what `kubectl rollout status` makes of it; for a good release, when it says so is measured
 */

/** @type {readonly Release[]} */
export const releases = [
  {
    name: 'v1', title: 'the first release', label: 'v1 first', about: ['The pods of the manifest wait for an image that has not been pushed yet.'],
    constants: { version: 'v1' }, expected: { verdict: 'deployed', cause: '' },
  },
  {
    name: 'v2', title: 'a good release', label: 'v2 good', about: [],
    constants: { version: 'v2' }, expected: { verdict: 'deployed', cause: '' },
  },
  {
    name: 'v3', title: 'a release that crashes', label: 'v3 crashes', about: ['It uses the time zone Europe/Paris. The tests pass, but the image has no time zone database.'],
    constants: { version: 'v3', timezone: 'Europe/Paris' }, expected: { verdict: 'rolled-back', cause: 'crash-loop' }, kubectl: '600 s, no cause',
  },
  {
    name: 'v4', title: 'a release that starts but returns errors', label: 'v4 returns errors', about: ['It reads its greeting from a file. The tests pass, but the file is not in the image.'],
    constants: { version: 'v4', timezone: '', greetingFile: 'greeting.txt' }, expected: { verdict: 'rolled-back', cause: 'smoke-failed' },
    answersWrongly: true, kubectl: 'never: "success"',
  },
];
