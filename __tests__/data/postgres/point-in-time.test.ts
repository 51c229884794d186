import { describe, expect, it } from '@jest/globals';
import { archivingWarnings, type Archiving } from '../../../src/data/postgres/point-in-time/archiving.js';
import { cloudNativePg } from '../../../src/data/postgres/point-in-time/cloudnative-pg.js';
import { windowOf } from '../../../src/data/postgres/point-in-time/look.js';
import { pgBackRest } from '../../../src/data/postgres/point-in-time/pgbackrest.js';
import { plainWords } from '../../../src/data/postgres/point-in-time/tool.js';
import { walG } from '../../../src/data/postgres/point-in-time/wal-g.js';

const archiving = (more: Partial<Archiving> = {}): Archiving => ({
  mode: 'on', command: 'pgbackrest --config=/etc/pgbackrest.conf --stanza=demo archive-push %p', name: '', identity: '7714067785488665444', archived: 4, failed: 0,
  lastArchivedAt: '2026-11-30T20:43:13.512311+00:00', lastFailedAt: null, lastFailedWal: null, maySeeFiles: true,
  files: { wal: '000000010000000000000003', completeAt: '2026-11-30T20:50:00+00:00', waiting: 0 }, ...more,
});

/** Recorded of pgBackRest 2.45 with PostgreSQL 15. */
const recorded = {
  none: '[{"archive":[],"backup":[],"cipher":"none","db":[],"name":"demo","repo":[{"cipher":"none","key":1,"status":{"code":1,"message":"missing stanza path"}}],"status":{"code":1,"lock":{"backup":{"held":false}},"message":"missing stanza path"}}]',
  empty: '[{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":null,"min":null}],"backup":[],"cipher":"none","db":[{"id":1,"repo-key":1,"system-id":7714067785488665444,"version":"15"}],"name":"demo","repo":[{"cipher":"none","key":1,"status":{"code":2,"message":"no valid backups"}}],"status":{"code":2,"lock":{"backup":{"held":false}},"message":"no valid backups"}}]',
  one: '[{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":"000000010000000000000003","min":"000000010000000000000001"}],"backup":[{"archive":{"start":"000000010000000000000002","stop":"000000010000000000000003"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},"error":false,"info":{"delta":23000754,"repository":{"delta":3043988,"size":3043988},"size":23000754},"label":"20261130-204303F","lsn":{"start":"0/2000028","stop":"0/3000088"},"prior":null,"reference":null,"timestamp":{"start":1796071383,"stop":1796071393},"type":"full"}],"cipher":"none","db":[{"id":1,"repo-key":1,"system-id":7714067785488665444,"version":"15"}],"name":"demo","repo":[{"cipher":"none","key":1,"status":{"code":0,"message":"ok"}}],"status":{"code":0,"lock":{"backup":{"held":false}},"message":"ok"}}]',
};
const stop = 1_796_071_393_000;

describe('pgBackRest', () => {
  const commands = pgBackRest.of(archiving());
  const window = (printed: string, of = archiving()): unknown => commands && windowOf(commands, printed, of);

  it('is asked with the options of the server', () => {
    expect(commands).toMatchObject({
      list: ['pgbackrest', '--config=/etc/pgbackrest.conf', '--stanza=demo', 'info', '--output=json'],
      trigger: ['pgbackrest', '--config=/etc/pgbackrest.conf', '--stanza=demo', '--type=incr', 'backup'],
      recover: 'pgbackrest --config=/etc/pgbackrest.conf --stanza=demo --type=time "--target=TIME" --target-action=promote restore',
    });
  });

  it('proves a window from the end of its first backup to the last complete segment of its archive', () => {
    expect(window(recorded.one)).toEqual({ earliestAt: stop, latestAt: Date.UTC(2026, 10, 30, 20, 50) });
  });

  it.each<[string, Partial<Archiving>]>([
    ['a user who does not see the files of the server', { files: undefined }],
    ['a segment that its archive does not have', { files: { wal: '000000010000000000000004', completeAt: '2026-11-30T20:50:00+00:00', waiting: 0 } }],
    ['no segment yet', { files: { wal: null, completeAt: null, waiting: 0 } }],
  ])('proves no more than its last backup with %s', (_, more) => expect(window(recorded.one, archiving(more))).toEqual({ earliestAt: stop, latestAt: stop }));

  it.each<[string, string, Partial<Archiving>]>([
    ['no stanza', recorded.none, {}], ['no backup', recorded.empty, {}], ['a backup of another server', recorded.one, { identity: '7714067785488665443' }],
    ['a backup with an error', recorded.one.replace('"error":false', '"error":true'), {}],
  ])('has no window with %s', (_, printed, more) => expect(window(printed, archiving(more))).toEqual({ reason: 'there is no complete backup of this server yet' }));

  it('says when its output cannot be read', () => expect(() => window('[{"name":1}]')).toThrow('The output of pgbackrest info'));
});

