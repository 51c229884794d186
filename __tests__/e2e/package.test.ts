import { expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './harness/environment.js';

jest.setTimeout(300_000);

const run = promisify(execFile);
const withoutNode = { ...process.env, NODE_OPTIONS: '' };

it('the package holds the bundle alone, and its command works in the repository of a user', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  try {
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, env: withoutNode });
    const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
    expect(packed.files.map(({ path }) => path).filter((path) => !path.startsWith('dist/bundle/')).sort()).toEqual(['LICENSE', 'README.md', 'dist/cli.js', 'dist/package.json', 'package.json']);

    await run('git', ['init', '--quiet', '--initial-branch=main'], { cwd: folder });
    await run('git', ['-c', 'user.name=me', '-c', 'user.email=me@example.com', 'commit', '--quiet', '--allow-empty', '--message=first'], { cwd: folder });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    // What it needs is bundled: its dependencies are not used, and not installed here.
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, packed.filename)], { cwd: folder, env: withoutNode });
    rmSync(join(folder, 'node_modules/valibot'), { recursive: true, force: true });
    const before = readdirSync(folder);

    const deployed = await run('npx', ['--no-install', 'deploy-action', 'deploy', '--test', 'echo fine'], { cwd: folder, env: withoutNode });
    expect(deployed.stdout).toMatch(/^✓ tested {2}/m);
    expect((await run('npx', ['--no-install', 'deploy-action', 'help', 'rollback'], { cwd: folder, env: withoutNode })).stdout).toMatch(/^Usage: deploy-action rollback \[OPTIONS\]$/m);
    // The commit would be that of the user.
    expect((await run('npx', ['--no-install', 'deploy-action', '--version'], { cwd: folder, env: withoutNode })).stdout).toMatch(/^deploy-action \d+\.\d+\.\d+\n$/);
    expect(readdirSync(folder)).toEqual(before);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
