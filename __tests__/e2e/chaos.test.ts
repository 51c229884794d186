import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, jest } from '@jest/globals';
import { chaos, lineOf } from '../chaos/chaos.js';
import { isWrong, tooFewPlayed, unplayedIn } from '../chaos/summary.js';
import { closeApi } from './harness/api.js';
import { closeImages } from './harness/images.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

// `npm run chaos -- --runs 200` plays for longer; one case of it alone: see docs/reliability.md.
it('a short chaos: every verdict is true, and nothing is left half done', async () => {
  const played = await chaos({ seed: 3912, runs: 12, jobs: 3, folder: mkdtempSync(join(tmpdir(), 'chaos-')), print: () => undefined });
  expect(played).toHaveLength(12);
  expect(played.filter(isWrong).map((one) => `${lineOf(one)}\n${one.log}`)).toEqual([]);
  const unplayed = unplayedIn(played).map((one) => `${lineOf(one)}\n${one.log}`);
  if (unplayed.length > 0) process.stdout.write(`${unplayed.join('\n')}\n`);
  expect(tooFewPlayed(played)).toBeUndefined();
});
