import { describe, expect, it } from '@jest/globals';
import { ConfigError, describeProblem } from '../../src/outcome/errors.js';
import { parseMailAddress } from '../../src/config/values/mail-address.js';
import { parseMailServer } from '../../src/config/values/mail-server.js';
import { isNear } from '../../src/config/values/near-host.js';
import { parseServiceAddress } from '../../src/config/values/service-address.js';
import type { Checked } from '../../src/config/kit/checked.js';
import { parseTexts } from './parse-texts.js';

const slackUrl = 'https://hooks.slack.com/services/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';
const env = {
  SLACK: `${slackUrl}\n`, TEAMS: 'https://prod.logic.example/workflows/1?sig=Zm9vYmFyYmF6cXV4Q29ycmVjdDEyMzQ1', KEY: 'R0123456789abcdefghijklmnopqrstu', HOOK: 'http://127.0.0.1:8080/hook', SECRET: 'sig-s3cret',
  TOKEN: 'glsa_t0ken', SMTP: 'smtps://deploy:p%40ssword@mail.acme.example', PASSWORD: 'ma1l-passw0rd', PUBLIC: 'http://hooks.acme.example/', NOTURL: 'hunter2-hunter2', LINES: 'line-one\nline-two',
};
const parse = (notify: unknown, more: { readonly file?: object; readonly inputs?: Record<string, string> } = {}) =>
  parseTexts({ action: 'deploy', inputs: { test: 'x', ...more.inputs }, text: JSON.stringify({ notify, ...more.file }), facts: { env } });
const targets = (notify: unknown) => parse(notify).config.notify;
const warnings = (notify: unknown): readonly string[] => parse(notify).warnings.map(describeProblem);
function problems(notify: unknown): readonly string[] {
  try {
    parse(notify);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => describeProblem({ ...problem, file: undefined }));
  }
}

