import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/host/clock.js';
import { createHttp } from '../../src/host/http.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { pushListener, type Pushgateway } from '../../src/telemetry/pushgateway/push.js';
import { deployed, failed, rolledBack } from '../report/outcomes.js';
import { readGroupPath, readMetrics } from './prometheus.js';

interface Pushed { readonly method: string; readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string }
type Misbehave = (count: number, response: ServerResponse) => 'done' | undefined;

let close = (): Promise<unknown> => Promise.resolve();
afterEach(() => close());

async function push(outcome: Outcome, given: Partial<Pushgateway> = {}, misbehave: Misbehave = () => undefined, action = 'deploy'): Promise<readonly Pushed[]> {
  const pushed: Pushed[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      pushed.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body });
      if (misbehave(pushed.length, response) !== 'done') response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  close = () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const listener = pushListener({ http: createHttp({}), clock: systemClock, log: { redact: (text: string) => text.replaceAll('hunter2hunter2', '***') } }, { ...given, url: `${url}${given.url ?? ''}` }, { action, deploys: action !== 'build' });
  await listener.hear({ kind: 'ended', outcome }, new AbortController().signal);
  return pushed;
}

const samplesOf = (pushed: readonly Pushed[]) => Object.fromEntries(readMetrics(pushed.at(-1)?.body ?? '').map(({ name, labels, value }) =>
  [[name, ...Object.values(labels).filter(() => name !== 'deploy_run_info')].join(' '), name === 'deploy_run_info' ? labels : value]));

describe('the figures of a run', () => {
  it('are pushed once, into the group of the app and its environment', async () => {
    const pushed = await push(deployed, { url: '/prefix/', login: { username: 'ci', password: 'p:w' } });
    expect(pushed).toHaveLength(1);
    expect(pushed[0]).toMatchObject({ method: 'POST', headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'authorization': `Basic ${Buffer.from('ci:p:w').toString('base64')}` } });
    expect(readGroupPath((pushed[0]?.path ?? '').replace('/prefix', ''))).toEqual({ job: 'deploy', app: 'hello', environment: 'production' });
    const [start, end] = [Date.UTC(2026, 0, 2, 3, 4, 5, 6) / 1000, (Date.UTC(2026, 0, 2, 3, 4, 5, 6) + 42_130) / 1000];
    expect(samplesOf(pushed)).toMatchObject({
      'deploy_run_success': 1, 'deploy_run_rollback': 0, 'deploy_run_start_timestamp_seconds': start, 'deploy_run_end_timestamp_seconds': end, 'deploy_run_duration_seconds': 42.13,
      'deploy_last_success_timestamp_seconds': end, 'deploy_stage_duration_seconds build': 25.8, 'deploy_stage_success rollout': 1, 'deploy_run_verdict deployed': 1, 'deploy_run_verdict rolled-back': 0,
      'deploy_run_info': { action: 'deploy', verdict: 'deployed', cause: '', stage: '', target: '', namespace: 'web', commit: deployed.commit, digest: deployed.digest },
    });
  });
  it('show no part of a secret that the Pushgateway repeats, where its words are cut', async () => {
    const fault = await push(deployed, {}, (_, response) => (response.writeHead(400).end(`${'a'.repeat(295)} hunter2hunter2`), 'done')).catch((error: unknown) => String(error));
    expect(fault).toMatch(/returned 400: a{295}/);
    expect(fault).not.toMatch(/hun/);
  });
  it('leave the time of the last success as it is when a run fails', async () => {
    const samples = samplesOf(await push(rolledBack));
    expect(samples).toMatchObject({ 'deploy_run_success': 0, 'deploy_run_rollback': 1, 'deploy_run_verdict rolled-back': 1, 'deploy_stage_success rollout': 0, 'deploy_stage_success rollback': 1 });
    expect(samples).not.toHaveProperty('deploy_last_success_timestamp_seconds');
    expect(samples['deploy_run_info']).toMatchObject({ verdict: 'rolled-back', cause: 'crash-loop', stage: 'rollout' });
  });
  it('of a build have a job of their own', async () => {
    const [pushed] = await push({ ...failed, environment: undefined }, {}, undefined, 'build');
    expect(readGroupPath(pushed?.path ?? '')).toEqual({ job: 'build', app: 'hello' });
    expect(readMetrics(pushed?.body ?? '').filter(({ name }) => name === 'deploy_run_verdict').map(({ labels }) => labels['verdict'])).toEqual(['planned', 'tested', 'built', 'failed']);
  });
  it('are pushed once more to a server that was overloaded', async () => {
    expect(await push(deployed, {}, (count, response) => (count === 1 ? (response.writeHead(503).end(), 'done') : undefined))).toHaveLength(2);
  });
});

describe('a push that fails is an error with its reason', () => {
  it.each<[string, Misbehave, RegExp]>([
    ['it is refused', (_, response) => (response.writeHead(400).end('text format parsing error in line 1'), 'done'), /^127\.0\.0\.1:\d+ returned 400: text format parsing error in line 1$/],
    ['the login is wrong', (_, response) => (response.writeHead(401).end(), 'done'), /returned 401\. Check `username` and `password` of `metrics\.pushgateway`$/],
    ['the address is another one', (_, response) => (response.writeHead(404).end('404 page not found'), 'done'), /returned 404: 404 page not found\. Check `url`/],
    ['it is elsewhere', (_, response) => (response.writeHead(307, { location: 'https://push.acme.example/login?to=s3cret' }).end(), 'done'), /returned 307 to https:\/\/push\.acme\.example\/login, and redirects are not followed\. Set `url` of `metrics\.pushgateway` to the address that it has now$/],
    ['a web page answers', (_, response) => (response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), 'done'), /returned a web page, so it is no Pushgateway$/],
  ])('because %s', async (_, misbehave, message) => {
    await expect(push(deployed, {}, misbehave)).rejects.toThrow(message);
  });
});
