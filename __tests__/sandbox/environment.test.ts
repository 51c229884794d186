import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { pathWithOurs, shellLines } from '../../sandbox/environment.mjs';

const ours = '/var/lib/acci-sandbox/bin';

describe('shellLines', () => {
  it('survives a shell, whatever the values hold', () => {
    const variables = { PLAIN: 'a b', QUOTED: `it's "$HOME" \`date\`` };
    const printed = execFileSync('sh', ['-c', `eval "$1"; printf '%s|%s' "$PLAIN" "$QUOTED"`, 'sh', shellLines(variables)]);
    expect(printed.toString()).toBe(`${variables.PLAIN}|${variables.QUOTED}`);
  });
});

describe('pathWithOurs', () => {
  it('comes first, once', () => {
    expect(pathWithOurs({ PATH: `/usr/bin:${ours}:/bin` })).toBe(`${ours}:/usr/bin:/bin`);
  });

  it('leaves out what npm adds for its scripts', () => {
    const PATH = '/repo/node_modules/.bin:/lib/node_modules/npm/bin/node-gyp-bin:/usr/bin';
    expect(pathWithOurs({ PATH, npm_lifecycle_event: 'sandbox' })).toBe(`${ours}:/usr/bin`);
    expect(pathWithOurs({ PATH })).toBe(`${ours}:${PATH}`);
  });
});
