import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { activeAgainText, brief, endedText, plannedText, replacedText, stateOf } from '../../src/github/words.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { anyCharacter } from '../any-character.js';
import { deployed, failed, planned, rolledBack, rollbackFailed, unchanged } from '../report/outcomes.js';

describe('a description for GitHub', () => {
  it.each<[string, string]>([
    ['short', 'short'],
    [' a\n\tb  c ', 'a b c'],
    ['red \u001b[31mtext\u001b[0m and \u202eturned', 'red text and turned'],
    ['done 🎉 and on', 'done and on'],
    ['x'.repeat(140), 'x'.repeat(140)],
    ['x'.repeat(141), `${'x'.repeat(139)}…`],
    [`${'word, '.repeat(30)}and the rest`, `${'word, '.repeat(22)}word…`],
  ])('%j', (text, expected) => expect(brief(text)).toBe(expected));
  it('is one line of at most 140 characters that GitHub takes, whatever it is made of', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter, maxLength: 400 }), (text) => {
      const line = brief(text);
      expect(line.length).toBeLessThanOrEqual(140);
      expect([...line].filter((sign) => /\p{Cc}/u.test(sign) || sign.length > 1)).toEqual([]);
    }));
  });
});

describe('what is said of a run', () => {
  it('is its plan, then its verdict in the words of the summary', () => {
    if (!planned.plan) throw new Error('no plan');
    expect(plannedText(planned.plan, 'c0ffee0'.padEnd(40, '1'))).toBe('hello c0ffee0: build and push 2 platforms, roll out deployment/hello');
    expect([deployed, unchanged, rolledBack, rollbackFailed].map((outcome) => endedText(outcome))).toEqual([
      'deployed: hello. The new version is deployed to every workload and verified (42.1 s).',
      'unchanged: hello. This version was already deployed and is healthy; nothing was changed (42.1 s).',
      expect.stringMatching(/^rolled-back: hello\. .* The previous version is restored and verified\.$/),
      expect.stringMatching(/^rollback-failed: hello\. .* Manual action is required\.$/),
    ]);
  });
  it('names a commit in short, and another version as it is', () => {
    expect([replacedText('b'.repeat(40)), activeAgainText('2.1.0')]).toEqual(['Replaced by bbbbbbb.', 'Active again: 2.1.0 was rolled back.']);
  });
  it.each<[string, Outcome, string]>([
    ['deployed', deployed, 'success'], ['unchanged', unchanged, 'success'], ['failed', failed, 'failure'], ['rolled-back', rolledBack, 'failure'], ['rollback-failed', rollbackFailed, 'failure'],
    ['cancelled', { ...rolledBack, ...rolledBack.failure && { failure: { ...rolledBack.failure, cause: 'cancelled' } } }, 'error'],
  ])('is for GitHub: %s', (_, outcome, state) => expect(stateOf(outcome)).toBe(state));
});
