// The pause program as an image archive, made without a builder: one layer with one file. So the cluster
// does not wait for BuildKit, and no image has to come from anywhere.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './command.mjs';
import { state } from './layout.mjs';

export const pauseImage = 'sandbox.acci.dev/pause:1';

/** @param {string} program the built pause program @returns {Promise<string>} the path of the archive */
export async function pauseArchive(program) {
  const folder = mkdtempSync(join(tmpdir(), 'acci-sandbox-pause-'));
  const archive = join(state, 'pause.tar');
  const tar = (/** @type {string} */ to, /** @type {string[]} */ files) =>
    command('tar', ['--create', '--file', to, '--directory', folder, '--owner=0', '--group=0', '--mtime=@0', ...files]);
  try {
    copyFileSync(program, join(folder, 'pause'));
    await tar(join(folder, 'layer.tar'), ['pause']);
    const layer = createHash('sha256').update(readFileSync(join(folder, 'layer.tar'))).digest('hex');
    const image = {
      architecture: 'amd64',
      os: 'linux',
      config: { Entrypoint: ['/pause'], User: '65535:65535' },
      rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
    };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(image));
    const manifest = [{ Config: 'config.json', RepoTags: [pauseImage], Layers: ['layer.tar'] }];
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
    await tar(archive, ['manifest.json', 'config.json', 'layer.tar']);
    return archive;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
