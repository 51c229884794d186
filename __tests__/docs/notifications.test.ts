import { describe, expect, it } from '@jest/globals';
import { blocksOf } from '../../scripts/docs/markdown.mjs';
import { occasionGroups } from '../../src/config/values/occasions.js';
import { parseTexts } from '../config/parse-texts.js';
import { read } from './pages.js';

const page = read('docs/notifications.md');
const examples = blocksOf(page).filter(({ language, text }) => language === 'yaml' && /^notify:/m.test(text));

describe('the page on notifications', () => {
  it.each(examples.map(({ line, text }) => [line, text] as const))('has settings in line %d that are valid', (_, text) => {
    const variables = [...text.matchAll(/env:(\w+)/g)].map(([, name = '']) => [name, name === 'SMTP_URL' ? 'smtps://u:p@mail.acme.example' : 'https://a.example/x'] as const);
    const { config, warnings } = parseTexts({ action: 'deploy', inputs: { test: 'x' }, text, facts: { env: Object.fromEntries(variables) } });
    expect([config.notify.length > 0, warnings]).toEqual([true, []]);
  });
  it('explains every word for several verdicts', () => {
    const explained = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, word]) => word);
    expect(explained).toEqual(expect.arrayContaining([...occasionGroups]));
  });
});
