import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { disk } from '../../src/host/disk.js';
import { createFiles } from '../../src/host/files.js';
import { openStore } from '../../src/store/open.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { contentOf, listed, optionsFor } from './contract.js';
import { MemoryS3 } from './memory-s3.js';
import { presentClock } from './s3-stand.js';

it('opens the kind of store that the settings name', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'open-'));
  const clock = presentClock();
  const server = new MemoryS3({ clock });
  const ports = { ...fakePorts({ clock, http: server.http, disk }), files: { ...createFiles(folder), workingDirectory: folder } };
  const bytes = Buffer.from('hello');
  const configs = [
    { to: { kind: 'folder', path: './backups' } }, { to: { kind: 's3', bucket: 'backups', prefix: '' }, endpoint: server.endpoint, credentials: { accessKey: 'key', secretKey: 'secret' } },
  ] as const;
  for (const config of configs) {
    const store = await openStore({ ports, isOwn: () => true }, config);
    await store.put('main/x/dump', contentOf(bytes), optionsFor(bytes));
    expect((await listed(store)).map(({ name }) => name)).toEqual(['main/x/dump']);
    await store.close?.();
  }
  await rm(folder, { recursive: true });
});
