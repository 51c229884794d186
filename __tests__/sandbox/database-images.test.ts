import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { recipes, type ImageName } from '../../sandbox/database-images.mjs';

describe.each(Object.keys(recipes) as ImageName[])('the recipe of %s', (name) => {
  const file = `sandbox/databases/${name}.sh`;
  const recipe = recipes[name];

  it('has an entry point without errors of syntax', () => {
    const [, shell = ''] = /^#!\/bin\/(\w+)\n/.exec(readFileSync(file, 'utf8')) ?? [];
    expect(['bash', 'sh']).toContain(shell);
    execFileSync(shell, ['-n', file]);
  });

  it('prefers a package that it takes', () => expect(recipe.preferred).toMatch(recipe.package));

  it('creates the folders of its volumes, for whoever it runs as', () => {
    const modes: Readonly<Record<string, number>> = recipe.folders;
    for (const path of Object.keys(recipe.config.Volumes)) expect(modes[path.slice(1)]).toBe(0o1777);
  });
});
