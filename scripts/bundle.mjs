/**
 * Builds dist/: one bundle in dist/bundle/, and a few lines for each entry that call it.
 *
 *   node scripts/bundle.mjs           writes dist/
 *   node scripts/bundle.mjs --check   writes nothing; ends with 1 and names the files that are not up to date
 *
 * The same source gives the same bytes in any folder, so `--check` can compare. In five steps: swc removes the types
 * (tsc checks them elsewhere), ncc puts the modules together, swc drops what is not used, each module is marked to be
 * compiled at once, and parts of Node are made to be loaded at their first use. The names of functions and classes are kept:
 * the stack of an error says where it was, and an error what it is called. CommonJS, as Node 20 takes 3 ms of processor time
 * to start its loader of ES modules.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { minifySync, transformFileSync } from '@swc/core';
// @ts-expect-error -- it has no types
import ncc from '@vercel/ncc';
import { compileModulesAtOnce, tableName } from './bundle/eager-modules.mjs';
import { loadBuiltinsLate } from './bundle/lazy-builtins.mjs';
import { codeBytes, faultsOf } from './bundle/limits.mjs';
import { licenseTexts } from './licenses.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Compiles src/ into `folder`. @param {string} folder */
function compile(folder) {
  for (const file of readdirSync(join(root, 'src'), { recursive: true }).map(String)) {
    if (!file.endsWith('.ts')) continue;
    const { code } = transformFileSync(join(root, 'src', file), {
      swcrc: false, configFile: false, module: { type: 'es6' }, jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    });
    write(join(folder, file.replace(/\.ts$/, '.js')), code);
  }
  write(join(folder, 'package.json'), '{ "type": "module" }');
}

/**
 * Puts a copy of `@actions/core` beside the compiled code, for the bundler alone, which says what its package.json does not:
 * that loading its modules has no effect but their exports. Of 3.0.1 that is true of all eight. Without it, every step would
 * load the HTTP client behind its OIDC tokens (https://github.com/actions/toolkit/issues/1436). The random UUID around each
 * output is that of `src/host/random-id.ts`, which needs no `node:crypto`.
 *
 * @param {string} folder of the compiled code
 */
