import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lastLines } from '../../src/report/evidence.js';
import { shortNames } from '../../src/outcome/short-name.js';
import { duration } from '../../src/report/format.js';
import { gantt } from '../../src/report/gantt.js';
import { code, codeBlock, html, inline, prose } from '../../src/report/markdown.js';
import type { Span } from '../../src/outcome/outcome.js';
import { summary } from '../../src/report/summary.js';
import { deployed, failed, hostileOutcome, planned, rollbackFailed, rolledBack } from './outcomes.js';
import { anyCharacter } from '../any-character.js';

describe('the summary', () => {
  it.each(Object.entries({ deployed, rolledBack, rollbackFailed, planned, failed }))('of a run that ended as %s', (_, outcome) => {
    expect(summary(outcome)).toMatchSnapshot();
  });

  it('says of a dry run once what would change, and once what it warns of', () => {
    const plan = planned.plan && { ...planned.plan, warnings: ['There is no readiness probe.'] };
    const text = summary({ ...planned, plan, warnings: ['There is no readiness probe.'] });
    expect(text.match(/\| workload \|/g)).toHaveLength(1);
    expect(text.match(/There is no readiness probe/g)).toHaveLength(1);
    expect(text).not.toContain('could not be read');
  });

  it('has the commands to go back by hand at its end where a post step goes on', () => {
    const text = summary({ ...rollbackFailed, rollback: { notes: [], continued: true } });
    expect(text).not.toContain('**Roll back by hand**');
    expect(text).toContain('<summary>Roll back by hand</summary>');
  });

  it('links to where users reach the app, by the name of the environment or else by the address', () => {
    const environmentUrl = 'https://api.acme.example/a(b)?c=[d]';
    expect(summary({ ...deployed, environmentUrl })).toContain('### ✅ deployed: `hello` to [`production`](https://api.acme.example/a%28b%29?c=[d])\n');
    expect(summary({ ...deployed, environment: undefined, environmentUrl: 'https://api.acme.example/' })).toContain('to [`api.acme.example`](https://api.acme.example/)\n');
  });

  it('lists several problems and several things to do', () => {
    const { failure } = rolledBack;
    const text = summary({ ...rolledBack, failure: failure && { ...failure, message: 'one `a`\ntwo', hint: 'Do this.\nDo that.' } });
    expect(text).toContain('> - one `a`\n> - two\n');
    expect(text).toContain('**What to do:**\n\n- Do this.\n- Do that.\n');
  });

  it('says what the verdict rests on, who started it, and where the commit is', () => {
    const text = summary({ ...deployed, actor: 'octocat', rolledOutMs: 2800, verified: [{ what: 'service/hello/ -> 200', seen: '3 pods and `service/hello` returned 200' }] });
    expect(text).toContain('**Verified** (rolled out in 2.8 s)\n\n- ✓ `service/hello/ -> 200`: 3 pods and `service/hello` returned 200\n');
    expect(text).toContain(`commit [\`c0ffee0\`](https://github.com/acme/hello/commit/${deployed.commit}) · by octocat`);
  });

  it.each([['a text', 'https://github.com/acme/hello/actions/runs/7'], [deployed.commit ?? '', 'https://evil.example/x](y)/actions/runs/7']])(
    'makes no link of the commit %j of the run %j', (commit, runUrl) => expect(summary({ ...deployed, commit, runUrl })).not.toContain(']('));

  it('stays within 64 KiB, and keeps the end of the evidence', () => {
    const log = Array.from({ length: 20_000 }, (_, line) => `line ${line}`).join('\n');
    const { failure } = rolledBack;
    const text = summary({ ...rolledBack, failure: failure && { ...failure, evidence: [{ title: 'a', text: log }, { title: 'b', text: log }] } });
    expect(text.length).toBeLessThanOrEqual(64 * 1024);
    expect(text.match(/line 19999\n```/g)).toHaveLength(2);
    expect(text).toContain('… (earlier lines are left out)\nline ');
    expect(text).toContain('Roll back by hand');
  });

  it('stays within 64 KiB whatever is long', () => {
    expect(summary(hostileOutcome('long `<|# '.repeat(50_000))).length).toBeLessThanOrEqual(64 * 1024);
  });

  it('lets no tag, link, picture, mention or formula in', () => {
    const hostile = '</summary></details><script>x</script> ![a](http://b) <img src=x> [l](javascript:y) @me #1 $x$ https://evil www.evil.com\n# h\n- l';
    // Outside of code, all that is left of it is text.
    const outsideCode = summary(hostileOutcome(hostile)).replace(/^(`{3,})[^`\n]*\n[\s\S]*?\n\1$/gm, '').replace(/(?<!`)(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, '');
    expect(outsideCode).not.toMatch(/<(?!details open>|\/?(details|summary|sub|br)>)/);
    expect(outsideCode).not.toMatch(/(^|[^\\])(\]\(|!\[|\$)/);
    expect(outsideCode).not.toMatch(/^(?:> )?(?:- )?(?:# h|- l)/m);
  });
});

describe('the timeline', () => {
  const span = (label: string, startMs = 0, endMs = 5): Span => ({ stage: 'test', label, startMs, endMs, result: 'ok' });
  const other: Span = { stage: 'build', label: 'other', startMs: 0, endMs: 1000, result: 'ok' };
  /** The first of two bars. */
  const barOf = (first: Span) => gantt({ timeline: [first, other] }).split('\n').slice(4, -2);

  it.each<[string, string]>([
    ['npm test', '  npm test (5 ms) :0, 5000'],
    ['', '  test (5 ms) :0, 5000'],
    ['a: b; c, %% d # e "f" `g` ```', '  a b c, d e f g (5 ms) :0, 5000'],
    ['line\nsection x', '  line section x (5 ms) :0, 5000'],
    ['section x', '  test section x (5 ms) :0, 5000'],
    ['größe ‮x', '  größe x (5 ms) :0, 5000'],
    ['x'.repeat(100), `  ${'x'.repeat(48)} (5 ms) :0, 5000`],
  ])('shows the label %j', (label, bar) => {
    expect(barOf(span(label))).toEqual([bar]);
  });

  it.each([
    [0, 0, '  a (0 ms) :0, 1000'], [10, 5, '  a (0 ms) :10000, 11000'], [-1, Number.NaN, '  a (0 ms) :0, 1000'], [1.4, 2.6, '  a (1 ms) :1000, 3000'],
  ])('draws a bar from %s to %s', (startMs, endMs, bar) => {
    expect(barOf(span('a', startMs, endMs))).toEqual([bar]);
  });

  it.each<[number, string, string]>([
    [900, '%s ms', '  a (900 ms) :0, 900000'], [90_000, '%s s', '  a (90.0 s) :0, 90000'],
    [1_800_000, '%s min', '  a (30 min 00 s) :0, 30000'], [72_000_000, '%s h', '  a (1200 min 00 s) :0, 20000'],
  ])('has an axis that suits %s ms', (endMs, axis, bar) => {
    const lines = gantt({ timeline: [span('a', 0, endMs), { ...other, endMs: 1 }] }).split('\n');
    expect(lines.slice(3, 5)).toEqual([`  axisFormat ${axis}`, bar]);
  });

  it('names the part that failed as the cause does', () => {
    const timeline: Span[] = [other, { stage: 'rollout', label: 'rollout', startMs: 1000, endMs: 2000, result: 'failed' }];
    const failure = { ...rolledBack.failure, cause: 'smoke-failed', stage: 'smoke', message: '', hint: '', evidence: [] } as const;
    expect(gantt({ timeline, failure })).toContain('  rollout, smoke (1.0 s) :crit, ');
    expect(gantt({ timeline, failure: { ...failure, stage: 'rollout' } })).toContain('  rollout (1.0 s) :crit, ');
  });

  it('is left out where there is nothing to compare, and bounded where there is much', () => {
    expect(gantt({ timeline: [] })).toBe('');
    expect(gantt({ timeline: [span('a')] })).toBe('');
    expect(gantt({ timeline: Array.from({ length: 1000 }, () => span('a')) }).split('\n').length).toBeLessThan(50);
  });

  it('is one well-formed line for any label', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter }), (label) => {
      expect(barOf(span(label))).toEqual([expect.stringMatching(/^ {2}[\p{L}\p{N} ,._/+-]+\(5 ms\) :0, 5000$/u)]);
    }));
  });
});

