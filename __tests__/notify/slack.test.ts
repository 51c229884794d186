import { describe, expect, it } from '@jest/globals';
import { noticeOf } from '../../src/notify/notice.js';
import { slackMessage } from '../../src/notify/slack.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { deployed, rollbackFailed, rolledBack } from '../report/outcomes.js';
import { bodyOf, type Any } from './notices.js';

const url = 'https://hooks.slack.com/services/T/B/X';
const message = (outcome: Outcome) => slackMessage(noticeOf(outcome), { url });
const blocks = (outcome: Outcome): readonly Any[] => bodyOf(message(outcome)).blocks;
const texts = (outcome: Outcome): readonly string[] =>
  blocks(outcome).map((block) => block.text?.text ?? block.elements[0].text ?? block.elements[0].elements[0].text);

describe('a message of Slack', () => {
  it('is posted as JSON, without previews of its links', () => {
    expect(message(deployed)).toMatchObject({ url, headers: { 'content-type': 'application/json; charset=utf-8' } });
    expect(bodyOf(message(deployed))).toMatchObject({ unfurl_links: false, unfurl_media: false });
  });
  it('of a rollback says what failed, what to do, and what the log says', () => {
    expect(texts(rolledBack)).toEqual([
      '↩️ rolled-back: hello to production',
      'The new version crashes. The previous version is restored and verified.\nThe previous version was restored 412 ms after the failure was detected.\nIt was verified 2.9 s later.',
      'Cause: crash-loop in the stage rollout\nContainer app of pod hello-7c9f exited twice, last with exit code 1.', 'What to do: Fix the error that its log reports.',
      'log of hello-7c9f/app:', 'Error: cannot find module\n    at main.js:1', 'deployment/hello:app: hello:1 → hello:2 (now hello:1)',
      'commit c0ffee0 · namespace web · image hello@bbbbbbb',
      expect.stringMatching(/^<https:\/\/github\.com\/acme\/hello\/actions\/runs\/7\|Run> {2}· {2}<https:\/\/github\.com\/acme\/hello\/commit\/c0ffee01+\|Commit>$/),
    ]);
  });
  it('of a failed rollback has the commands, to be copied as they are', () => {
    expect(blocks(rollbackFailed)).toContainEqual({ type: 'rich_text', elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: rollbackFailed.undoCommands[0] }] }] });
  });
  it('has a text for notifications, which is markup', () => {
    const { text } = bodyOf(message({ ...rolledBack, app: 'a<!channel>&b@all', failure: rolledBack.failure && { ...rolledBack.failure, message: 'one\n<@U1> two' } }));
    expect(text.split('\n')).toEqual([
      '↩️ rolled-back: a&lt;!channel&gt;&amp;b@\u200ball to production', expect.stringMatching(/^The new version crashes/), 'one &lt;@\u200bU1&gt; two', 'https://github.com/acme/hello/actions/runs/7',
    ]);
  });
  it('escapes the addresses of its links', () => {
    const [block] = blocks({ ...deployed, commit: undefined, runUrl: 'https://a.example/?x=1&y=<!channel>|z' }).slice(-1);
    expect(block).toEqual({ type: 'section', text: { type: 'mrkdwn', verbatim: true, text: '<https://a.example/?x=1&amp;y=%3C!channel%3E%7Cz|Run>' } });
  });

  const { refusal } = message(deployed);
  it.each([
    ['ok', undefined], ['', undefined], ['{"ok":true}', undefined], ['{"success":true}', undefined], ['no_service', 'no_service'], ['invalid_payload', 'invalid_payload'],
    ['{"ok":false,"error":"channel_not_found"}', 'channel_not_found'], ['{"ok":false}', '{"ok":false}'], ['Bienvenue', 'Bienvenue'],
  ])('an answer %j is refused with %j', (text, wanted) => expect(refusal?.({ status: 200, text })).toBe(wanted));
});