describe('notify', () => {
  it('is nobody unless it is set', () => expect(parseTexts({ action: 'deploy', inputs: { test: 'x' } }).config.notify).toEqual([]));

  it('has the targets of each service, with the secrets of the environment', () => {
    expect(targets({
      slack: { webhook: 'env:SLACK' }, teams: { webhook: 'env:TEAMS', on: 'always' }, pagerduty: { key: 'env:KEY', on: ['critical'] },
      email: { server: 'smtp://mail.acme.example', username: 'deploy', password: 'env:PASSWORD', from: 'Deployments <deploy@acme.example>', to: 'a@acme.example, b@acme.example' },
      webhook: { url: 'env:HOOK', secret: 'env:SECRET' }, grafana: { url: 'https://grafana.acme.example', token: 'env:TOKEN' },
    })).toEqual([
      { service: 'slack', name: 'Slack', url: slackUrl, on: ['failure', 'recovery'] }, { service: 'teams', name: 'Teams', url: env.TEAMS, on: ['always'] },
      { service: 'pagerduty', name: 'PagerDuty', url: 'https://events.pagerduty.com/v2/enqueue', key: env.KEY, on: ['critical'] },
      {
        service: 'email', name: 'E-mail', on: ['failure', 'recovery'], server: { host: 'mail.acme.example', port: 587, tls: 'required', login: { user: 'deploy', password: env.PASSWORD } },
        from: { name: 'Deployments', address: 'deploy@acme.example' }, to: [{ address: 'a@acme.example' }, { address: 'b@acme.example' }],
      },
      { service: 'webhook', name: 'Webhook', url: env.HOOK, secret: env.SECRET, on: ['failure', 'recovery'] },
      { service: 'grafana', name: 'Grafana', url: 'https://grafana.acme.example/', token: env.TOKEN, on: ['deployed', 'rolled-back', 'rollback-failed'] },
    ]);
  });

  it('can have several targets of one service, which are told apart', () => {
    expect(targets({ slack: [{ webhook: 'env:SLACK' }, { webhook: 'env:HOOK', on: 'success' }] }).map(({ name, on }) => [name, on])).toEqual([
      ['Slack (notify.slack[0])', ['failure', 'recovery']], ['Slack (notify.slack[1])', ['success']],
    ]);
  });

  it('of an environment replaces the targets of a service, and keeps those of the others', () => {
    const { config } = parse({ slack: { webhook: 'env:SLACK' }, teams: { webhook: 'env:TEAMS' } }, {
      inputs: { environment: 'prod' }, file: { environments: { prod: { notify: { slack: [], pagerduty: { key: 'env:KEY' } } } } },
    });
    expect(config.notify.map(({ name }) => name)).toEqual(['Teams', 'PagerDuty']);
  });

  it('hides every secret of it, and what is secret in an address', () => {
    const { secrets } = parse({
      slack: { webhook: 'env:SLACK' }, teams: { webhook: 'env:TEAMS' }, pagerduty: { key: 'env:KEY' }, webhook: { url: 'env:HOOK', secret: 'env:SECRET', token: 'env:TOKEN' },
      email: { server: 'env:SMTP', from: 'a@b', to: 'c@d' },
    });
    const texts = secrets.map(({ text }) => text);
    expect(texts).toEqual(expect.arrayContaining([slackUrl, '/services/T024BE7LD/B024BE7LE/Xq9bZ3kLmNp2RsTuVwXy5678', 'Xq9bZ3kLmNp2RsTuVwXy5678', 'Zm9vYmFyYmF6cXV4Q29ycmVjdDEyMzQ1', env.KEY, env.SECRET, env.TOKEN, env.SMTP, 'p@ssword']));
    expect(texts).not.toContain('/hook');
  });

  it('takes the login of the address of the server, unless there is another', () => {
    const [server] = targets({ email: { server: 'env:SMTP', from: 'a@b', to: 'c@d' } });
    expect(server).toMatchObject({ server: { host: 'mail.acme.example', port: 465, tls: 'implicit', login: { user: 'deploy', password: 'p@ssword' } } });
    expect(targets({ email: { server: 'env:SMTP', username: 'u', password: 'env:PASSWORD', from: 'a@b', to: 'c@d' } })[0]).toMatchObject({ server: { login: { user: 'u', password: env.PASSWORD } } });
  });
  it.each([['mail', 'required'], ['10.0.0.5', 'required'], ['127.0.0.1', 'if-offered'], ['localhost', 'if-offered'], ['[::1]', 'if-offered'], ['mail.acme.example', 'required']])('sends a password to %s with TLS: %s', (host, tls) => {
    const login = { username: 'u', password: 'env:PASSWORD' };
    expect(targets({ email: { server: `smtp://${host}`, ...login, from: 'a@b', to: 'c@d' } })[0]).toMatchObject({ server: { tls } });
  });
  it('sends mail without a login to a server of the private network as that offers it', () => {
    expect(targets({ email: { server: 'smtp://mail', from: 'a@b', to: 'c@d' } })[0]).toMatchObject({ server: { tls: 'if-offered' } });
  });

  it('is the same in each action', () => {
    const text = JSON.stringify({ notify: { slack: { webhook: 'env:SLACK' } } });
    for (const action of ['deploy', 'build', 'rollback'] as const) {
      const inputs = { test: action === 'rollback' ? '' : 'x', app: 'api', ...action === 'rollback' && { workloads: 'deployment/api' } };
      expect(parseTexts({ action, inputs, text, facts: { env } }).config.notify).toHaveLength(1);
    }
  });
});