describe('names in a table', () => {
  const [one, two] = ['0', 'f'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string];
  const commit = 'c0ffee0'.padEnd(40, '1');
  it.each<[string, readonly string[], readonly string[]]>([
    ['have no registry, and the commit of a tag to 7 digits', [`ghcr.io/acme/api:${commit}@${one}`, `ghcr.io/acme/api:1.2@${two}`], ['api:c0ffee0', 'api:1.2']],
    ['have the digest where there is no tag', [`ghcr.io:5000/acme/api@${two}`], ['api@fffffff']],
    ['have the digest where the tag is the same', [`acme/api:main@${one}`, `acme/api:main@${two}`], ['api:main@0000000', 'api:main@fffffff']],
    ['are the same for the same version', [`acme/api:main@${one}`, `acme/api:main@${one}`], ['api:main', 'api:main']],
    ['show what is not known yet', ['api:1', 'api:1@<digest of the build>'], ['api:1', 'api:1@<digest of the build>']],
    ['keep a suffix of the tag', [`api:${commit}-dirty-0a1b2c3`], ['api:c0ffee0-dirty-0a1b2c3']],
    ['are as they are where they are no image', ['v12 of 2026', ''], ['v12 of 2026', '']],
    ['are cut', [`https://example.com/${'x'.repeat(60)}`, 'a\u{1F600}'.repeat(30)], [`https://example.com/${'x'.repeat(19)}…`, `${'a\u{1F600}'.repeat(19)}a…`]],
  ])('%s', (_, versions, names) => expect(shortNames(versions)).toEqual(names));
});

