import { dirname, resolve } from 'node:path';
import { ConfigError, type Problem } from '../outcome/errors.js';
import { messageOf } from '../outcome/wording.js';
import type { Ports } from '../ports/ports.js';
import type { Told } from './report.js';

/*
 * The files of `--report`. No file is written that was not asked for.
 */

/**
 * Before anything runs: otherwise it would turn out after a deployment that its report is lost.
 * @param settingsFile which a report must not replace
 * @throws ConfigError
 */
export async function checkReports(files: Ports['files'], paths: readonly string[], settingsFile: string): Promise<void> {
  const problems = (await Promise.all(paths.map((path) => problemOf(files, path, settingsFile)))).filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new ConfigError(problems);
}

async function problemOf(files: Ports['files'], path: string, settingsFile: string): Promise<Problem | undefined> {
  if (path === '') return { where: '--report', message: 'its value is empty', hint: 'Write --report FILE.' };
  const where = `--report ${path}`;
  if (resolve(path) === resolve(settingsFile)) return { where, message: 'is the settings file', hint: 'The report would replace it: choose another name.' };
  if (await files.namesIn(path) !== undefined) return { where, message: 'is a folder', hint: 'Write the path of a file.' };
  const folder = dirname(path);
  return await files.realPath(folder) === undefined ? { where, message: `the folder ${folder} does not exist`, hint: 'Create it before the run.' } : undefined;
}

/** A summary or JSON, by the name of the file. */
export async function writeReports({ files, log }: Pick<Ports, 'files' | 'log'>, { report = '{}\n', summary }: Pick<Told, 'report' | 'summary'>, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await files.writeText(path, path.endsWith('.md') ? summary : report)
      .catch((error: unknown) => { log.warning(`The report ${path} is missing: ${messageOf(error)}`); });
  }
}
