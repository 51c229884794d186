import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from '@swc/core';

/** Rooms of the source that hold tables, with the rooms that these import. */
const rooms = ['outcome', 'ports', 'config', 'report', 'kubernetes/judge', 'policy'];

/**
 * The modules that files are made from, translated to JavaScript on the way.
 *
 * @param {string} root of the repository
 */
export async function loadSource(root) {
  await mkdir(join(root, 'node_modules', '.cache'), { recursive: true });
  // Inside node_modules, so that imports of packages find them.
  const folder = await mkdtemp(join(root, 'node_modules', '.cache', 'generate-'));
  try {
    for (const room of rooms) await translate(join(root, 'src', room), join(folder, room));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    /** @param {string} path */
    const load = (path) => import(pathToFileURL(join(folder, path)).href);
    const modules = await Promise.all([
      load('config/settings.js'), load('config/actions.js'), load('config/outputs.js'), load('config/setting.js'), load('config/kit/kind.js'),
      load('config/json-schema.js'), load('config/values/patience.js'), load('outcome/causes.js'), load('outcome/action.js'), load('outcome/verdict.js'),
      load('report/schema.js'), load('kubernetes/judge/pod-states.js'), load('config/values/policy-rules.js'), load('policy/rules.js'), load('policy/rule-texts.js'), load('policy/removed-apis.js'),
    ]);
    return /** @type {Source} */ (Object.assign({}, ...modules));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @typedef {typeof import('../../src/config/settings.js') & typeof import('../../src/config/actions.js')
 *   & typeof import('../../src/config/outputs.js') & typeof import('../../src/config/setting.js') & typeof import('../../src/config/kit/kind.js')
 *   & typeof import('../../src/config/json-schema.js') & typeof import('../../src/config/values/patience.js')
 *   & typeof import('../../src/outcome/causes.js') & typeof import('../../src/outcome/action.js')
 *   & typeof import('../../src/outcome/verdict.js') & typeof import('../../src/report/schema.js')
 *   & typeof import('../../src/kubernetes/judge/pod-states.js') & typeof import('../../src/config/values/policy-rules.js')
 *   & typeof import('../../src/policy/rules.js') & typeof import('../../src/policy/rule-texts.js')
 *   & typeof import('../../src/policy/removed-apis.js')} Source
 */

/**
 * Every TypeScript file of the source, by its path within the repository, sorted.
 *
 * @param {string} root of the repository
 */
export async function readSource(root) {
  const paths = (await readdir(join(root, 'src'), { recursive: true })).filter((path) => path.endsWith('.ts')).sort();
  return Promise.all(paths.map(async (path) => ({ path: `src/${path}`, text: await readFile(join(root, 'src', path), 'utf8') })));
}

/**
 * @param {string} from
 * @param {string} to
 */
async function translate(from, to) {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (entry.isDirectory()) await translate(join(from, entry.name), join(to, entry.name));
    else if (entry.name.endsWith('.ts')) {
      const { code } = await transform(await readFile(join(from, entry.name), 'utf8'), {
        swcrc: false, jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' },
      });
      await writeFile(join(to, entry.name.replace(/\.ts$/, '.js')), code);
    }
  }
}
