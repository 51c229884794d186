import type { Emission } from '../config/emission.js';
import { excerptOf } from '../config/excerpt.js';
import { loadConfig, readGiven, type Unread } from '../config/load.js';
import { cronJobText, settingsText } from '../data/cronjob-text.js';
import { cronJobWish } from '../data/cronjob-wish.js';
import { createFiles } from '../host/files.js';
import { createProcessRunner } from '../host/process.js';
import { readGitFacts } from '../host/terminal.js';
import { ConfigError, describeProblem } from '../outcome/errors.js';
import { plainLine } from '../outcome/plain.js';

/** `backup --emit cronjob`: prints manifests. Contacts no cluster, and reads no secret. @throws ConfigError */
export async function printManifests(emission: Emission, inputs: Readonly<Record<string, string>>): Promise<void> {
  const { repository } = await readGitFacts(createProcessRunner());
  const source: Unread = { action: 'backup', inputs, facts: { defaultApp: repository, secretsAreElsewhere: true } };
  const files = createFiles();
  const parsed = await loadConfig(source, files);
  const { file } = await readGiven(source, files);
  // Without one, the databases are missing, which is a problem of the settings.
  if (file?.reading === undefined || !('root' in file.reading)) throw new ConfigError([{ where: 'settings file', message: 'was removed while it was read', hint: 'Try again.' }]);
  const settings = settingsText(excerptOf(file.reading.root, 'backup', parsed.config.environment));
  for (const warning of parsed.warnings) process.stderr.write(`warning: ${plainLine(describeProblem(warning))}\n`);
  process.stdout.write(cronJobText(cronJobWish(parsed, emission, settings)));
}
