import { describe, expect, it } from '@jest/globals';
import { noticeOf } from '../../src/notify/notice.js';
import { cut, oneLine, webAddress } from '../../src/notify/text.js';
import { closingLines } from '../../src/report/closing.js';
import { deployed, failed, rollbackFailed, rolledBack } from '../report/outcomes.js';

describe('a notice', () => {
  it('has the words of the end of the log', () => {
    for (const outcome of [deployed, rolledBack, rollbackFailed, failed]) {
      const { title, sentence } = noticeOf(outcome);
      expect(`${title}. ${sentence}`).toBe(closingLines(outcome)[0]);
    }
  });
  it('of a failure has its cause, what to do, and what was seen', () => {
    const { severity, sign, failure, evidence, changes, notes } = noticeOf(rolledBack);
    expect([severity, sign, failure]).toEqual(['warning', '↩️', {
      cause: 'crash-loop', stage: 'rollout', message: 'Container app of pod hello-7c9f exited twice, last with exit code 1.', hint: 'Fix the error that its log reports.',
    }]);
    expect(evidence).toEqual([{ title: 'log of hello-7c9f/app', text: 'Error: cannot find module\n    at main.js:1' }]);
    expect(changes).toEqual(['deployment/hello:app: hello:1 → hello:2 (now hello:1)']);
    expect(notes).toEqual(['The previous version was restored 412 ms after the failure was detected.', 'It was verified 2.9 s later.']);
  });
  it('has commands only where a person must act', () => {
    expect(noticeOf(rollbackFailed).commands).toEqual(rollbackFailed.undoCommands);
    const continued = { ...rollbackFailed, rollback: { notes: [], continued: true } };
    expect([rolledBack, deployed, continued].map((outcome) => noticeOf(outcome).commands)).toEqual([[], [], []]);
  });
  it('says of a recovery which run had failed', () => {
    const lastRun = { failed: true, runUrl: 'https://github.com/acme/hello/actions/runs/6', startedAt: '2026-01-01T00:00:00.000Z' };
    expect(noticeOf({ ...deployed, lastRun }).notes).toEqual(['The last run had failed: https://github.com/acme/hello/actions/runs/6']);
    expect(noticeOf({ ...deployed, lastRun: { ...lastRun, failed: false } }).notes).toEqual([]);
  });
  it('says that an interrupted run was finished first', () => {
    const recovery = { runId: 'r-6', startedAt: '2026-01-01T00:00:00.000Z', result: 'restored', notes: [] } as const;
    expect(noticeOf({ ...deployed, recovery }).notes).toEqual(['An interrupted earlier run (r-6) was finished first: the version before it was restored.']);
  });
  it('links to the run, the commit and the app', () => {
    expect(noticeOf({ ...deployed, environmentUrl: 'https://api.acme.example/' }).links).toEqual([
      { text: 'Run', href: 'https://github.com/acme/hello/actions/runs/7' }, { text: 'Commit', href: `https://github.com/acme/hello/commit/${deployed.commit}` },
      { text: 'App', href: 'https://api.acme.example/' },
    ]);
    expect(noticeOf({ ...deployed, runUrl: 'javascript:alert(1)', environmentUrl: 'x' }).links).toEqual([]);
  });
  it('lists twenty versions at most', () => {
    const changes = Array.from({ length: 30 }, (_, index) => ({ subject: `deployment/a${index}`, part: '', before: '', after: 'x:2', now: undefined }));
    expect(noticeOf({ ...rollbackFailed, changes }).changes).toHaveLength(21);
    expect(noticeOf({ ...rollbackFailed, changes }).changes.slice(-2)).toEqual(['deployment/a19: unknown → x:2 (now could not be read)', 'and 10 more']);
  });
});

describe('a text', () => {
  it.each([['short', 10, 'short'], ['0123456789', 10, '0123456789'], ['01234567890', 10, '012345678…'], ['0 2 4 6  x', 9, '0 2 4 6…'], ['abc🔥', 4, 'abc…'], ['', 0, '']])(
    '%j within %d is %j', (text, limit, wanted) => expect(cut(text, limit)).toBe(wanted));
  it('is put on one line', () => expect(oneLine(' a\n\n b \nc')).toBe('a b c'));
  it.each([
    ['https://a.example/x?y=<z>|"', 'https://a.example/x?y=%3Cz%3E%7C%22'], ['https://u:p@a.example/', 'https://a.example/'], ['http://[::1]:80/a(b)', 'http://[::1]/a%28b%29'],
    ['ftp://a', undefined], ['//a', undefined], ['javascript:alert(1)', undefined], ['https://', undefined], [undefined, undefined],
  ])('as an address: %j', (text, wanted) => expect(webAddress(text)).toBe(wanted));
});
