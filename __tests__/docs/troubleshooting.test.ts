import { describe, expect, it } from '@jest/globals';
import { blocksOf, linksOf } from '../../scripts/docs/markdown.mjs';
import { causes } from '../../src/outcome/causes.js';
import { read } from './pages.js';

const page = read('docs/troubleshooting.md');
/** Every message of the action, as a pattern: what is filled in may be anything. */
const messages = read('__tests__/messages/messages.txt').split('\n').filter((line) => line.startsWith('  ')).map((line) => {
  const text = line.slice(2);
  const words = text.replaceAll(/\{[^{}]*\}/g, '\u0000');
  return { length: words.replaceAll('\u0000', '').length, pattern: new RegExp(words.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('\u0000', '.*')) };
}).filter(({ length }) => length >= 12);

describe('troubleshooting', () => {
  const sentences = blocksOf(page).filter(({ language }) => language === 'text').flatMap(({ text }) => text.split('\n'));
  it.each(sentences)('shows a sentence that the action prints: %s', (sentence) => {
    const longest = Math.max(0, ...messages.filter(({ pattern }) => pattern.test(sentence)).map(({ length }) => length));
    expect(longest).toBeGreaterThanOrEqual(Math.min(12, sentence.length / 2));
  });
  it('names causes that exist', () => {
    const named = [...page.matchAll(/\[`([\w-]+)`\]\(causes\.md\)/g)].map(([, code = '']) => code);
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((code) => !(code in causes))).toEqual([]);
  });
  it('leads to pages that say more', () => expect(linksOf(page)).toContain('how-to/cluster-login.md'));
});
