import { describe, expect, it } from '@jest/globals';
import type { DatabaseConfig } from '../../src/config/config.js';
import type { Cluster } from '../../src/kubernetes/client/cluster.js';
import { loginOf } from '../../src/data/open.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';

const config: DatabaseConfig = { name: 'main', engine: 'postgres', reach: { kind: 'pod', selector: 'a=b' }, database: 'acci', isCache: false, password: { secret: 'db', key: 'password' } };
const masked: string[] = [];
const login = (data: Readonly<Record<string, string>>) => {
  const ports = fakePorts();
  const log = { ...ports.log, mask: (text: string) => void masked.push(text) };
  const context = { ports: { ...ports, log }, id: 'run-1', app: 'api', failure: 'backup-failed' as const, signal: new AbortController().signal, progress: () => undefined };
  const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
  const cluster = { namespace: 'web', api: { find: async () => ({ data: encoded }) } } as unknown as Cluster;
  return loginOf(context, config, async () => cluster);
};

describe('a password of a database', () => {
  it('is masked, and the line break at its end is none of it', async () => {
    expect(await login({ password: 's3cret\n' })).toEqual({ database: 'acci', password: 's3cret' });
    expect(masked).toContain('s3cret');
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['there is no such key', { pass: 'x' }, 'The Secret db in namespace web has no key password.'],
    ['it has several lines', { password: 'one\ntwo' }, 'The password of main has several lines, so it is none.'],
  ])('is refused if %s', async (_, data, message) => {
    await expect(login(data)).rejects.toMatchObject({ code: 'backup-failed', message });
  });
});
