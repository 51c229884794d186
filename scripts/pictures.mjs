/**
 *   npm run docs:pictures              draws each summary in docs/pictures/*.md as docs/pictures/NAME-light.png and NAME-dark.png
 *   npm run docs:pictures -- --run     first makes these summaries: one run of the action for each verdict, on the sandbox
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { draw, ensureChromium } from './pictures/chromium.mjs';
import { runVerdicts } from './pictures/verdicts.mjs';

const folder = fileURLToPath(new URL('../docs/pictures', import.meta.url));
if (process.argv.includes('--run')) await runVerdicts(folder);
const chromium = await ensureChromium();
for (const file of readdirSync(folder).filter((name) => name.endsWith('.md'))) {
  for (const theme of /** @type {const} */ (['light', 'dark'])) {
    const picture = join(folder, `${basename(file, '.md')}-${theme}.png`);
    const { problems } = await draw(chromium, readFileSync(join(folder, file), 'utf8'), { theme, picture });
    for (const problem of problems) console.error(`${file}: ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
    console.log(picture);
  }
}
