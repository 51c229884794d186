import { describe, expect, it } from '@jest/globals';
import { emailMessage } from '../../src/notify/email.js';
import { noticeOf } from '../../src/notify/notice.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { deployed, rollbackFailed, rolledBack } from '../report/outcomes.js';

const target = { from: { name: 'Deployments', address: 'deploy@acme.example' }, to: [{ address: 'ops@acme.example' }] };
const message = (outcome: Outcome) => emailMessage(noticeOf(outcome), target);

describe('an e-mail', () => {
  it('goes to the recipients, and is answered by no program', () => {
    expect(message(rolledBack)).toMatchObject({ ...target, subject: 'rolled-back: hello to production (crash-loop)', headers: { 'Auto-Submitted': 'auto-generated', 'X-Deploy-Action-Event': 'rolled-back' } });
    expect(message(deployed).subject).toBe('deployed: hello to production');
  });
  it('says as text what failed, what to do, and what the log says', () => {
    expect(message(rollbackFailed).text.split('\n')).toEqual([
      expect.stringMatching(/^The new version crashes\. .* Manual action is required\.$/), 'The API server did not answer within 30 s.', '', 'Cause: crash-loop in the stage rollout',
      'Container app of pod hello-7c9f exited twice, last with exit code 1.', '', 'What to do: Fix the error that its log reports.',
      '', 'Roll back by hand:', `  ${rollbackFailed.undoCommands[0]}`, '', 'Versions:', '  deployment/hello:app: hello:1 → hello:2 (now hello:2)',
      '', 'log of hello-7c9f/app:', '  Error: cannot find module', '      at main.js:1', '', 'commit c0ffee0, namespace web, image hello@bbbbbbb',
      '', 'Run: https://github.com/acme/hello/actions/runs/7', `Commit: https://github.com/acme/hello/commit/${deployed.commit}`,
    ]);
  });
  it('says the same in HTML', () => {
    const { html } = message(rollbackFailed);
    for (const text of ['🚨 rollback-failed: hello to production', 'What to do: Fix the error', 'Error: cannot find module', rollbackFailed.undoCommands[0] ?? '', 'href="https://github.com/acme/hello/actions/runs/7"']) {
      expect(html).toContain(text);
    }
  });
  it('shows text from outside as text', () => {
    const { failure } = rolledBack;
    const { html, subject } = message({ ...rolledBack, app: 'a\r\nBcc: evil@example.com', failure: failure && { ...failure, message: '<script>alert("1")</script>', evidence: [{ title: '<b>', text: '</pre><img src=x>' }] } });
    expect(subject).toBe('rolled-back: a Bcc: evil@example.com to production (crash-loop)');
    expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
    expect(html).not.toMatch(/<script|<img|<b>/);
  });
  it('is bounded', () => {
    const text = 'x'.repeat(1_000_000);
    const { failure } = rolledBack;
    const evidence = Array.from({ length: 20 }, () => ({ title: text, text }));
    const long = message({ ...rolledBack, app: text, failure: failure && { ...failure, message: text, hint: text, evidence } });
    expect([long.subject.length <= 180, long.text.length <= 100_000, long.html.length < 150_000]).toEqual([true, true, true]);
  });
});
