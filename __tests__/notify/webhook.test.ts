import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { grafanaMessage } from '../../src/notify/grafana.js';
import { noticeOf } from '../../src/notify/notice.js';
import { signature, webhookMessage } from '../../src/notify/webhook.js';
import { reportJson } from '../../src/report/json.js';
import { deployed, rolledBack } from '../report/outcomes.js';
import { bodyOf } from './notices.js';

const url = 'https://hooks.acme.example/deployments';

describe('a webhook of the user', () => {
  it('gets the report, by which event it came, and an id', () => {
    expect(webhookMessage(rolledBack, { url }, 'run-1-0')).toMatchObject({
      url, body: reportJson(rolledBack),
      headers: { 'content-type': 'application/json; charset=utf-8', 'x-deploy-action-event': 'rolled-back', 'x-deploy-action-delivery': 'run-1-0' },
    });
    expect(Object.keys(webhookMessage(rolledBack, { url }, 'x').headers)).not.toEqual(expect.arrayContaining(['x-hub-signature-256']));
  });
  it('is signed as the webhooks of GitHub are', () => {
    // The example of https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    expect(signature('Hello, World!', "It's a Secret to Everybody")).toBe('sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17');
    const { headers, body } = webhookMessage({ ...rolledBack, app: 'ü✓' }, { url, secret: 's3cret', token: 't0ken' }, 'x');
    expect(headers).toMatchObject({ 'x-hub-signature-256': `sha256=${createHmac('sha256', 's3cret').update(Buffer.from(body)).digest('hex')}`, 'authorization': 'Bearer t0ken' });
  });
});

describe('an annotation of Grafana', () => {
  const message = (outcome = deployed, address = 'https://grafana.acme.example') => grafanaMessage(noticeOf(outcome), { url: address, token: 'glsa_x' }, outcome);
  it('marks the time of the run, with tags', () => {
    expect(message()).toMatchObject({ url: 'https://grafana.acme.example/api/annotations', headers: { authorization: 'Bearer glsa_x' } });
    expect(bodyOf(message())).toEqual({
      time: deployed.startedAt, timeEnd: Math.round(deployed.startedAt + deployed.durationMs), tags: ['deployment', 'app:hello', 'environment:production', 'verdict:deployed'],
      text: 'deployed: hello to production<br>The new version is deployed to every workload and verified (42.1 s).<br>deployment/hello:app: hello:1 → hello:2<br>'
        + '<a href="https://github.com/acme/hello/actions/runs/7">Run</a>',
    });
  });
  it('is created below the path of Grafana', () => expect(message(deployed, 'https://a.example/grafana/').url).toBe('https://a.example/grafana/api/annotations'));
  it('has no HTML but its own, and tags of 100 characters', () => {
    const { text, tags } = bodyOf(message({ ...deployed, app: `<img src=x onerror="a">${'x'.repeat(200)}`, runUrl: undefined, environment: undefined }));
    expect(text.replaceAll('<br>', '')).not.toMatch(/[<>"]/);
    expect(tags.map((tag: string) => tag.length)).toEqual([10, 100, 16]);
  });
});
