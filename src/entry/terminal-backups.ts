import { quietSdk } from '../host/quiet-sdk.js';
import { readGitFacts } from '../host/terminal.js';
import { plainLine } from '../outcome/plain.js';
import type { Ports } from '../ports/ports.js';
import { calendarLines } from '../report/backup-calendar.js';
import { backupLines } from '../report/backups.js';
import { dataValue } from '../report/data.js';
import { listBackups } from '../workflow/list-backups.js';
import { readConfig, warnOfSettings } from './read-config.js';
import { inFolder } from './runner-ports.js';
import { printQuery } from './terminal-query.js';

export interface BackupsRequest {
  readonly command: 'backups' | 'prune';
  readonly id: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly ambient: readonly string[];
}

/**
 * `deploy-action backups` prints the backups of the store, and why each of them stays or goes; `prune` also removes those that go.
 * @returns the exit code
 * @throws ConfigError
 */
export const printBackups = ({ command, inputs: { json, most, ...inputs }, ...request }: BackupsRequest): Promise<number> => printQuery({
  json: json === 'true', failure: 'The backups could not be listed',
  read: async (ports, folder) => {
    const { kept, notes } = await readBackups(ports, { command, mayRemoveMost: most === 'true', folder, inputs, ...request });
    for (const note of notes) ports.log.warning(note);
    if (json === 'true') return `${JSON.stringify(dataValue({ of: 'backup', backups: [], restores: [], kept }), null, 2)}\n`;
    return [...backupLines(kept, ports.clock.now()), '', ...calendarLines(kept)].map((line) => `${plainLine(line)}\n`).join('');
  },
});

interface Reading extends BackupsRequest {
  readonly mayRemoveMost: boolean;
  readonly folder: string;
}

async function readBackups(own: Ports, { command, mayRemoveMost, folder, inputs, ambient, id }: Reading): ReturnType<typeof listBackups> {
  const facts = await readGitFacts(own.process);
  // A backup has the settings that name a store, and needs no others.
  const read = await readConfig(own, { action: 'backup', inputs, ambient, facts });
  warnOfSettings(own, read);
  quietSdk();
  const ports = inFolder(folder, own);
  return listBackups(
    { ports, config: read.config, id, folder, facts, hasPost: false },
    { removes: command === 'prune' && !read.config.dryRun, mayRemoveMost },
  );
}