describe('a variable that is not what it should be', () => {
  const hint = 'Set it under `env:` of the step (with a reusable workflow under `secrets:` of the job), from a secret that exists and that this run is allowed to read.';
  it.each<[string, unknown, string]>([
    ['is not set', { slack: { webhook: 'env:NO_SUCH' } }, `notify.slack.webhook: the environment variable NO_SUCH is not set or empty, so Slack is not notified. ${hint}`],
    ['of one of several', { slack: [{ webhook: 'env:SLACK' }, { webhook: 'env:NO_SUCH' }] }, `notify.slack[1].webhook: the environment variable NO_SUCH is not set or empty, so Slack (notify.slack[1]) is not notified. ${hint}`],
    ['is no URL', { webhook: { url: 'env:NOTURL' } }, 'notify.webhook.url: the environment variable NOTURL is not a URL, so Webhook is not notified. Write https://HOST/PATH.'],
    ['is a URL without TLS', { teams: { webhook: 'env:PUBLIC' } }, 'notify.teams.webhook: the environment variable PUBLIC is an address without TLS outside of a private network, so Teams is not notified. Use https://. With http://, everyone on the way could read what is sent.'],
    ['is no mail server', { email: { server: 'env:NOTURL', from: 'a@b', to: 'c@d' } }, 'notify.email.server: the environment variable NOTURL is not the address of a mail server, so E-mail is not notified. Write smtp://HOST:PORT, or smtps://HOST:PORT for TLS from the start.'],
    ['is not set for a part of it', { grafana: { url: 'https://g.example', token: 'env:NO_SUCH' } }, `notify.grafana.token: the environment variable NO_SUCH is not set or empty, so Grafana is not notified. ${hint}`],
    ...(['webhook', 'grafana'] as const).map((service): [string, unknown, string] => [
      'cannot be sent in a header', { [service]: { url: 'https://h.example', token: 'env:LINES' } },
      `notify.${service}.token: the environment variable LINES has a line break or another character that an HTTP header cannot hold, so ${service === 'webhook' ? 'Webhook' : 'Grafana'} is not notified. Check the value: a token is one line of letters, digits and punctuation.`,
    ]),
    ['is not set for a signature', { webhook: { url: 'https://h.example', secret: 'env:NO_SUCH' } }, `notify.webhook.secret: the environment variable NO_SUCH is not set or empty, so Webhook is not notified. ${hint}`],
  ])('is a warning, and the target is left out: %s', (_, notify, warning) => {
    expect(warnings(notify).map((text) => text.replace(/^\S+:\d+:\d+: /, ''))).toEqual([warning]);
    expect(targets(notify).every(({ name }) => name.includes('[0]'))).toBe(true);
  });
  it('is hidden all the same: a token with a line break', () =>
    expect(parse({ grafana: { url: 'https://g.example', token: 'env:LINES' } }).secrets.map(({ text }) => text)).toContain(env.LINES));
  it('is hidden all the same', () => expect(parse({ webhook: { url: 'env:NOTURL' } }).secrets.map(({ text }) => text)).toEqual([env.NOTURL]));
});

