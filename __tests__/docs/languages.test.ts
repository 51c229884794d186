import { describe, expect, it } from '@jest/globals';
import { blocksOf, headingsOf, linksOf } from '../../scripts/docs/markdown.mjs';
import { read } from './pages.js';

const page = (language: string): string => read(`docs/first-deployment/${language}.md`);
const codeOf = (text: string): string[] => [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);

// What a reader types and clicks is the same in every language.
describe.each(['fr', 'es', 'sq'])('the first deployment in %s', (language) => {
  it('has the same headings, by level and number', () => {
    const shapes = (text: string) => headingsOf(text).map((heading) => /^#+ (?:\d+\.)?/.exec(heading)?.[0]);
    expect(shapes(page(language))).toEqual(shapes(page('en')));
  });
  it('has the same blocks of code', () => expect(blocksOf(page(language)).map(({ text }) => text)).toEqual(blocksOf(page('en')).map(({ text }) => text)));
  it('has the same words of code in its text', () => expect(codeOf(page(language)).sort()).toEqual(codeOf(page('en')).sort()));
  it('has the same links', () => expect(linksOf(page(language)).map((link) => link.split('#')[0])).toEqual(linksOf(page('en')).map((link) => link.split('#')[0])));
});
