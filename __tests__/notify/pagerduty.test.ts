import { describe, expect, it } from '@jest/globals';
import { noticeOf } from '../../src/notify/notice.js';
import { dedupKey, resolveMessage, triggerMessage, type AlertSubject } from '../../src/notify/pagerduty.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { deployed, rollbackFailed, rolledBack } from '../report/outcomes.js';
import { bodyOf } from './notices.js';

const target = { url: 'https://events.pagerduty.com/v2/enqueue', key: 'R'.repeat(32) };
const subject: AlertSubject = { repository: 'acme/hello', app: 'hello', environment: 'production', namespace: 'web', deploys: true };
const trigger = (outcome: Outcome, of: Partial<AlertSubject> = {}) => triggerMessage(noticeOf(outcome), target, { ...subject, ...of }, Date.UTC(2026, 0, 2));

describe('an alert of PagerDuty', () => {
  it('is opened with what has happened', () => {
    expect(trigger(rolledBack).url).toBe(target.url);
    expect(bodyOf(trigger(rolledBack))).toEqual({
      routing_key: target.key, event_action: 'trigger', dedup_key: 'deploy-action/acme/hello/hello/production', client: 'deploy-action', client_url: 'https://github.com/acme/hello/actions/runs/7',
      payload: {
        summary: 'rolled-back: hello to production. The new version crashes. The previous version is restored and verified.', source: 'hello · production · acme/hello',
        severity: 'warning', timestamp: '2026-01-02T00:00:00.000Z', component: 'hello', group: 'production', class: 'crash-loop',
        custom_details: {
          'what happened': expect.stringContaining('It was verified 2.9 s later.'), 'cause': 'crash-loop in the stage rollout', 'message': expect.stringContaining('exited twice'),
          'what to do': 'Fix the error that its log reports.', 'versions': 'deployment/hello:app: hello:1 → hello:2 (now hello:1)', 'facts': 'commit c0ffee0, namespace web, image hello@bbbbbbb',
          'log': 'log of hello-7c9f/app\nError: cannot find module\n    at main.js:1',
        },
      },
      links: [{ text: 'Run', href: 'https://github.com/acme/hello/actions/runs/7' }, { text: 'Commit', href: `https://github.com/acme/hello/commit/${deployed.commit}` }],
    });
  });
  it('is critical when the rollback failed, and has the commands then', () => {
    expect(bodyOf(trigger(rollbackFailed)).payload).toMatchObject({ severity: 'critical', custom_details: { 'roll back by hand': rollbackFailed.undoCommands[0] } });
  });
  it('is resolved by its key alone', () => {
    expect(bodyOf(resolveMessage(target, subject))).toEqual({ routing_key: target.key, event_action: 'resolve', dedup_key: 'deploy-action/acme/hello/hello/production' });
  });
  it('stays within the limits of an event', () => {
    const text = '🔥'.repeat(100_000);
    const { failure } = rollbackFailed;
    const long = failure && { ...failure, message: text, hint: text, evidence: [{ title: text, text }] };
    const message = trigger({ ...rollbackFailed, app: text, failure: long }, { app: text, environment: text });
    const { dedup_key: key, payload } = bodyOf(message);
    expect([key.length <= 255, payload.summary.length <= 1024, payload.source.length <= 255]).toEqual([true, true, true]);
    expect(Buffer.byteLength(message.body)).toBeLessThan(100_000);
  });

  it.each<[string, Partial<AlertSubject>, string]>([
    ['another app', { app: 'billing' }, 'deploy-action/acme/hello/billing/production'], ['no environment', { environment: undefined }, 'deploy-action/acme/hello/hello/web'],
    ['nothing but the app', { environment: undefined, namespace: undefined, repository: undefined }, 'deploy-action//hello/'],
    ['runs that deploy nothing', { deploys: false }, 'deploy-action/acme/hello/hello/production/build'], ['a line break', { app: 'a\nb\u001b[1m' }, 'deploy-action/acme/hello/ab/production'],
  ])('has a key of its own for %s', (_, change, key) => expect(dedupKey({ ...subject, ...change })).toBe(key));
  it('has a key of the same length for long names, which differs where they do', () => {
    const [a, b] = ['a', 'b'].map((end) => dedupKey({ ...subject, app: 'x'.repeat(300) + end }));
    expect([a?.length, a === b]).toEqual([b?.length, false]);
    expect(a).toMatch(/^deploy-action\/[0-9a-f]{64}$/);
  });

  const { refusal } = trigger(rolledBack);
  it.each([
    [202, '{"status":"success","message":"Event processed","dedup_key":"x"}', undefined], [202, '', undefined],
    [200, '', 'nothing, where 202 is expected'], [202, '{"status":"invalid event","message":"Event object is invalid","errors":["Length of \'routing_key\' is incorrect"]}', 'Event object is invalid: Length of \'routing_key\' is incorrect'],
    [200, 'hello', 'hello'],
  ])('an answer %d %j is refused with %j', (status, text, wanted) => expect(refusal?.({ status, text })).toBe(wanted));
});
