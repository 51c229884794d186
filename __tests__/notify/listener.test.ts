import { describe, expect, it } from '@jest/globals';
import type { NotifyTarget } from '../../src/config/config.js';
import { createNotifier } from '../../src/notify/listener.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import type { HttpRequest } from '../../src/ports/http.js';
import { MailError, type MailMessage } from '../../src/ports/mail.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { idleClock } from '../ports/idle-clock.js';
import { deployed, planned, rollbackFailed, rolledBack, unchanged } from '../report/outcomes.js';

const failures = { on: ['failure', 'recovery'] } as const;
const all: readonly NotifyTarget[] = [
  { ...failures, service: 'slack', name: 'Slack', url: 'https://slack.example/a' }, { ...failures, service: 'teams', name: 'Teams', url: 'https://teams.example/a' },
  { on: ['failure'], service: 'pagerduty', name: 'PagerDuty', url: 'https://pd.example/v2', key: 'k' },
  { ...failures, service: 'email', name: 'E-mail', server: { host: 'mail', port: 25, tls: 'if-offered' }, from: { address: 'a@a' }, to: [{ address: 'b@b' }] },
  { ...failures, service: 'webhook', name: 'Webhook', url: 'https://hook.example/a' }, { on: ['deployed'], service: 'grafana', name: 'Grafana', url: 'https://g.example', token: 't' },
];

interface Services {
  /** By host. */
  readonly answers?: Readonly<Record<string, { readonly status: number; readonly text?: string } | Error>>;
  readonly redact?: (text: string) => string;
  /** Why no mail is accepted. */
  readonly mail?: Error;
  readonly isCancelled?: boolean;
}

/** What is sent at the end of a run, and what the log says of it. */
async function heard(outcome: Outcome, targets: readonly NotifyTarget[] = all, { answers = {}, redact, mail, isCancelled = false }: Services = {}) {
  const requests: HttpRequest[] = [];
  const mails: MailMessage[] = [];
  const ports = fakePorts({
    clock: idleClock(), cancelled: isCancelled ? AbortSignal.abort() : undefined,
    http: {
      request: async (request) => {
        requests.push(request);
        const answer = answers[new URL(request.url).host] ?? { status: request.url.includes('pd.example') ? 202 : 200 };
        if (answer instanceof Error) throw answer;
        const { status, text = '' } = answer;
        return { status, headers: {}, body: (async function* () { yield Buffer.from(text); })() };
      },
    },
    mail: {
      send: async (_, message) => {
        if (mail) throw mail;
        mails.push(message);
        return [];
      },
    },
  });
  const log = redact ? { ...ports.log, redact } : ports.log;
  await createNotifier({ ports: { ...ports, log }, id: 'run-1', repository: 'acme/hello', deploys: true, targets }).hear({ kind: 'ended', outcome }, new AbortController().signal);
  return { to: [...requests.map(({ url }) => new URL(url).host), ...mails.map(() => 'mail')].sort(), requests, mails, lines: ports.lines, clock: ports.clock };
}

const recovered: Outcome = { ...deployed, lastRun: { failed: true, startedAt: '2026-01-01T00:00:00.000Z' } };

describe('the notifier', () => {
  it('hears only the end of a run', () => {
    const notifier = createNotifier({ ports: fakePorts(), id: 'x', deploys: true, targets: all });
    expect(notifier.hear({ kind: 'stage-started', stage: 'test', label: 'x', atMs: 0 }, new AbortController().signal)).toBeUndefined();
  });
  it('notifies of a failure whoever wants to know, and says so', async () => {
    const { to, lines } = await heard(rolledBack);
    expect(to).toEqual(['hook.example', 'mail', 'pd.example', 'slack.example', 'teams.example']);
    expect(lines).toEqual(['info Notified: Slack, Teams, PagerDuty, E-mail, Webhook']);
  });
  it('notifies of the first success after it, and resolves the alert', async () => {
    const { to, requests } = await heard(recovered);
    expect(to).toEqual(['g.example', 'hook.example', 'mail', 'pd.example', 'slack.example', 'teams.example']);
    expect(JSON.parse(String(requests.find(({ url }) => url.includes('pd.example'))?.body))).toEqual({ routing_key: 'k', event_action: 'resolve', dedup_key: 'deploy-action/acme/hello/hello/production' });
  });
  it.each<[string, Outcome]>([['deployed', deployed], ['unchanged', unchanged]])('resolves an alert with every good deployment, as it may be of a run that left no record: %s', async (_, outcome) => {
    expect((await heard(outcome, all.filter(({ service }) => service !== 'grafana'))).to).toEqual(['pd.example']);
  });
  it('notifies nobody of a dry run, nor of a rollback that the post step continues', async () => {
    const always = all.map((target): NotifyTarget => ({ ...target, on: ['always', 'failure'] }));
    for (const outcome of [planned, { ...rollbackFailed, rollback: { notes: [], continued: true } }]) expect((await heard(outcome, always)).to).toEqual([]);
  });
  it('gives several targets of one service their own message', async () => {
    const hooks = ['a', 'b'].map((name): NotifyTarget => ({ on: ['always'], service: 'webhook', name, url: `https://${name}.example/` }));
    const { requests } = await heard(deployed, hooks);
    expect(requests.map(({ headers }) => headers?.['x-deploy-action-delivery'])).toEqual(['run-1-0', 'run-1-1']);
  });
  it('warns once of each target that was not notified, with what to do, and notifies the others', async () => {
    const { lines } = await heard(rolledBack, all, { answers: { 'slack.example': { status: 404, text: 'no_service' }, 'hook.example': new TypeError('boom') }, mail: new MailError('login', 'mail:25 rejected the login: 535') });
    expect(lines).toEqual([
      'warning Slack was not notified: slack.example returned 404: no_service. Check that the webhook and its channel still exist, or create a new webhook. The run is not affected.',
      'warning Webhook was not notified: boom. The run is not affected.',
      'warning E-mail was not notified: mail:25 rejected the login: 535. Check `notify.email.username` and `notify.email.password`, and whether the server wants an application password. The run is not affected.',
      'info Notified: Teams, PagerDuty',
    ].sort((a, b) => lines.indexOf(a) - lines.indexOf(b)));
  });
  it('searches once more for secrets in what is sent', async () => {
    const { failure } = rolledBack;
    const { requests, mails } = await heard({ ...rolledBack, failure: failure && { ...failure, message: 'token=hunter2' } }, all, { redact: (text) => text.replaceAll('hunter2', '***') });
    const sent = [...requests.map(({ body }) => String(body)), ...mails.map((mail) => JSON.stringify(mail))];
    expect(sent.map((text) => [text.includes('hunter2'), text.includes('token=***')])).toEqual(sent.map(() => [false, true]));
  });
  it('gives up within a second when the run was cancelled', async () => {
    const { lines, clock } = await heard(rolledBack, all.slice(0, 1), { isCancelled: true, answers: { 'slack.example': { status: 500 } } });
    expect(lines).toEqual([expect.stringMatching(/^warning Slack was not notified: slack\.example returned 500\./)]);
    expect(clock.monotonic()).toBeLessThanOrEqual(2000);
  });
});
