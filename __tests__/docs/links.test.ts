import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from '@jest/globals';
import { anchorsOf, linksOf } from '../../scripts/docs/markdown.mjs';
import { pages, read, root } from './pages.js';

it.each(pages)('%s: every link within the repository leads somewhere', (page) => {
  const broken = linksOf(read(page)).filter((link) => !/^(?:[a-z]+:|\/\/)/.test(link)).filter((link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path)));
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(read(target)).has(anchor);
  });
  expect(broken).toEqual([]);
});
