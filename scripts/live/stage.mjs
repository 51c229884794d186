/** The tests' own parts that act on the sandbox, for scripts: they are TypeScript, which node does not run. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transformSync } from '@swc/core';
import { root } from './sandbox.mjs';

/**
 * @typedef {object} Stage
 * @property {(path: string) => Promise<any>} load a module of the tests, by its path from the root, with `.js`
 * @property {() => void} remove
 */

/**
 * A copy of the tested code and of the tests, so neither changes during the run; the tests are translated to
 * JavaScript on the way.
 *
 * @returns {Stage}
 */
export function setStage() {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  // Inside node_modules, so that imports of packages find them.
  const stage = mkdtempSync(join(cache, 'stage-'));
  for (const part of ['dist', 'docs/rbac.yaml', 'action.yml', 'rollout/action.yml', 'rollback/action.yml', 'build/action.yml', 'backup/action.yml', 'restore/action.yml', '__tests__/e2e/app']) {
    mkdirSync(dirname(join(stage, part)), { recursive: true });
    cpSync(join(root, part), join(stage, part), { recursive: true });
  }
  for (const part of ['__tests__/chaos', '__tests__/e2e/harness']) translate(join(root, part), join(stage, part));
  // What the harness of databases starts; its own files find their neighbours by their real path.
  symlinkSync(join(root, 'sandbox'), join(stage, 'sandbox'));
  writeFileSync(join(stage, 'package.json'), '{ "type": "module" }');
  return { load: (path) => import(pathToFileURL(join(stage, path)).href), remove: () => rmSync(stage, { recursive: true, force: true }) };
}

/** @param {string} from @param {string} to */
function translate(from, to) {
  mkdirSync(to, { recursive: true });
  const folders = readdirSync(from, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of folders) translate(join(from, name), join(to, name));
  for (const file of readdirSync(from).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))) {
    const { code } = transformSync(readFileSync(join(from, file), 'utf8'), {
      swcrc: false, configFile: false, module: { type: 'es6' }, jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    });
    writeFileSync(join(to, file.replace(/\.ts$/, '.js')), code);
  }
}
