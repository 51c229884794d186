import { describe, expect, it } from '@jest/globals';
import { noticeOf } from '../../src/notify/notice.js';
import { teamsMessage } from '../../src/notify/teams.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { deployed, rollbackFailed, rolledBack } from '../report/outcomes.js';
import { bodyOf, type Any } from './notices.js';

const message = (outcome: Outcome) => teamsMessage(noticeOf(outcome), { url: 'https://flow.example/x' });
const card = (outcome: Outcome): Any => bodyOf(message(outcome)).attachments[0].content;
const runs = (outcome: Outcome): readonly Any[] => card(outcome).body.flatMap(({ inlines }: Any) => inlines);
const lines = (outcome: Outcome): readonly string[] => runs(outcome).map(({ text }) => text);

describe('a card of Teams', () => {
  it('is in the envelope that the template of the workflow reads', () => {
    expect(bodyOf(message(deployed))).toMatchObject({
      type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: { type: 'AdaptiveCard', version: '1.4', fallbackText: 'deployed: hello to production' } }],
    });
  });
  it('of a rollback says what failed, what to do, and what the log says, each line by itself', () => {
    expect(lines(rolledBack)).toEqual([
      '↩️ rolled-back: hello to production', expect.stringMatching(/^The new version crashes\. .* is restored and verified\.$/), expect.stringMatching(/^The previous version was restored/), 'It was verified 2.9 s later.',
      'Cause: crash-loop in the stage rollout', 'Container app of pod hello-7c9f exited twice, last with exit code 1.', 'What to do: Fix the error that its log reports.',
      'log of hello-7c9f/app:', 'Error: cannot find module', '    at main.js:1', 'deployment/hello:app: hello:1 → hello:2 (now hello:1)', 'commit c0ffee0 · namespace web · image hello@bbbbbbb',
    ]);
    expect(runs(rolledBack)[0]).toMatchObject({ type: 'TextRun', color: 'Warning', weight: 'Bolder' });
    expect(runs(rollbackFailed)[0]).toMatchObject({ color: 'Attention' });
    expect(lines(rollbackFailed)).toContain(rollbackFailed.undoCommands[0]);
  });
  it('has its links as buttons', () => {
    expect(card({ ...deployed, commit: undefined, environmentUrl: 'https://api.acme.example/' }).actions).toEqual([
      { type: 'Action.OpenUrl', title: 'Run', url: 'https://github.com/acme/hello/actions/runs/7' }, { type: 'Action.OpenUrl', title: 'App', url: 'https://api.acme.example/' },
    ]);
  });
  it('has no text in which Markdown has an effect, and no date that Teams fills in', () => {
    const outcome = { ...deployed, app: '[a](https://evil.example) {{DATE(2026-01-01T00:00:00Z)}} {{ time(x)}} {{ .Values }}' };
    expect(card(outcome).body.every(({ type, inlines }: Any) => type === 'RichTextBlock' && inlines.every((each: Any) => each.type === 'TextRun'))).toBe(true);
    expect(lines(outcome)[0]).toBe('✅ deployed: [a](https://evil.example) { {DATE(2026-01-01T00:00:00Z)}} { { time(x)}} {{ .Values }} to production');
  });
  it('stays below 20 kB, whatever the run has to say', () => {
    const text = Array.from({ length: 3000 }, (_, index) => `line ${index} ✓ 🔥 "quoted"`).join('\n');
    const { failure } = rollbackFailed;
    const long = { ...rollbackFailed, undoCommands: text.split('\n'), failure: failure && { ...failure, message: text, hint: text, evidence: [{ title: text, text }] } };
    expect(Buffer.byteLength(message(long).body)).toBeLessThanOrEqual(20_000);
    expect(lines(long)[0]).toBe('🚨 rollback-failed: hello to production');
    expect(lines(long)).toContain('line 2999 ✓ 🔥 "quoted"');
  });

  const { refusal } = message(deployed);
  it.each([
    ['', undefined], ['1', undefined], ['{"id":"x"}', undefined],
    ['Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413', 'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413'],
  ])('an answer %j is refused with %j', (text, wanted) => expect(refusal?.({ status: 200, text })).toBe(wanted));
});
