import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Ajv } from 'ajv';
import { serveMail, type MailServerForTests } from '../notify/mail-server.js';
import { commandsAt, servePlatform, type PlatformServer } from '../target/command/platform-server.js';
import { closeApi, type Any } from './harness/api.js';
import { faultProxy } from './harness/api-fault-proxy.js';
import { inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectHidden } from './harness/ending.js';
import { root } from './harness/environment.js';
import { closeHooks, makeKeys, serveHooks, type Hooks, type Keys } from './harness/hooks.js';
import { closeImages } from './harness/images.js';
import { cancelAt, runAction, type ActionResult, type ActionRun } from './harness/run-action.js';
import { withSettings } from './harness/workspace.js';

jest.setTimeout(300_000);
afterAll(async () => {
  closeApi();
  closeImages();
  await closeHooks();
});

/* Real servers of HTTP, HTTPS and SMTP on this machine, notified by the committed bundle. */

const secrets = {
  PAGERDUTY_KEY: 'R0pagerdutykey0123456789abcdefgh', WEBHOOK_SECRET: 'signature-s3cret-0123', GRAFANA_TOKEN: 'glsa_0123456789abcdef', SMTP_PASSWORD: 'ma1l-passw0rd-0123',
} as const;
const slackPath = '/slack/T024BE7LD/Xq9bZ3kLmNp2RsTuVwXy5678';
const validate = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(readFileSync(join(root, 'schema/report.schema.json'), 'utf8')) as object);

describe('a deployment on a cluster', () => {
  let keys: Keys;
  let hooks: Hooks;
  let mail: MailServerForTests;
  beforeAll(async () => {
    keys = makeKeys();
    hooks = await serveHooks({}, keys);
    mail = await serveMail({
      key: keys.key, cert: keys.cert, authOptional: false,
      onAuth: ({ username, password }, _session, done) => { done(password === secrets.SMTP_PASSWORD ? null : new Error('no'), { user: username }); },
    });
  });
  afterAll(async () => {
    await mail.close();
    keys.remove();
  });

  const settings = (): Any => ({
    notify: {
      slack: { webhook: 'env:SLACK_WEBHOOK' }, teams: { webhook: 'env:TEAMS_WEBHOOK' }, pagerduty: { key: 'env:PAGERDUTY_KEY', url: `${hooks.address}/v2/enqueue` },
      email: { server: `smtp://localhost:${mail.port}`, username: 'deploy', password: 'env:SMTP_PASSWORD', from: 'Deployments <deploy@acme.example>', to: ['ops@acme.example', 'team@acme.example'] },
      webhook: { url: `${hooks.address}/hook`, secret: 'env:WEBHOOK_SECRET' }, grafana: { url: hooks.address, token: 'env:GRAFANA_TOKEN' },
    },
    environments: { production: {} },
  });
  const env = (): Record<string, string> => ({
    ...secrets, SLACK_WEBHOOK: `${hooks.address}${slackPath}`, TEAMS_WEBHOOK: `${hooks.address}/teams?sig=Zm9vYmFyYmF6cXV4Q29ycmVjdDEyMzQ1`, NODE_EXTRA_CA_CERTS: keys.certPath,
  });
  const expectSecretsHidden = (result: ActionResult): void => {
    for (const secret of [...Object.values(secrets), slackPath, 'Xq9bZ3kLmNp2RsTuVwXy5678', 'Zm9vYmFyYmF6cXV4Q29ycmVjdDEyMzQ1']) expectHidden(result, secret);
  };

  it('that fails notifies all services, and the next good one too, which resolves the alert', inSpace('notify', async (space) => {
    await startHealthy(space);
    const deploy = (inputs: Record<string, string>): Promise<ActionResult> =>
      withSettings(settings(), (workspace) => runAction({ workspace, env: env(), inputs: { environment: 'production', ...inputs } }));

    const planned = await deploy(rolloutInputs(space, await variant('v2'), { 'dry-run': 'true' }));
    expectEnding(planned, { verdict: 'planned' });
    expect(planned.log).toContain('Notifications: Slack: failure, recovery; Teams: failure, recovery; PagerDuty: failure; E-mail: failure, recovery; Webhook: failure, recovery; Grafana: deployed, rolled-back, rollback-failed');
    expect([hooks.requests, mail.received]).toEqual([[], []]);

    const bad = await variant('v2', 'crash', { env: { LOG: 'Error: <!channel> *cannot* [connect](https://evil.example) <b>now</b>' } });
    const failed = await deploy(rolloutInputs(space, bad));
    expectEnding(failed, { verdict: 'rolled-back', cause: 'crash-loop', stage: 'rollout' });
    expect(failed.log).toContain('Notified: Slack, Teams, PagerDuty, E-mail, Webhook, Grafana');
    expectFailureSent(hooks, mail, failed);
    expectSecretsHidden(failed);

    const good = await deploy(rolloutInputs(space, await variant('v3'), { smoke: 'service/web/ -> 200 contains v3' }));
    expectEnding(good, { verdict: 'deployed' });
    expect(good.report.lastRun).toMatchObject({ failed: true, runUrl: 'https://github.com/acme/app/actions/runs/4711' });
    expectRecoverySent(hooks, mail);
    expectSecretsHidden(good);

    // The one after it is no news, but it may end an alert of a run that left no record.
    const next = await deploy(rolloutInputs(space, await variant('v2'), { smoke: 'service/web/ -> 200 contains v2' }));
    expectEnding(next, { verdict: 'deployed' });
    expect(next.log).toContain('Notified: PagerDuty, Grafana');
    expect([hooks.to(slackPath).length, mail.received.length, hooks.to('/v2/enqueue').map(({ json }) => json.event_action)]).toEqual([2, 2, ['trigger', 'resolve', 'resolve']]);
  }));
});

