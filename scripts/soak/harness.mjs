/** The parts of the end-to-end tests that a soak uses. */

/**
 * @typedef {typeof import('../../__tests__/e2e/harness/app.js')
 *   & typeof import('../../__tests__/e2e/harness/environment.js')
 *   & Pick<typeof import('../../__tests__/e2e/harness/namespace.js'), 'namespace'>
 *   & Pick<typeof import('../../__tests__/e2e/harness/run-action.js'), 'runAction'>
 *   & typeof import('../../__tests__/e2e/harness/images.js')
 *   & typeof import('../../__tests__/e2e/harness/load.js')
 *   & typeof import('../../__tests__/e2e/harness/moments.js')
 *   & typeof import('../../__tests__/e2e/harness/workloads.js')
 *   & typeof import('../../__tests__/e2e/harness/workspace.js')
 *   & Pick<typeof import('../../__tests__/e2e/harness/api.js'), 'closeApi'>
 *   & typeof import('../../__tests__/chaos/unplayable.js')
 *   & Pick<typeof import('../../__tests__/chaos/random.js'), 'choices'>} Harness
 */

const modules = ['app', 'environment', 'namespace', 'run-action', 'images', 'load', 'moments', 'workloads', 'workspace', 'api'];

/**
 * @param {import('../live/stage.mjs').Stage} stage
 * @returns {Promise<Harness>}
 */
export async function loadHarness(stage) {
  const paths = [...modules.map((name) => `__tests__/e2e/harness/${name}.js`), '__tests__/chaos/random.js', '__tests__/chaos/unplayable.js'];
  return Object.assign({}, ...await Promise.all(paths.map((path) => stage.load(path))));
}
