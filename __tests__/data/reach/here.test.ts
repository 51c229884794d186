import { access, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { choosePrograms, findPrograms, programsFor } from '../../../src/data/postgres/programs.js';
import { composeReach } from '../../../src/data/reach/compose.js';
import { hold, holdScript } from '../../../src/data/reach/hold.js';
import { localReach } from '../../../src/data/reach/local.js';
import { ownerOf } from '../../../src/data/reach/owner.js';
import { scratchPlace } from '../../../src/data/reach/scratch.js';
import { createPipes } from '../../../src/host/pipe.js';
import { systemClock } from '../../../src/host/clock.js';
import type { DataContext } from '../../../src/data/engine.js';
import type { Command, Exited } from '../../../src/ports/process.js';
import type { Ports } from '../../../src/ports/ports.js';
import { fakeContext, fakePlace, login, psqlOf, scriptedPipe } from '../postgres/fake-place.js';

const signal = new AbortController().signal;

const withPorts = (ports: Partial<Record<keyof Ports, unknown>>): DataContext => {
  const context = fakeContext();
  return { ...context, ports: { ...context.ports, ...ports } as Ports };
};

describe('the folder of a scratch server', () => {
  it('is private, and goes when the input of its script ends', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'acci-unit-'));
    const pipe = createPipes()({ program: 'sh', args: ['-c', holdScript, 'sh', parent, ''] });
    const held = await hold(systemClock, pipe, 'The folder', 'backup-failed', signal);
    expect(held.folder.startsWith(parent)).toBe(true);
    await access(held.folder);
    await held.release();
    expect(await readdir(parent)).toEqual([]);
  });

  it('says why it cannot be had', async () => {
    const pipe = scriptedPipe({ stderr: 'mktemp: No space left on device\n', code: 91 });
    await expect(hold(fakeContext().ports.clock, pipe, 'The folder for a scratch server', 'backup-failed', signal)).rejects.toThrow('The folder for a scratch server could not be used (exit code 91): mktemp: No space left on device.');
    await expect(hold(fakeContext().ports.clock, scriptedPipe({ hangs: true }), 'The scratch pod', 'backup-failed', signal)).rejects.toThrow('The scratch pod was not ready within 60 s.');
  });

  it('needs space', async () => {
    const context = withPorts({ disk: { freeBytes: async () => 1e9 } });
    await expect(localReach(context).scratch(signal, 1e9)).rejects.toMatchObject({ message: '/tmp has 1 GB free, and a scratch server needs 2.2 GB there.', hint: expect.stringContaining('verify: archive') });
  });

  it('ends all that it has started when it is closed', async () => {
    const stopped: string[] = [];
    const pipe = scriptedPipe({ hangs: true });
    const place = scratchPlace({ ...fakePlace(() => undefined), start: () => ({ ...pipe, stop: async () => void stopped.push('program') }) }, '/scratch', async () => void stopped.push('place'));
    place.start('sleep 1000', {});
    await place.close();
    expect(stopped).toEqual(['program', 'place']);
  });
});

describe('the owner of the data', () => {
  it.each([['acci-owner 70 70', 70, 70], ['acci-owner 1001 0', 1001, 1001], ['acci-owner 0 0', 999, 999], ['stat: not found', 999, 999]])('of %s is never root', async (printed, user, group) => {
    expect(await ownerOf(fakeContext(), fakePlace(() => undefined, { 'acci-owner': { output: [`${printed}\n`] } }), signal)).toEqual({ user, group });
  });
});