function expectFailureSent(hooks: Hooks, mail: MailServerForTests, { report }: ActionResult): void {
  const line = 'Error: <!channel> *cannot* [connect](https://evil.example) <b>now</b>';
  const [slack] = hooks.to(slackPath);
  expect(slack?.json.blocks[0].text.text).toBe('↩️ rolled-back: app to production');
  expect(JSON.stringify(slack?.json.blocks)).toContain(line);
  const [teams] = hooks.requests.filter(({ path }) => path.startsWith('/teams'));
  expect(teams?.json.attachments[0].content.body[0].inlines[0]).toMatchObject({ type: 'TextRun', text: '↩️ rolled-back: app to production' });
  expect(hooks.to('/v2/enqueue')[0]?.json).toMatchObject({
    routing_key: secrets.PAGERDUTY_KEY, event_action: 'trigger', dedup_key: 'deploy-action/acme/app/app/production', payload: { severity: 'warning', class: 'crash-loop' },
  });
  const [hook] = hooks.to('/hook');
  expect(hook?.headers['x-hub-signature-256']).toBe(`sha256=${createHmac('sha256', secrets.WEBHOOK_SECRET).update(hook?.body ?? '').digest('hex')}`);
  expect(hook?.headers).toMatchObject({ 'x-deploy-action-event': 'rolled-back', 'content-type': 'application/json; charset=utf-8' });
  expect([hook?.json, validate(hook?.json), validate.errors]).toEqual([report, true, null]);
  expect(hooks.to('/api/annotations')[0]).toMatchObject({ headers: { authorization: `Bearer ${secrets.GRAFANA_TOKEN}` }, json: { tags: ['deployment', 'app:app', 'environment:production', 'verdict:rolled-back'] } });
  const [message] = mail.received;
  expect(message).toMatchObject({ from: 'deploy@acme.example', to: ['ops@acme.example', 'team@acme.example'], isSecure: true, user: 'deploy' });
  expect(message?.headers['subject']).toBe('rolled-back: app to production (crash-loop)');
  expect([message?.text.includes(line), message?.html.includes('&lt;b&gt;now&lt;/b&gt;'), message?.html.includes('<b>')]).toEqual([true, true, false]);
}