function slimCore(folder) {
  const name = '@actions/core';
  const [from, to] = [join(root, 'node_modules', name), join(folder, 'node_modules', name)];
  cpSync(from, to, { recursive: true });
  write(join(to, 'package.json'), JSON.stringify({ ...JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')), sideEffects: false }));
  const commands = join(to, 'lib', 'file-command.js');
  const [text, imported] = [readFileSync(commands, 'utf8'), "import * as crypto from 'crypto';"];
  if (!text.includes(imported)) throw new Error(`${commands} has no line ${imported}`);
  write(commands, text.replace(imported, "import * as crypto from '../../../../host/random-id.js';"));
}

/**
 * Puts a copy of `yaml` beside the compiled code that names its ES modules, of which the bundler drops what is not used, and
 * joins the rest to one. For Node the package names CommonJS, of which everything is kept: 3 ms of processor time more to
 * read a settings file.
 *
 * @param {string} folder of the compiled code
 */
function slimYaml(folder) {
  const [from, to] = [join(root, 'node_modules', 'yaml'), join(folder, 'node_modules', 'yaml')];
  cpSync(from, to, { recursive: true });
  const { name, version } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  write(join(to, 'package.json'), JSON.stringify({ name, version, type: 'module', sideEffects: false, exports: { '.': './browser/dist/index.js' } }));
}

/**
 * The same for the serializers of OpenTelemetry: of what they are packed with, a trace needs a tenth. Their files import each other
 * without extensions, so they are not named as ES modules, and recognised by what is in them.
 *
 * @param {string} folder of the compiled code
 */
function slimOpenTelemetry(folder) {
  for (const name of ['api', 'core', 'otlp-transformer']) {
    const [from, to] = [join(root, 'node_modules', '@opentelemetry', name), join(folder, 'node_modules', '@opentelemetry', name)];
    cpSync(join(from, 'build', 'esm'), to, { recursive: true });
    const { version } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
    write(join(to, 'package.json'), JSON.stringify({ name: `@opentelemetry/${name}`, version, main: './index.js', sideEffects: false }));
  }
}

/**
 * Puts a copy of `@actions/github` beside the compiled code without its own HTTP, which `src/host/github-client.ts` replaces, and
 * without its reading of the event, which fails if the file of the event is broken: 480 kB less, and half of the processor time
 * until the first request.
 *
 * @param {string} folder of the compiled code
 */
function slimGitHub(folder) {
  const name = '@actions/github';
  const [from, to] = [join(root, 'node_modules', name), join(folder, 'node_modules', name)];
  cpSync(join(from, 'lib'), join(to, 'lib'), { recursive: true });
  write(join(to, 'package.json'), JSON.stringify({ ...JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')), sideEffects: false }));
  without(join(to, 'lib', 'utils.js'), [
    "import * as Context from './context.js';\n", 'export const context = new Context.Context();\n',
    '    request: {\n        agent: Utils.getProxyAgent(baseUrl),\n        fetch: Utils.getProxyFetch(baseUrl)\n    }\n',
  ]);
  without(join(to, 'lib', 'internal', 'utils.js'), [
    "import * as httpClient from '@actions/http-client';\n", "import { fetch } from 'undici';\n",
  ]);
}

/**
 * Puts a copy of `@actions/tool-cache` beside the compiled code without its HTTP client, 350 kB: `setup` only unpacks with it.
 *
 * @param {string} folder of the compiled code
 */
function slimToolCache(folder) {
  const name = '@actions/tool-cache';
  const [from, to] = [join(root, 'node_modules', name), join(folder, 'node_modules', name)];
  cpSync(join(from, 'lib'), join(to, 'lib'), { recursive: true });
  write(join(to, 'package.json'), JSON.stringify({ ...JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')), sideEffects: false }));
  without(join(to, 'lib', 'tool-cache.js'), ["import * as httpm from '@actions/http-client';\n"]);
}

/** @param {string} path @param {readonly string[]} parts that must be in the file, and are left out */
function without(path, parts) {
  const text = readFileSync(path, 'utf8');
  for (const part of parts) if (!text.includes(part)) throw new Error(`${path} does not have ${part.trim()}`);
  write(path, parts.reduce((rest, part) => rest.replace(part, ''), text));
}

/**
 * @param {string} folder
 * @returns {Promise<Map<string, string>>} the files of the bundle by name
 */
async function bundle(folder) {
  // ncc derives the ids of modules from paths relative to the working directory.
  process.chdir(folder);
  const { code, assets } = await ncc(join(folder, 'entry', 'bundle.js'), { cache: false, quiet: true, esm: false, target: 'es2022' });
  process.chdir(root);
  /** @type {Map<string, string>} */
  const files = new Map([['index.js', code]]);
  for (const [name, asset] of Object.entries(assets)) files.set(name, String(asset.source));
  files.delete('package.json');
  // The bundler replaces imports that it cannot resolve by a line that throws, without an error.
  const missing = [...files.values()].flatMap((text) => [...text.matchAll(/\beval\("require"\)\("([^"]+)"\)/g)].map((match) => match[1]));
  if (missing.length > 0) throw new Error(`These imports cannot be resolved: ${[...new Set(missing)].join(', ')}`);
  for (const [name, text] of files) if (name.endsWith('.js')) files.set(name, `${loadBuiltinsLate(compileModulesAtOnce(shrink(text)))}\n`);
  return files;
}

/**
 * Classes that name themselves in a static field or block. To keep the name of a class whose variable it renames, swc 1.16 writes
 * `let a = class Point { static ZERO = new a() }`, which throws: the variable has no value yet.
 *
 * @param {string} code
 */
const ownInstances = (code) => [...new Set([...code.matchAll(/\bclass (\w+)/g)].map((match) => match[1] ?? ''))]
  .filter((name) => new RegExp(`\\bstatic (?:[#\\w]+ ?=|\\{)[^;]*\\b${name}\\b`).test(code));

/** @param {string} code */
function shrink(code) {
  const names = { keep_classnames: true, keep_fnames: true };
  const reserved = [tableName, ...ownInstances(code)];
  return minifySync(code, { module: false, compress: { ...names, passes: 2 }, mangle: { ...names, reserved }, format: { comments: false } }).code;
}

/**
 * The entries: what action.yml names, and the command line. What they call does not reject; if it does all the same, as
 * where a file of dist/ is missing, that ends the process with 1 like any error that nothing catches.
 *
 * @param {readonly string[]} actions
 */
function entries(actions) {
  /** @type {(name: string, run: string, argument: string) => [string, string]} */
  const call = (name, run, argument) => [`${name}.js`, `require('./bundle/index.js').${run}(${argument}).catch((error) => process.nextTick(() => { throw error; }));\n`];
  return new Map([
    ...actions.map((action) => call(action, 'runMain', `'${action}'`)),
    ...actions.map((action) => call(`${action}-post`, 'runPost', `'${action}'`)),
    call('setup', 'runSetup', ''),
    call('setup-post', 'runSetupPost', ''),
    ['cli.js', `#!/usr/bin/env node\n${call('cli', 'runTerminal', '__dirname')[1]}`],
    ['package.json', '{ "type": "commonjs" }\n'],
  ]);
}

/** @returns {Promise<Map<string, string>>} every file of dist/ */
async function build() {
  mkdirSync(join(root, 'tmp'), { recursive: true });
  const folder = mkdtempSync(join(root, 'tmp', 'bundle-'));
  try {
    compile(folder);
    slimCore(folder);
    slimYaml(folder);
    slimOpenTelemetry(folder);
    slimGitHub(folder);
    slimToolCache(folder);
    /** @type {typeof import('../src/outcome/action.js')} */
    const { actionNames } = await import(pathToFileURL(join(folder, 'outcome', 'action.js')).href);
    const files = entries(actionNames);
    for (const [name, text] of await bundle(folder)) files.set(`bundle/${name}`, text);
    files.set('bundle/licenses.txt', licenseTexts(root));
    return files;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} path @param {string} text */
function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The files below dist/ by name. */
function present() {
  const dist = join(root, 'dist');
  const names = statSync(dist, { throwIfNoEntry: false }) ? readdirSync(dist, { recursive: true }).map(String) : [];
  return new Map(names.filter((name) => statSync(join(dist, name)).isFile()).map((name) => [name, readFileSync(join(dist, name), 'utf8')]));
}

const files = await build();
const before = present();
const stale = [...new Set([...files.keys(), ...before.keys()])].filter((name) => files.get(name) !== before.get(name)).sort();
const size = codeBytes(files);
const faults = faultsOf(files);

if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exitCode = 1;
} else if (!process.argv.includes('--check')) {
  for (const name of before.keys()) if (!files.has(name)) rmSync(join(root, 'dist', name));
  for (const name of stale) if (files.has(name)) write(join(root, 'dist', name), files.get(name) ?? '');
  console.log(`dist/: ${Math.round(size / 1000)} kB of code; ${stale.length === 0 ? 'nothing changed' : `changed: ${stale.join(', ')}`}`);
} else if (stale.length > 0) {
  console.error(`dist/ is not up to date with the source: ${stale.map((name) => `dist/${name}`).join(', ')}\nRun \`npm run bundle\` and commit dist/.`);
  process.exitCode = 1;
} else {
  console.log(`dist/ is up to date: ${Math.round(size / 1000)} kB of code`);
}
