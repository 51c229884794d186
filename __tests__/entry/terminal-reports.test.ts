import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { checkReports, writeReports } from '../../src/entry/terminal-reports.js';
import { createFiles } from '../../src/host/files.js';
import type { Log } from '../../src/ports/log.js';

let root: string;
beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'reports-')); });
afterEach(() => rm(root, { recursive: true }));

const at = (name: string): string => join(root, name);

it('refuses a report that cannot be written before anything runs', async () => {
  await mkdir(at('folder'));
  const refused = (path: string) => checkReports(createFiles(), [at('fine.json'), path], at('.github/deploy.yml')).then(() => [], (error: { problems: unknown }) => error.problems);
  expect(await refused(at('folder'))).toEqual([{ where: `--report ${at('folder')}`, message: 'is a folder', hint: 'Write the path of a file.' }]);
  expect(await refused(at('no/where.md'))).toEqual([{ where: `--report ${at('no/where.md')}`, message: `the folder ${at('no')} does not exist`, hint: 'Create it before the run.' }]);
  expect(await refused(at('folder/../.github/deploy.yml'))).toEqual([expect.objectContaining({ message: 'is the settings file', hint: 'The report would replace it: choose another name.' })]);
  expect(await refused('')).toEqual([{ where: '--report', message: 'its value is empty', hint: 'Write --report FILE.' }]);
  expect(await refused('/dev/stdout')).toEqual([]);
});

it('writes a summary or JSON by the name of the file, and warns of what could not be written', async () => {
  const files = createFiles();
  const warnings: string[] = [];
  const log = { warning: (text: string) => { warnings.push(text); } } as unknown as Log;
  await writeReports({ files, log }, { report: '{"a":1}\n', summary: '# a\n' }, [at('a.json'), at('a.md'), '/dev/full']);
  expect([await files.readText(at('a.json')), await files.readText(at('a.md'))]).toEqual(['{"a":1}\n', '# a\n']);
  expect(warnings).toEqual(['The report /dev/full is missing: /dev/full could not be written: its disk is full.']);
});
