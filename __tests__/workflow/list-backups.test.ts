import { describe, expect, it } from '@jest/globals';
import type { BackupConfig, Config } from '../../src/config/config.js';
import { StoreError } from '../../src/store/store.js';
import { listBackups } from '../../src/workflow/list-backups.js';
import { addBackup } from '../data/backups.js';
import { backupSettings, DataWorld } from './data-world.js';

const hourMs = 3_600_000;
const retention: BackupConfig['retention'] = { last: 3 };

/** A world with as many backups of a database, an hour apart. */
function place(count: number): DataWorld {
  const here = new DataWorld();
  for (let hours = count; hours > 0; hours -= 1) addBackup(here.store, here.world.clock.now() - hours * hourMs);
  return here;
}

const list = (here: DataWorld, how: Partial<Parameters<typeof listBackups>[1]> = {}, settings: Partial<Config> = {}): ReturnType<typeof listBackups> =>
  listBackups(here.start('backup', { backup: { ...backupSettings, retention }, ...settings }).run, { removes: false, mayRemoveMost: false, ...how }, here.session);
const removed = ({ store }: DataWorld): number => store.done.filter((each) => each.startsWith('remove ')).length;

describe('the list of backups', () => {
  it('says why each stays or goes, opens no database and no cluster, and removes nothing', async () => {
    const here = place(5);
    const { kept, notes } = await list(here);
    expect([kept.map(({ stays }) => stays), notes]).toEqual([[true, true, true, false, false], []]);
    expect([removed(here), here.main.story, here.world.server.seen, here.open]).toEqual([0, [], [], 0]);
  });
  it('has only databases of the settings', async () => {
    const here = place(1);
    addBackup(here.store, here.world.clock.now(), { database: 'other' });
    expect((await list(here)).kept.map(({ database }) => database)).toEqual(['main']);
  });
  it('has none of other environments in the same place, says that they are there, and removes none of them', async () => {
    const here = place(5);
    for (const hours of [10, 11, 12, 13]) addBackup(here.store, here.world.clock.now() - hours * hourMs, { environment: 'staging' });
    const { kept, notes } = await list(here, { removes: true });
    expect([kept.length, here.store.objects.size, notes]).toEqual([5, 14, [`${here.store.address} also has 4 backups of main of api in staging. This run neither uses nor removes them.`]]);
  });
  it('removes what does not stay', async () => {
    const here = place(5);
    const { kept } = await list(here, { removes: true });
    expect([kept.filter((each) => each.removed).length, removed(here), here.store.objects.size]).toEqual([2, 4, 6]);
  });
  it('removes more than half only if that is allowed', async () => {
    const here = place(9);
    const refused = await list(here, { removes: true });
    expect([refused.notes, removed(here)]).toEqual([[expect.stringContaining('more than half')], 0]);
    await list(here, { removes: true, mayRemoveMost: true });
    expect(here.store.objects.size).toBe(6);
  });
  it('says what is wrong with the store, and closes all that it has opened', async () => {
    const here = place(1);
    here.store.fail(/^list/, new StoreError('denied', 's3://backups/api could not be listed: AccessDenied', 'Check the policy.'));
    await expect(list(here)).rejects.toThrow('could not be listed');
    expect(here.open).toBe(0);
  });
});