describe('settings of notify that are not valid', () => {
  const inHistory = 'Name an environment variable. If this was a real secret, replace it: it is in the history of the repository.';
  const words = 'critical, warning, failure, recovery, success, always, deployed, unchanged, tested, built, backed-up, restored, failed, rolled-back or rollback-failed';
  it.each<[unknown, string]>([
    [{ slack: { webhook: slackUrl } }, `notify.slack.webhook: is not "env:NAME", and the address of a webhook is a secret: everyone who has it can post. ${inHistory}`],
    [{ pagerduty: { key: 'R0123' } }, `notify.pagerduty.key: is not "env:NAME", and the value of a secret does not belong in a file. ${inHistory}`],
    [{ slack: { webhook: '${{ secrets.SLACK }}' } }, 'notify.slack.webhook: has a "${{" expression, which is not evaluated in this file. Write env:NAME instead. Set it under `env:` of the step (with a reusable workflow under `secrets:` of the job), from a secret that exists and that this run is allowed to read.'],
    [{ slack: {} }, 'notify.slack: has no `webhook`. Give "env:NAME".'],
    [{ slack: 'env:SLACK' }, 'notify.slack: must be a map with `webhook`, or a list of them, not text'],
    [{ slack: [], email: { from: 'a@b', to: 'c@d' } }, 'notify.email: has no `server`. Give an address such as smtp://HOST:PORT, or "env:NAME".'],
    [{ slak: { webhook: 'env:X' } }, 'notify: unknown key "slak". Did you mean "slack"?'],
    [{ slack: { webhook: 'env:SLACK', on: 'faliure' } }, `notify.slack.on: is "faliure", but must be ${words}. Did you mean "failure"?`],
    [{ slack: { webhook: 'env:SLACK', on: 'planned' } }, `notify.slack.on: is "planned", but must be ${words}`],
    [{ slack: { webhook: 'env:SLACK', on: 'failure, failure' } }, 'notify.slack.on: has "failure" twice. Remove one of them.'],
    [{ pagerduty: { key: 'env:KEY', on: 'recovery' } }, 'notify.pagerduty.on: is "recovery", but must be critical, warning, failure, failed, rolled-back or rollback-failed'],
    [{ webhook: { url: 'https://a.example/x?token=abc' } }, 'notify.webhook.url: has a query, which often contains a secret. Put the whole address into an environment variable, and write env:NAME.'],
    [{ webhook: { url: 'https://u:p@a.example/' } }, 'notify.webhook.url: has a user name or password in its URL. Leave it out.'],
    [{ webhook: { url: 'http://hooks.acme.example/' } }, 'notify.webhook.url: is an address without TLS outside of a private network. Use https://. With http://, everyone on the way could read what is sent.'],
    [{ webhook: { url: 'ftp://a' } }, 'notify.webhook.url: is not a URL. Write https://HOST/PATH.'],
    [{ email: { server: 'smtp://u:p@mail', from: 'a@b', to: 'c@d' } }, 'notify.email.server: has a user name or password in it, which does not belong in a file. Set `username`, and `password: env:NAME`. If this was a real password, replace it: it is in the history of the repository.'],
    [{ email: { server: 'smtp://mail', from: 'a', to: 'c@d' } }, 'notify.email.from: is "a", which is not an e-mail address. Write NAME@HOST, or Name <NAME@HOST>.'],
    [{ email: { server: 'smtp://mail', from: 'a@b', to: [] } }, 'notify.email.to: has no entry. Give an e-mail address, or leave it out.'],
    [{ email: { server: 'smtp://mail', from: 'a@b', to: 'c@d', password: 'env:PASSWORD' } }, 'notify.email: has a `password` without a `username`. Set both.'],
    [{ email: { server: 'smtp://mail', from: 'a@b', to: 'c@d', username: 'u' } }, 'notify.email: has a `username` without a `password`. Set both.'],
    [{ email: { server: 'smtp://mail', from: 'a@b', to: Array.from({ length: 60 }, (_, index) => `c${index}@d`) } }, 'notify.email.to[50]: is one of more than 50 addresses. Use a mailing list.'],
    [{ grafana: { url: 'https://g.example' } }, 'notify.grafana: has no `token`. Give "env:NAME".'],
    ['always', 'notify: must be a map with `slack`, `teams`, `pagerduty`, `email`, `webhook`, `grafana`, not text'],
  ])('%j', (notify, problem) => expect(problems(notify).map((text) => text.replace(/^\S+:\d+:\d+: /, ''))).toEqual([problem]));

  it('are not repeated where they may be a secret', () => {
    const secret = 'hunter2hunter2';
    for (const notify of [{ slack: { webhook: secret } }, { webhook: { url: `http://x.example/${secret}` } }, { email: { server: `smtp://${secret}@m/x`, from: 'a@b', to: 'c@d' } }]) {
      expect([problems(notify).length, problems(notify).join().includes(secret)]).toEqual([1, false]);
    }
  });
  it('cannot be given as an input', () => {
    expect(() => parseTexts({ action: 'deploy', inputs: { test: 'x', notify: 'slack' } })).toThrow(/can only be set in the settings file/);
  });
});

