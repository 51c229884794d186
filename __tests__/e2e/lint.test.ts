import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { expect, it } from '@jest/globals';
import { findingsIn } from '../../scripts/lint/actionlint.mjs';
import { root } from './harness/environment.js';

it('the linter of workflows knows the inputs of the actions and workflows of this repository', () => {
  const actionlint = execFileSync(process.execPath, [join(root, 'sandbox', 'sandbox.mjs'), 'tool', 'actionlint'], { encoding: 'utf8' }).trim().split('\n').at(-1) ?? '';
  const findings = findingsIn(root, { actionlint }, `on: push
jobs:
  step:
    runs-on: ubuntu-24.04
    steps:
      - uses: $/build
        with: { imgae: x }
  job:
    uses: $/.github/workflows/deploy.yml
    with: { enviroment: x }
`);
  expect(findings).toEqual([
    expect.stringMatching(/^line 7:17: input "imgae" is not defined/), expect.stringMatching(/^line 9:11: input "environment" is required/),
    expect.stringMatching(/^line 10:13: input "enviroment" is not defined/),
  ]);
}, 300_000);