describe('markdown', () => {
  it.each([
    ['a_b*c', 'a\\_b\\*c'], ['<b>&', '&lt;b&gt;&amp;'], ['1. x', '&#49;. x'], ['12) x', '&#49;2) x'], ['- x\n+ y', '\\- x<br>\\+ y'],
    ['see https://x.y', 'see https&#58;//x.y'], ['@me', '&#64;&#8203;me'], ['a@b.c #1 a/b#2 GH-3', 'a&#64;b.c \\#&#8203;1 a/b\\#&#8203;2 GH-&#8203;3'], ['\u001b[31mred\u001b[0m', 'red'],
  ])('inline %j is %j', (text, markdown) => {
    expect(inline(text)).toBe(markdown);
  });

  it.each([
    ['Set `a_b` and `c`.', 'Set `a_b` and `c`.'], ['a_b `c', 'a\\_b \\`c'], ['`- a` b\n- c', '`- a` b<br>\\- c'], ['`<b>` <b>', '`<b>` &lt;b&gt;'], ['x `a` - 1. y', 'x `a` - 1. y'],
  ])('prose %j is %j', (text, markdown) => {
    expect(prose(text)).toBe(markdown);
  });

  it.each([
    ['a', '`a`'], ['a`b', '``a`b``'], ['`', '`` ` ``'], ['', '`  `'], ['a\nb', '`a b`'], ['``` `', '```` ``` ` ````'],
  ])('code %j is %j', (text, markdown) => {
    expect(code(text)).toBe(markdown);
  });

  it('closes no block of code from inside', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('`', '~', '\n', 'a', ' ', '\r') }), (text) => {
      const [open = '', ...rest] = codeBlock(text).split('\n');
      const fence = open.replace('text', '');
      expect(rest.findIndex((line) => line.trim().startsWith(fence))).toBe(rest.length - 1);
    }));
  });

  it('keeps text out of HTML', () => {
    expect(html('<a href="x">&\n')).toBe('&#60;a href=&#34;x&#34;&#62;&#38; ');
  });
});

describe('small things', () => {
  it.each([[0, '0 ms'], [999, '999 ms'], [1000, '1.0 s'], [99_949, '99.9 s'], [99_950, '1 min 40 s'], [245_400, '4 min 05 s']])(
    '%s ms is %s', (ms, text) => { expect(duration(ms)).toBe(text); });

  it('keeps the last whole lines', () => {
    expect(lastLines('one\ntwo\n', 100)).toBe('one\ntwo');
    expect(lastLines(`${'a'.repeat(50)}\n${'b'.repeat(30)}`, 70)).toBe(`… (earlier lines are left out)\n${'b'.repeat(30)}`);
  });
});