describe('programs of this machine', () => {
  const versions: Readonly<Record<string, string>> = {
    '/usr/lib/postgresql/15/bin': 'pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)', '/usr/pgsql-17/bin': 'pg_dump (PostgreSQL) 17.2', '/usr/bin': 'pg_dump (PostgreSQL) 17.2',
  };
  const folders: Readonly<Record<string, readonly string[]>> = { '/usr/lib/postgresql': ['15', '16'], '/usr': ['bin', 'pgsql-17'] };
  const context = (found = versions): DataContext => withPorts({
    env: { PATH: '/usr/bin:/sbin' },
    files: { namesIn: async (folder: string) => folders[folder], isExecutable: async (path: string) => found[path.replace('/pg_dump', '')] !== undefined },
    process: { run: async ({ program }: Command): Promise<Exited> => ({ code: 0, stderr: '', stdout: found[program.replace('/pg_dump', '')] ?? '' }) },
    pipe: ({ args }: { args: readonly string[] }) => {
      const pipe = fakePlace(psqlOf()).start(args[1] ?? '', {});
      return { ...pipe, exited: pipe.exited, write: async (text: string) => text === `${login.password}\n` || pipe.write(text) };
    },
  });

  it('are found where packages put them, and on PATH', async () => {
    expect(await findPrograms(context().ports)).toEqual([
      { folder: '/usr/lib/postgresql/15/bin', major: 15, minor: 18 }, { folder: '/usr/pgsql-17/bin', major: 17, minor: 2 }, { folder: '/usr/bin', major: 17, minor: 2 },
    ]);
  });

  it('are those of the version of the server, or of the next one', () => {
    const found = [{ folder: 'a', major: 15, minor: 18 }, { folder: 'b', major: 17, minor: 2 }, { folder: 'c', major: 17, minor: 2 }, { folder: 'd', major: 15, minor: 20 }];
    expect(choosePrograms(found, 15)?.folder).toBe('d');
    expect(choosePrograms(found, 16)?.folder).toBe('b');
    expect(choosePrograms(found, 18)).toBeUndefined();
  });

  it('are chosen by the version of the server', async () => {
    expect(await programsFor(context(), login)).toBe('/usr/lib/postgresql/15/bin');
  });

  it('may be missing, or too old', async () => {
    await expect(programsFor(context({}), login)).rejects.toMatchObject({ code: 'tool-missing', message: 'pg_dump is not installed on this machine.' });
    await expect(programsFor(context({ '/usr/bin': 'pg_dump (PostgreSQL) 13.1' }), login)).rejects.toMatchObject({
      code: 'tool-missing', message: 'The server has PostgreSQL 15.18, and this machine has only pg_dump of version 13 (/usr/bin).', hint: expect.stringContaining('postgresql-client-15'),
    });
  });
});

describe('a service of compose', () => {
  const docker = (answers: Readonly<Record<string, Partial<Exited>>>, commands: string[] = []) => withPorts({
    process: {
      run: async ({ args }: Command): Promise<Exited> => {
        commands.push(args.join(' '));
        const found = Object.entries(answers).find(([word]) => args.includes(word));
        return { code: 0, stdout: '', stderr: '', ...found?.[1] };
      },
    },
  });
  const settings = { service: 'db', files: ['a.yml', 'b.yml'], project: 'shop' };

  it('is its only running container, with the id of its image', async () => {
    const commands: string[] = [];
    const { place } = await composeReach(docker({ ps: { stdout: 'abc\n' }, inspect: { stdout: '[{"Image":"sha256:1"}]' } }, commands), settings);
    expect(place).toMatchObject({ words: 'service db', image: 'sha256:1' });
    expect(place.typed(['psql'])).toBe('docker compose --file=a.yml --file=b.yml --project-name=shop exec -T db psql');
    expect(commands).toEqual(['compose --file=a.yml --file=b.yml --project-name=shop ps --quiet --status=running db', 'inspect abc']);
  });

  it.each([
    ['does not exist', { ps: { code: 1, stderr: 'no such service: db\n' } }, 'docker compose cannot find service db: no such service: db.'],
    ['does not run', {}, 'Service db has no running container, and must have one.'],
    ['runs twice', { ps: { stdout: 'a\nb\n' } }, 'Service db has 2 running containers, and must have one.'],
  ])('is refused when it %s', async (_, answers, message) => {
    await expect(composeReach(docker(answers), settings)).rejects.toMatchObject({ code: 'backup-failed', message });
  });
});
