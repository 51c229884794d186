import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lastLines } from '../../src/report/evidence.js';
import { duration, shortReference } from '../../src/report/format.js';
import { gantt } from '../../src/report/gantt.js';
import { code, codeBlock, html, inline } from '../../src/report/markdown.js';
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
    expect(outsideCode).not.toMatch(/^> ?[#-]|^# h/m);
  });
});

describe('the timeline', () => {
  const bars = (label: string, startMs = 0, endMs = 5) => gantt([{ stage: 'test', label, startMs, endMs, result: 'ok' }]).split('\n').slice(4, -1);

  it.each<[string, string]>([
    ['npm test', '  test npm test (5 ms) :0, 5'],
    ['', '  test (5 ms) :0, 5'],
    ['a: b; c, %% d # e "f" `g` ```', '  test a b c d e f g (5 ms) :0, 5'],
    ['line\nsection x', '  test line section x (5 ms) :0, 5'],
    ['größe ‮x', '  test größe x (5 ms) :0, 5'],
    ['x'.repeat(100), `  test ${'x'.repeat(48)} (5 ms) :0, 5`],
  ])('shows the label %j', (label, bar) => {
    expect(bars(label)).toEqual([bar]);
  });

  it.each([
    [0, 0, '  test a (0 ms) :0, 1'], [10, 5, '  test a (0 ms) :10, 11'], [-1, Number.NaN, '  test a (0 ms) :0, 1'], [1.4, 2.6, '  test a (1 ms) :1, 3'],
  ])('draws a bar from %s to %s', (startMs, endMs, bar) => {
    expect(bars('a', startMs, endMs)).toEqual([bar]);
  });

  it('is empty when nothing ran, and bounded when much did', () => {
    expect(gantt([])).toBe('');
    const span = { stage: 'test', label: 'a', startMs: 0, endMs: 1, result: 'ok' } as const;
    expect(gantt(Array.from({ length: 1000 }, () => span)).split('\n').length).toBeLessThan(50);
  });

  it('is one well-formed line for any label', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter }), (label) => {
      expect(bars(label)).toHaveLength(1);
      expect(bars(label)[0]).toMatch(/^ {2}test [\p{L}\p{N} ._/+-]*\(5 ms\) :0, 5$/u);
    }));
  });
});

describe('markdown', () => {
  it.each([
    ['a_b*c', 'a\\_b\\*c'], ['<b>&', '&lt;b&gt;&amp;'], ['1. x', '&#49;. x'], ['12) x', '&#49;2) x'], ['- x\n+ y', '\\- x<br>\\+ y'],
    ['see https://x.y', 'see https&#58;//x.y'], ['@me', '&#64;me'], ['\u001b[31mred\u001b[0m', 'red'],
  ])('inline %j is %j', (text, markdown) => {
    expect(inline(text)).toBe(markdown);
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

  it('shortens digests only', () => {
    expect(shortReference(`a/b:1@sha256:${'0123456789abcdef'.repeat(4)}`)).toBe('a/b:1@sha256:0123456789ab…');
    expect(shortReference('a/b@sha256:xyz')).toBe('a/b@sha256:xyz');
  });

  it('keeps the last whole lines', () => {
    expect(lastLines('one\ntwo\n', 100)).toBe('one\ntwo');
    expect(lastLines(`${'a'.repeat(50)}\n${'b'.repeat(30)}`, 70)).toBe(`… (earlier lines are left out)\n${'b'.repeat(30)}`);
  });
});