const told = (checked: Checked<unknown>): unknown => (checked.ok ? checked.value : checked.faults.map(({ message }) => message).join());

describe('an address', () => {
  it.each([
    ['https://a.example/x', 'https://a.example/x'], ['http://localhost:80/', 'http://localhost/'], ['http://10.0.0.1/', 'http://10.0.0.1/'], ['http://[::1]:8/', 'http://[::1]:8/'],
    ['http://10.evil.example/', 'is an address without TLS outside of a private network'], ['http://169.254.169.254/', 'is an address without TLS outside of a private network'],
    ['http://[2001:db8::1]/', 'is an address without TLS outside of a private network'], ['https:/a', 'is not a URL'], ['a b', 'is not a URL'],
  ])('of a service: %s', (text, wanted) => expect(told(parseServiceAddress(text))).toBe(wanted));

  it.each<[string, unknown]>([
    ['smtp://mail.acme.example', { host: 'mail.acme.example', port: 587, tls: 'required' }], ['smtp://mail.acme.example:25/', { host: 'mail.acme.example', port: 25, tls: 'required' }],
    ['SMTPS://Mail.acme.example', { host: 'mail.acme.example', port: 465, tls: 'implicit' }], ['smtp://127.0.0.1:2525', { host: '127.0.0.1', port: 2525, tls: 'if-offered' }],
    ['smtp://[::1]:25', { host: '[::1]', port: 25, tls: 'if-offered' }], ['smtp://u:p%3Aw@mail', { host: 'mail', port: 587, tls: 'if-offered', login: { user: 'u', password: 'p:w' } }],
    ['mail.acme.example:25', 'is not the address of a mail server'], ['smtp://', 'is not the address of a mail server'], ['smtp://a/x', 'has something after the host and the port'], ['smtp://a?b=c', 'has something after the host and the port'],
    ['smtp://a:0', 'has the port 0'], ['smtp://a:99999', 'is not the address of a mail server'], ['smtp://u:%zz@a', 'has a user name or password with an invalid "%"'], ['smtp://ü.example', 'has an invalid host'],
  ])('of a mail server: %s', (text, wanted) => expect(told(parseMailServer(text))).toEqual(wanted));

  it.each<[string, unknown]>([
    ['a@b.example', { address: 'a@b.example' }], ['Ops Team <ops@b.example>', { name: 'Ops Team', address: 'ops@b.example' }], ['"Ops, Team" <ops@b.example>', { name: 'Ops, Team', address: 'ops@b.example' }], ['<a@b>', { address: 'a@b' }],
    ['a@b@c', 'is "a@b@c", which is not an e-mail address'], ['a b@c', 'is "a b@c", which is not an e-mail address'], ['@c', 'is "@c", which is not an e-mail address'], ['A<b <a@b>', 'has the name "A<b", which has "<", ">" or quotes in it'],
    ['a@b\r\nBcc: c@d', 'is "a@b\\r\\nBcc: c@d", which is not an e-mail address'],
  ])('of a person: %j', (text, wanted) => expect(told(parseMailAddress(text))).toEqual(wanted));
});

it('knows hosts of private networks by their names', () => {
  const near = ['localhost', 'mail', '127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.1', '192.168.0.1', 'a.internal', 'web.shop.svc', '[::1]', '[fd00::1]', '[fc12:3::1]'];
  const far = ['a.example', '172.32.0.1', '11.0.0.1', '10.evil.example', '192.168.evil.example', '127.0.0.1.evil.example', '169.254.169.254', '[2001:db8::1]', '[fe80::1]', 'localhost.example'];
  expect([near.filter((host) => !isNear(host)), far.filter(isNear)]).toEqual([[], []]);
});
