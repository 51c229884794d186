import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { CommandConfig } from '../../../src/config/config.js';
import { parseTexts } from '../../config/parse-texts.js';

const docs = readFileSync(new URL('../../../docs/targets/command.md', import.meta.url), 'utf8');
/** The settings under each heading. */
const recipes = [...docs.matchAll(/^### (.+)$[^#]+?```yaml\n([^]*?)```/gm)].map(([, name = '', text = '']) => [name, text] as const);
const commandsOf = (text: string): CommandConfig => {
  const { config, warnings } = parseTexts({ action: 'deploy', inputs: {}, text });
  if (!config.command) throw new Error('no commands');
  expect(warnings).toEqual([]);
  return config.command;
};
const scripts = (text: string) => Object.entries(commandsOf(text)).flatMap(([name, lines]) => (Array.isArray(lines) ? [[name, lines.join('\n')] as const] : []));

describe('the recipes of docs/targets/command.md', () => {
  it('are of five platforms', () => expect(recipes.map(([name]) => name)).toEqual(['Cloud Run', 'Fly', 'Heroku', 'Railway', 'A server behind ssh']));

  it.each(recipes)('have settings and scripts that are valid: %s', (_name, text) => {
    expect(scripts(text).map(([name]) => name)).toEqual(['deploy', 'current', 'verify', 'rollback']);
    for (const [, script] of scripts(text)) execFileSync('bash', ['-n'], { input: script });
  });

  it.each(recipes)('name the version in `verify`, and refuse to go back to nowhere: %s', (_name, text) => {
    const { verify = [], rollback = [] } = commandsOf(text);
    expect([verify.join(), rollback.join()]).toEqual([expect.stringContaining('$DEPLOY_COMMIT'), expect.stringContaining('${DEPLOY_PREVIOUS:?}')]);
  });

  it('deploy, tell and go back: a server behind ssh', () => {
    const folder = mkdtempSync(join(tmpdir(), 'recipe-'));
    try {
      const site = join(folder, 'srv');
      for (const path of ['bin', 'dist', 'srv/releases/c1']) mkdirSync(join(folder, path), { recursive: true });
      symlinkSync('releases/c1', join(site, 'current'));
      writeFileSync(join(folder, 'dist/app'), 'the app');
      // The other side is this one.
      for (const [name, body] of [['ssh', 'shift; exec sh -c "$*"'], ['sudo', 'echo "$@" >>restarts'], ['curl', `basename "$(readlink ${site}/current)"`]] as const) {
        writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${body}\n`);
        chmodSync(join(folder, 'bin', name), 0o755);
      }
      const commands = new Map(scripts(recipes.at(-1)?.[1] ?? ''));
      const run = (name: string, env: Readonly<Record<string, string>>): string => execFileSync('bash', ['-eo', 'pipefail', '-c', (commands.get(name) ?? '').replaceAll('/srv/api', site)], {
        cwd: folder, encoding: 'utf8', env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, ...env }, stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();

      const version = { DEPLOY_COMMIT: 'c2', DEPLOY_PREVIOUS: 'c1' };
      expect(run('current', {})).toBe('c1');
      run('deploy', version);
      expect([run('current', {}), run('verify', version), readFileSync(join(site, 'current/app'), 'utf8')]).toEqual(['c2', 'c2', 'the app']);
      run('rollback', version);
      expect([run('current', {}), readlinkSync(join(site, 'current'))]).toEqual(['c1', 'releases/c1']);
      expect(() => run('verify', version)).toThrow();
      expect(() => run('rollback', { DEPLOY_PREVIOUS: 'c9' })).toThrow();
      expect(() => run('rollback', { DEPLOY_PREVIOUS: '' })).toThrow();
      expect([run('current', {}), readFileSync(join(folder, 'restarts'), 'utf8').trim().split('\n')]).toEqual(['c1', Array(2).fill('systemctl restart api')]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
