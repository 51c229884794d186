import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { aptGet } from '../../sandbox/apt.mjs';
import { page, pageWidth } from './page.mjs';

/** @typedef {import('./page.mjs').Theme} Theme */
/** @typedef {{ readonly height: number, readonly problems: readonly string[] }} Measured `problems`: what is wider than the page, or was not drawn */

const run = promisify(execFile);

const programs = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * The path of a browser. Where there is none, the Debian package is installed; that needs root.
 *
 * @returns {Promise<string>}
 */
export async function ensureChromium() {
  const found = await firstOf(programs);
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0) throw new Error('No Chromium: install the package chromium, or run this as root, which installs it.');
  await aptGet(['update', '--quiet']);
  await aptGet(['install', '--yes', '--quiet', '--no-install-recommends', 'chromium', 'fonts-dejavu-core', 'fonts-noto-color-emoji']);
  const installed = await firstOf(programs);
  if (installed === undefined) throw new Error('The package chromium is installed, and there is no program of that name.');
  return installed;
}

/** @param {readonly string[]} names */
async function firstOf(names) {
  for (const name of names) {
    const path = await run('sh', ['-c', 'command -v "$1"', 'sh', name]).then(({ stdout }) => stdout.trim(), () => '');
    if (path !== '') return path;
  }
  return undefined;
}

/**
 * Draws a job summary and measures it.
 *
 * @param {string} chromium
 * @param {string} markdown
 * @param {{ theme?: Theme, picture?: string }} [options] `picture`: where a PNG of all of it goes, if anywhere
 * @returns {Promise<Measured>}
 */
export async function draw(chromium, markdown, { theme = 'light', picture } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'summary-'));
  try {
    const file = join(folder, 'summary.html');
    writeFileSync(file, page(markdown, theme));
    const flags = [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--force-device-scale-factor=1', `--user-data-dir=${folder}/profile`,
      '--virtual-time-budget=20000',
    ];
    const address = pathToFileURL(file).href;
    // What it writes to stderr, such as a missing D-Bus, is of no interest while the page is drawn.
    const { stdout: dom } = await run(chromium, [...flags, `--window-size=${pageWidth},2000`, '--dump-dom', address], { maxBuffer: 64 * 1024 * 1024 });
    const json = /data-measured="([^"]*)"/.exec(dom)?.[1];
    if (json === undefined) throw new Error('Chromium has not drawn the page.');
    const measured = JSON.parse(json.replaceAll('&quot;', '"').replaceAll('&amp;', '&'));
    if (picture !== undefined) await run(chromium, [...flags, `--window-size=${pageWidth},${measured.height}`, `--screenshot=${picture}`, address]);
    return measured;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