function expectRecoverySent(hooks: Hooks, mail: MailServerForTests): void {
  const slack = hooks.to(slackPath)[1]?.json;
  expect(slack.blocks[0].text.text).toBe('✅ deployed: app to production');
  expect(slack.blocks[1].text.text).toContain('The last run had failed: https://github.com/acme/app/actions/runs/4711');
  expect(hooks.to('/v2/enqueue')[1]?.json).toEqual({ routing_key: secrets.PAGERDUTY_KEY, event_action: 'resolve', dedup_key: 'deploy-action/acme/app/app/production' });
  expect(hooks.to('/hook')[1]?.json).toMatchObject({ verdict: 'deployed', lastRun: { failed: true } });
  expect(mail.received[1]?.headers['subject']).toBe('deployed: app to production');
  expect(hooks.to('/api/annotations')[1]?.json.tags).toContain('verdict:deployed');
}

type RunOnPlatform = (notify: Any, more?: Partial<ActionRun>) => Promise<ActionResult>;

/** A deployment by commands needs no cluster. */
const onPlatform = (body: (platform: PlatformServer, run: RunOnPlatform) => Promise<void>) => async (): Promise<void> => {
  const server = await servePlatform();
  const run: RunOnPlatform = (notify, more = {}) => withSettings({ app: 'api', command: { ...commandsAt(server.port), timeout: '30s' }, notify },
    (workspace) => runAction({ workspace, ...more, inputs: { ...more.inputs } }));
  try {
    await body(server, run);
  } finally {
    await server.close();
  }
};