describe('WAL-G', () => {
  // As https://github.com/wal-g/wal-g/pull/722 shows it.
  const printed = JSON.stringify([
    { backup_name: 'base_000000010000000100000009', time: '2020-07-26T18:36:36.757Z', wal_file_name: '000000010000000100000009', start_time: '2020-07-26T18:30:59.892342Z', finish_time: '2020-07-26T18:36:31.852791Z', date_fmt: '%Y-%m-%dT%H:%M:%S.%fZ', hostname: 'MacBook-Pro.local' },
    { backup_name: 'base_00000001000000010000000F', finish_time: '2020-07-27T18:36:31Z' },
  ]);
  it.each([
    ['wal-g wal-push %p', ['wal-g', 'backup-list', '--detail', '--json']],
    ['envdir "/etc/wal-g.d/env" /usr/local/bin/wal-g wal-push "%p" --config /etc/walg.json', ['envdir', '/etc/wal-g.d/env', '/usr/local/bin/wal-g', 'backup-list', '--detail', '--json', '--config', '/etc/walg.json']],
  ])('is asked as the server calls it: %s', (command, list) => expect(walG.of(archiving({ command }))?.list).toEqual(list));
  it('proves a window from the end of its first backup', () => {
    const commands = walG.of(archiving({ command: 'wal-g wal-push %p' }));
    expect(commands && windowOf(commands, printed, archiving())).toEqual({ earliestAt: Date.parse('2020-07-26T18:36:31.852Z'), latestAt: Date.UTC(2026, 10, 30, 20, 50) });
    expect(commands && windowOf(commands, '', archiving())).toEqual({ reason: 'there is no complete backup of this server yet' });
  });
});

describe('CloudNativePG', () => {
  it('is known by its command, and its operator has the window', () => {
    const commands = cloudNativePg.of(archiving({ command: '/controller/manager wal-archive --log-destination /controller/log/postgres.json %p', name: 'acci-db' }));
    expect([commands?.list, commands?.recover]).toEqual([undefined, expect.stringContaining('kubectl get clusters.postgresql.cnpg.io acci-db ')]);
  });
});

it.each(['cp %p /archive/%f', 'test ! -f /a/%f && pgbackrest archive-push %p', 'true', '', 'sh -c "pgbackrest $(id)"', 'my-pgbackrest archive-push %p'])('%j is none of these', (command) => {
  expect([pgBackRest, walG, cloudNativePg].map((tool) => tool.of(archiving({ command })))).toEqual([undefined, undefined, undefined]);
});
it.each(['a;b', 'a $(b)', 'a `b`', 'a | b', 'a > b', 'a "$b"'])('%s is understood by a shell alone', (command) => expect(plainWords(command)).toBeUndefined());

describe('an archive that fails', () => {
  it.each<[string, Partial<Archiving>, readonly string[]]>([
    ['is well', {}, []], ['is off', { mode: 'off', lastFailedAt: '2026-11-30T20:44:00+00:00' }, []], ['has failed before', { failed: 3, lastFailedAt: '2026-11-30T20:42:55+00:00' }, []],
    ['fails now', { failed: 3, lastFailedAt: '2026-11-30T20:44:00+00:00', lastFailedWal: '000000010000000000000004' }, ['The archive of the WAL fails: the last attempt, of 000000010000000000000004 at 2026-11-30T20:44:00+00:00, failed (3 failures in all). The log of PostgreSQL says why.']],
    ['has never worked', { failed: 1, lastArchivedAt: null, lastFailedAt: '2026-11-30T20:44:00+00:00' }, [expect.stringContaining('The archive of the WAL fails: the last attempt, of a segment at') as unknown as string]],
    ['is behind', { files: { wal: null, completeAt: null, waiting: 12 } }, ['12 WAL segments wait to be archived, so the archive is behind the database.']],
  ])('%s', (_, more, warnings) => expect(archivingWarnings(archiving(more))).toEqual(warnings));
});
