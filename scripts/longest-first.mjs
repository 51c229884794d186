/**
 * The order in which jest runs test files: those first that take longest, so no worker is left with one of them in the
 * end. Files with long times to wait for, and little work, are started first: meanwhile the other worker can use the machine.
 */
import { statSync } from 'node:fs';
import { basename } from 'node:path';

/** What the size of a file does not show: minutes of waiting, or many runs in few lines. */
const longest = [
  'causes-patient.test.ts', 'rights.test.ts', 'chaos.test.ts', 'workflows.test.ts', 'migrate.test.ts', 'data-postgres.test.ts', 'backup.test.ts', 'data-workflows.test.ts',
];

/** @typedef {{ path: string }} Test */

export default class LongestFirst {
  /**
   * @template {Test} T
   * @param {readonly T[]} tests
   * @returns {T[]}
   */
  sort(tests) {
    const rank = (/** @type {string} */ path) => {
      const place = path.includes('/e2e/') ? longest.indexOf(basename(path)) : -1;
      return place < 0 ? longest.length : place;
    };
    const ranked = tests.map((test) => ({ test, rank: rank(test.path), size: statSync(test.path).size }));
    return ranked.sort((a, b) => a.rank - b.rank || b.size - a.size).map(({ test }) => test);
  }

  /**
   * @template {Test} T
   * @param {readonly T[]} tests
   * @param {{ shardIndex: number, shardCount: number }} shard
   */
  shard(tests, { shardIndex, shardCount }) {
    return this.sort(tests).filter((_, index) => index % shardCount === shardIndex - 1);
  }

  /** Failed tests are not preferred, and no times are kept. @param {readonly Test[]} tests */
  allFailedTests(tests) {
    return this.sort(tests);
  }

  cacheResults() {}
}