describe('a service that does not do its part', () => {
  it.concurrent.each<[string, Parameters<typeof serveHooks>[0], string | undefined, number]>([
    ['answers 500, then 200', { '/hook': (_request, response, count) => void response.writeHead(count === 1 ? 500 : 200).end() }, undefined, 2],
    ['answers 429 with Retry-After', { '/hook': (_request, response, count) => void response.writeHead(count === 1 ? 429 : 200, { 'retry-after': '1' }).end() }, undefined, 2],
    ['closes the connection, then answers', { '/hook': (_request, response, count) => void (count === 1 ? response.destroy() : response.end()) }, undefined, 2],
    ['hangs', { '/hook': () => undefined }, 'did not answer within 5 s', 1],
    ['answers with a page', { '/hook': (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Log in</title>') }, 'returned 200 with a web page, so the message has probably not arrived', 1],
    ['redirects to this machine', { '/hook': (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/x?token=s3cret' }).end() }, 'returned 302 to http://127.0.0.1:1/x, and redirects are not followed', 1],
    ['redirects to the metadata of a cloud', { '/hook': (_request, response) => void response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data/' }).end() }, 'returned 307 to http://169.254.169.254/latest/meta-data/, and redirects are not followed', 1],
    ['rejects it', { '/hook': (_request, response) => void response.writeHead(404).end('no such hook ::error::x') }, 'returned 404: no such hook', 1],
  ])('%s: the deployment is not affected', async (_, answers, words, count) => {
    const hooks = await serveHooks(answers);
    await onPlatform(async (_platform, run) => {
      const result = await run({ webhook: { url: `${hooks.address}/hook`, on: 'always' } });
      expectEnding(result, { verdict: 'deployed' });
      expect(hooks.to('/hook')).toHaveLength(count);
      expect(new Set(hooks.requests.map(({ headers }) => headers['x-deploy-action-delivery'])).size).toBe(1);
      const warnings = result.commands.filter(({ name }) => name === 'warning').map(({ message }) => message);
      expect(warnings).toEqual(words === undefined ? [] : [expect.stringMatching(/^Webhook was not notified: 127\.0\.0\.1:\d+ .* The run is not affected\.$/)]);
      if (words !== undefined) expect(warnings[0]).toContain(words);
      expect(result.log.includes('Notified: Webhook')).toBe(words === undefined);
    })();
  });

  it.concurrent('is not there, like its variable: a warning each, and the others are notified', onPlatform(async (_platform, run) => {
    const hooks = await serveHooks();
    const result = await run({
      slack: [{ webhook: 'env:NO_SUCH', on: 'always' }, { webhook: 'env:SLACK_WEBHOOK', on: 'always' }], email: { server: 'smtp://127.0.0.1:1', from: 'a@b.example', to: 'c@d.example', on: 'always' },
    }, { env: { SLACK_WEBHOOK: `${hooks.address}/slack` } });
    expectEnding(result, { verdict: 'deployed' });
    const warnings = result.commands.filter(({ name }) => name === 'warning').map(({ message }) => message);
    expect(warnings).toEqual([
      expect.stringContaining('notify.slack[0].webhook: the environment variable NO_SUCH is not set or empty, so Slack (notify.slack[0]) is not notified.'),
      expect.stringMatching(/^E-mail was not notified: 127\.0\.0\.1:1 refused the connection: nothing is listening there\. If this happens again, check `notify\.email\.server`/),
    ]);
    expect([hooks.to('/slack').length, result.log.includes('Notified: Slack (notify.slack[1])')]).toEqual([1, true]);
  }));
});

describe('a run in a terminal', () => {
  it.concurrent('notifies too, and prints its report alone on the standard output', async () => {
    const [platform, hooks] = [await servePlatform(), await serveHooks()];
    try {
      const settings = { app: 'api', command: { ...commandsAt(platform.port), timeout: '30s' }, notify: { webhook: { url: `${hooks.address}/hook`, on: 'always', secret: 'env:HOOK_SECRET' } } };
      const { stdout, stderr } = await withSettings(settings, (cwd) => promisify(execFile)(process.execPath, [join(root, 'dist/cli.js'), 'deploy', '--json'], {
        cwd, env: { PATH: process.env.PATH, HOME: cwd, HOOK_SECRET: secrets.WEBHOOK_SECRET },
      }));
      expect([JSON.parse(stdout), stderr.includes('Notified: Webhook'), `${stdout}${stderr}`.includes(secrets.WEBHOOK_SECRET)]).toEqual([hooks.to('/hook')[0]?.json, true, false]);
    } finally {
      await platform.close();
    }
  });
});

describe('a run that is cancelled', () => {
  const { send } = cancelAt(() => true);

  it.concurrent('during its rollout is notified of once, by the post step that finishes it', onPlatform(async (server, run) => {
    const hooks = await serveHooks();
    server.platform.deploying = 'done, and never answered';
    const result = await run({ webhook: { url: `${hooks.address}/hook`, on: 'always' } }, { signals: { when: server.arrived('/deploy'), send } });
    expectEnding(result, { verdict: 'rollback-failed', cause: 'cancelled', stage: 'rollout' });
    expect(result.report.rollback.continued).toBe(true);
    expect([result.log.includes('Notified'), result.post?.log.includes('Notified: Webhook')]).toEqual([false, true]);
    expect(hooks.to('/hook').map(({ json }) => json.verdict)).toEqual(['rolled-back']);
  }));

  it.concurrent('before it changed anything is no failure to be notified of', onPlatform(async (server, run) => {
    const hooks = await serveHooks();
    const notify = { webhook: [{ url: `${hooks.address}/failure`, on: 'failure' }, { url: `${hooks.address}/always`, on: 'always' }] };
    const result = await run(notify, { inputs: { test: 'echo the gate runs\nsleep 100' }, signals: { at: (line) => line === 'the gate runs', send } });
    expectEnding(result, { verdict: 'failed', cause: 'cancelled', stage: 'test' });
    expect([hooks.requests.map(({ path }) => path), server.platform.changes]).toEqual([['/always'], []]);
  }));

  it.concurrent('and cannot be finished by its post step, as its account has lost its permissions by then, is critical', inSpace('denied', async (space) => {
    const hooks = await serveHooks();
    await startHealthy(space);
    const proxy = await faultProxy(space);
    const isChange = ({ method, path }: { method: string; path: string }): boolean => method === 'PATCH' && path.includes('/deployments/web');
    const killed = proxy.arrived(isChange).then(() => { proxy.set({ status: 403 }); });
    const result = await withSettings({ notify: { webhook: { url: `${hooks.address}/hook`, on: 'critical' } } }, async (workspace) => runAction({
      workspace, inputs: rolloutInputs(space, await variant('v2'), { kubeconfig: proxy.kubeconfig }), signals: { when: killed, send: [{ signal: 'SIGKILL', afterMs: 0 }] },
    }));
    expect([result.signal, result.post?.exitCode, result.post?.log.includes('Notified: Webhook')]).toEqual(['SIGKILL', 1, true]);
    expect(hooks.to('/hook').map(({ json }) => [json.verdict, json.failure.stage, json.failure.cause])).toEqual([['rollback-failed', 'rollback', 'permission-denied']]);
    await proxy.close();
  }));
});
