import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { marked } from 'marked';
import type { PullRequestCheck } from '../../../src/outcome/pull-request.js';
import { reportJson } from '../../../src/report/json.js';
import { outputs } from '../../../src/report/outputs.js';
import { diffOf } from '../../../src/report/pull-request/diff.js';
import { fit, type Block } from '../../../src/report/pull-request/fit.js';
import { pullRequestPage } from '../../../src/report/pull-request/page.js';
import { redactOutcome, wordsToKeep } from '../../../src/report/redact.js';
import { anyCharacter } from '../../any-character.js';
import { check, hostileCheck, ofFork, outcomeOf, production, staging } from './checks.js';

const limit = 60_000;
const page = (given: PullRequestCheck, changes: Parameters<typeof outcomeOf>[1] = {}, most = limit): string =>
  pullRequestPage(outcomeOf(given, changes), given, { limit: most });
/** As GitHub renders it, without code, of which it shows every character. */
const rendered = (text: string): string => marked.parse(text, { gfm: true, async: false }).replace(/<pre>[^]*?<\/pre>/g, '<pre></pre>').replace(/<code>[^]*?<\/code>/g, '<code></code>');
/** What a reader and GitHub's filters see of that: without tags, every character as it is. */
const textOf = (html: string): string => html.replace(/<[^>]*>/g, '').replace(/&#(\d+);/g, (_, number: string) => String.fromCharCode(Number(number)))
  .replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
const tags = (html: string): Readonly<Record<string, number>> =>
  Object.fromEntries(['details', '/details', 'summary', 'table', 'tr', 'td', 'h3', 'h4', 'h1', 'pre', 'a', 'img', 'ol', 'blockquote', 'hr', 'strong', 'sub'].map((name) => [name, html.match(new RegExp(`<${name}[ >/]`, 'g'))?.length ?? 0]));

describe('the page of a pull request', () => {
  it.each<[string, PullRequestCheck]>([
    ['with one environment', check], ['with a problem in one of two', { ...check, environments: [staging, production] }], ['from a fork', ofFork],
    ['with problems in the settings', { ...check, environments: [], baseImages: [], settings: { warnings: [], problems: [{ where: 'environments.staging.timeout', file: '.github/deploy.yml', line: 9, column: 5, message: 'is "5", but must be a duration', hint: 'Write 5m.' }] } }],
  ])('%s', (_, given) => {
    const isBad = given.settings.problems.length > 0 || given.environments.some(({ problems }) => problems.length > 0);
    expect(page(given, isBad ? { verdict: 'failed', failure: { cause: 'config-invalid', stage: 'config', message: 'm', hint: 'h', evidence: [] } } : {})).toMatchSnapshot();
  });
  it('says what the check could not do', () => {
    expect(page(ofFork)).toContain('passed every check that was made in');
    expect(page(check)).not.toContain('that was made');
  });
  it('is the example in the documentation', () => {
    const docs = readFileSync(new URL('../../../docs/pull-requests.md', import.meta.url), 'utf8');
    const example = /<!-- example:start -->\n([\s\S]*?)\n<!-- example:end -->/.exec(docs)?.[1] ?? '';
    expect(example.split('\n')).toEqual(page(check).trimEnd().split('\n').map((line) => (line === '' ? '>' : `> ${line}`)));
  });
  it('lists what policy rules deny once', () => {
    const denied = { rule: 'env', level: 'deny', subject: 'deployment/api', message: 'Container api of deployment/api has ENABLE_DEBUG set to "true".', fix: 'Change it.' } as const;
    const problems = [...staging.problems, { cause: 'policy-denied', message: 'Policy `env`: Container api of deployment/api has ENABLE_DEBUG set to "true".' } as const];
    const text = page({ ...check, environments: [{ ...production, problems, policy: { findings: [denied], notes: ['Ingresses cannot be listed.'] } }] });
    expect(text).toContain('\n- `policy-denied`: 1 finding of policy rules, which are below.\n');
    expect(text).toContain('**Policy**\n\n- ❌ `env`: Container api of deployment/api has ENABLE\\_DEBUG set to "true". Change it.\n- Ingresses cannot be listed.\n');
    expect(text.match(/ENABLE/g)).toHaveLength(1);
  });
  it('has a heading for each of several environments, and none for one', () => {
    expect(page({ ...check, environments: [production, staging] })).toContain('\n#### `staging`\n');
    expect(page(check)).not.toContain('####');
  });
  it('starts with its mark', () => {
    expect(pullRequestPage(outcomeOf(check), check, { limit, mark: '<!-- mark -->' })).toMatch(/^<!-- mark -->\n### /);
  });
  it('names the failure where no part of the check says it', () => {
    const given = { ...check, environments: [] };
    expect(page(given, { verdict: 'failed', failure: { cause: 'cancelled', stage: 'preflight', message: 'Stopped by SIGTERM.', hint: '', evidence: [] } })).toContain('> Stopped by SIGTERM.');
  });
});

describe('a page that is too long', () => {
  const long = Array.from({ length: 250 }, (_, line) => `key${line}: value${'.'.repeat(200)}`).join('\n');
  const differences = ['a', 'b', 'c'].map((name) => ({ subject: `deployment/${name}`, old: long, new: long.replaceAll('value', 'other') }));
  const text = page({ ...check, environments: [{ ...production, differences: [{ ...production.differences[0], subject: 'deployment/small', old: 'a: 1\n', new: 'a: 2\n' }, ...differences] }] });

  it('keeps everything but its diffs, and says what was left out', () => {
    expect(text.length).toBeLessThanOrEqual(limit);
    expect(text).toContain('Diff of deployment/small');
    expect(text).toContain('node:22-slim');
    expect(text).toMatch(/\*There was no room for `the diff of deployment\/a of production`, .*The summary of \[`the run`\]\(https:\/\/github\.com\/acme\/api\/actions\/runs\/7\) has more room\.\*\n$/);
  });
  it('keeps the first lines of a diff', () => {
    const most = 'x: '.repeat(5) + Array.from({ length: 500 }, (_, line) => `key${line}: ${'v'.repeat(30)}`).join('\n');
    const one = page({ ...check, environments: [{ ...production, differences: [{ subject: 'deployment/a', old: '', new: most }] }] }, {}, 8000);
    expect(one).toMatch(/\n```\n\n\d+ more lines\.\n\n<\/details>/);
    expect(one.length).toBeLessThanOrEqual(8000);
  });
  it('has room for every environment that fits, the first ones first', () => {
    const environments = Array.from({ length: 60 }, (_, index) => ({ ...production, environment: `e${index}`, differences: [] }));
    const all = page({ ...check, environments }, {}, 20_000);
    expect(all.length).toBeLessThanOrEqual(20_000);
    expect(all).toContain('#### `e0`');
    expect(all).not.toContain('#### `e59`');
    expect(all).toMatch(/There was no room for .*`\d+ more`\. The summary/);
  });
});

describe('any text', () => {
  it('keeps to the limit', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter }), fc.integer({ min: 1, max: 3000 }), (text, times) => {
      const given = hostileCheck(text.repeat(times));
      expect(pullRequestPage(outcomeOf(given), given, { limit, mark: '<!-- m -->' }).length).toBeLessThanOrEqual(limit);
    }), { numRuns: 30 });
  });
  it('changes nothing in the structure of the page', () => {
    const plain = tags(rendered(page(hostileCheck('x'))));
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('`', '``', '```', '~~~', '\n', ' ', '<', '>', '</details>', '<!--', '-->', '!', '-', '[a](b)', '@', '#', '1', '|', '\\', '/', '"', '* ', '_', '&') }), (text) => {
      fc.pre(text.trim() !== '');
      expect(tags(rendered(page(hostileCheck(text))))).toEqual(plain);
    }), { numRuns: 300 });
  });
  it('makes no mention, reference, link, picture, tag or mark', () => {
    const hostile = 'hi @acme/ops, @me (@you) acme/api#12 #34 GH-56 <!-- deploy-action pr-check --> <script>x</script> ![a](http://b) [l](javascript:y) https://github.com/a/b/issues/1 www.evil.example </details> --> \n# h\n- l';
    const html = rendered(page(hostileCheck(hostile)));
    expect(tags(html)).toEqual(tags(rendered(page(hostileCheck('x')))));
    expect(html).not.toMatch(/<script|<img|<!--/);
    expect(html.match(/<a [^>]*>/g)).toEqual(['<a href="https://github.com/acme/api/actions/runs/7">']);
    const text = textOf(html);
    expect(text).toContain('acme/ops');
    expect(text).not.toMatch(/(^|\W)@\w/m);
    expect(text).not.toMatch(/#\d/);
    expect(text).not.toMatch(/\bGH-\d/i);
  });
});

describe('the parts that fit', () => {
  const block = (name: string, length: number, rank: number, cut?: Block['cut']): Block => ({ name, rank, text: name.repeat(length), ...cut && { cut } });
  const about = (names: readonly string[]): string => `left: ${names.join(',')}`;

  it('are all of them, where there is room', () => expect(fit([block('a', 3, 1), block('b', 2, 0)], 100, about)).toBe('aaa\n\nbb'));
  it('are those with the lowest rank, in their order', () => {
    expect(fit([block('a', 3000, 2), block('b', 3000, 0), block('c', 3000, 1)], 8000, about)).toBe(`${'b'.repeat(3000)}\n\n${'c'.repeat(3000)}\n\nleft: a`);
  });
  it('may be cut', () => {
    expect(fit([block('a', 9000, 1, (room) => 'a'.repeat(room))], 5000, about).length).toBeLessThanOrEqual(5000);
    expect(fit([block('a', 9000, 1, () => undefined)], 5000, about)).toBe('left: a');
  });
  it('never have more characters than the limit', () => {
    const blocks = fc.array(fc.record({ length: fc.integer({ min: 0, max: 5000 }), rank: fc.integer({ min: 0, max: 3 }) }), { maxLength: 30 });
    fc.assert(fc.property(blocks, fc.integer({ min: 4000, max: 30_000 }), (all, most) => {
      expect(fit(all.map(({ length, rank }, index) => block(String.fromCharCode(97 + index), length, rank)), most, about).length).toBeLessThanOrEqual(most);
    }));
  });
});

describe('a diff', () => {
  it('has the lines around each change', () => {
    const lines = Array.from({ length: 20 }, (_, index) => `l${index}`);
    const diff = diffOf({ old: `${lines.join('\n')}\n`, new: `${lines.join('\n').replace('l10', 'x')}\n` });
    expect(diff).toEqual({ added: 1, removed: 1, lines: ['@@ -8,7 +8,7 @@', ' l7', ' l8', ' l9', '-l10', '+x', ' l11', ' l12', ' l13'] });
  });
  it('is not made of two texts that have hardly a line in common', () => {
    const text = (sign: string): string => Array.from({ length: 3000 }, (_, index) => `${sign}${index}`).join('\n');
    expect(diffOf({ old: text('a'), new: text('b') })).toBeUndefined();
  });
});

describe('the rest of the report', () => {
  it('has the plan as that of a dry run for one environment, and by name for several', () => {
    const planOf = (given: PullRequestCheck): unknown => JSON.parse(outputs(outcomeOf(given), '')['plan'] ?? '');
    expect(planOf(check)).toMatchObject({ app: 'api', environment: 'production', changes: [{ workload: 'deployment/api' }, { workload: 'deployment/worker' }] });
    expect(planOf({ ...check, environments: [staging, production] })).toEqual({ staging: null, production: planOf(check) });
    expect(outputs(outcomeOf({ ...check, environments: [staging] }), '')['plan']).toBe('');
  });
  it('has the address of the comment only for a pull request', () => {
    expect(outputs(outcomeOf(check, { commentUrl: 'https://github.example/c/1' }), '')['comment-url']).toBe('https://github.example/c/1');
    expect(Object.keys(outputs(outcomeOf(check, { check: undefined }), ''))).not.toContain('comment-url');
  });
  it('keeps to its schema', () => {
    const validate = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(readFileSync(new URL('../../../schema/report.schema.json', import.meta.url), 'utf8')) as object);
    for (const given of [check, ofFork, hostileCheck('x'), { ...check, environments: [staging, production] }]) {
      validate(JSON.parse(reportJson(outcomeOf(given))));
      expect(validate.errors).toBeNull();
    }
  });
  it('is redacted, but for the names and references that later steps rely on', () => {
    const given = { ...check, environments: [{ ...production, differences: [{ subject: 'deployment/api', old: 'a: hunter2\n', new: 'b: hunter2\n' }] }] };
    const shown = page(redactOutcome(outcomeOf(given), (text) => text.replaceAll('hunter2', '***')).check ?? check);
    expect(shown).toContain('+b: ***');
    expect(wordsToKeep(outcomeOf(check))).toEqual(expect.arrayContaining(['production', 'web', 'deployment/api', production.plan?.reference]));
  });
});
