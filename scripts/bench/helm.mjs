/** Helm 4, with a chart of the same objects that the other tools deploy. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { ask } from '../live/program.mjs';
import { root } from '../live/sandbox.mjs';

/** Built by the sandbox when it is asked for the first time. @returns {Promise<string>} path */
const program = async () => (await ask(process.execPath, [join(root, 'sandbox', 'sandbox.mjs'), 'tool', 'helm'])).trim();

/**
 * @typedef {object} Helm
 * @property {(image: string, more: readonly string[]) => Promise<string>} upgrade to this image, waiting; rejects with what it wrote
 * @property {string} version
 * @property {() => void} remove
 */

/**
 * Installs the objects as the release `web`, and waits for them.
 *
 * @param {import('./stand.mjs').Stand['env']} env
 * @param {import('./stand.mjs').Namespace} namespace
 * @param {(image: string) => readonly object[]} objects
 * @param {string} image
 * @returns {Promise<Helm>}
 */
export async function installChart(env, namespace, objects, image) {
  const helm = await program();
  const folder = mkdtempSync(join(tmpdir(), 'bench-chart-'));
  mkdirSync(join(folder, 'templates'));
  writeFileSync(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: web\nversion: 1.0.0\n');
  // JSON is YAML.
  const documents = objects('{{ .Values.image }}').map((object) => JSON.stringify(object));
  writeFileSync(join(folder, 'templates', 'app.yaml'), documents.join('\n---\n'));
  const common = [`--namespace=${namespace.name}`, '--wait'];
  await ask(helm, ['install', 'web', folder, `--set=image=${image}`, ...common, '--timeout=120s'], { env });
  return {
    upgrade: (next, more) => ask(helm, ['upgrade', 'web', folder, `--set=image=${next}`, ...common, ...more], { env }),
    version: (await ask(helm, ['version', '--template={{ .Version }}'], { env })).trim(),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * Notes when the image of the Deployment `web` changes, by a watch of its own.
 *
 * @param {import('./stand.mjs').Stand['env']} env
 * @param {import('./stand.mjs').Namespace} namespace
 */
export function watchImage(env, namespace) {
  /** @type {{ image: string, at: number }[]} */
  const seen = [];
  const output = '--output=jsonpath={.spec.template.spec.containers[0].image}{"\\n"}';
  const child = spawn('kubectl', [`--namespace=${namespace.name}`, 'get', 'deployment', 'web', '--watch', output], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  createInterface({ input: child.stdout }).on('line', (image) => {
    if (seen.at(-1)?.image !== image) seen.push({ image, at: performance.now() });
  });
  return {
    /** When it was last set to this image; undefined when it never was, or not after another one. @param {string} image */
    backAt: (image) => (seen.length > 1 ? seen.findLast((each) => each.image === image)?.at : undefined),
    stop: () => { child.kill(); },
  };
}
