import { actionNames } from '../../outcome/action.js';
import { bad, good } from '../kit/checked.js';
import { convert, type Out } from '../kit/kind.js';
import { object } from '../kit/object.js';
import { oneOrMore } from '../kit/one-or-more.js';
import { section } from '../setting.js';
import { argument } from '../values/argument.js';
import { mailAddress, mailAddresses } from '../values/mail-address.js';
import { mailServer } from '../values/mail-server.js';
import { alertOccasions, occasions } from '../values/occasions.js';
import { secretReference, webhookReference } from '../values/secret-reference.js';
import { publicAddress, serviceAddress } from '../values/service-address.js';

const on = {
  description: 'Ends of a run that are sent: verdicts, or `failure`, `recovery` (the first success after a failed run), `success`, `critical`, `warning`, `always`.',
  fallback: 'failure, recovery', kind: occasions,
} as const;
const chat = object({ webhook: { needed: true, description: 'Address of the webhook, as `env:NAME`: it is a secret.', kind: webhookReference }, on });
const mail = object({
  server: { needed: true, description: 'Mail server: `smtp://HOST:PORT` (STARTTLS), `smtps://HOST:PORT` (TLS from the start), or `env:NAME` for an address with a password.', kind: mailServer },
  username: { description: 'User name for the server.', kind: argument('a user name') },
  password: { description: 'Password for the server, as `env:NAME`.', kind: secretReference },
  from: { needed: true, description: 'Sender: `deploy@acme.example` or `Deployments <deploy@acme.example>`.', kind: mailAddress },
  to: { needed: true, description: 'Recipients.', kind: mailAddresses },
  on,
});
/** A login has both, and a server that wants none has neither. */
const email = convert(mail, (value) => {
  const [one, other] = value.username === undefined ? ['password', 'username'] : ['username', 'password'];
  return (value.username === undefined) === (value.password === undefined) ? good(value) : bad(`has a \`${one}\` without a \`${other}\``, 'Set both.');
});

export const notify = section('Notifications', actionNames, {
  'notify': {
    description: 'Who is notified when a run has ended, and of which ends. Each service has a map, or a list of maps for several receivers. Secrets are names of environment variables, `env:NAME`. docs/notifications.md has the details.',
    examples: [{ pagerduty: { key: 'env:PAGERDUTY_KEY', on: 'critical' }, slack: { webhook: 'env:SLACK_WEBHOOK' } }],
    kind: object({
      slack: { description: 'A channel of Slack, by an incoming webhook.', kind: oneOrMore(chat, 'a map with `webhook`, or a list of them') },
      teams: { description: 'A channel or chat of Microsoft Teams, by a webhook of its app Workflows.', kind: oneOrMore(chat, 'a map with `webhook`, or a list of them') },
      pagerduty: {
        description: 'A service of PagerDuty, by its Events API v2. The next good deployment resolves the alert.',
        kind: oneOrMore(object({
          key: { needed: true, description: 'Integration key of the service, as `env:NAME`.', kind: secretReference },
          on: { description: 'Ends of a run that open an alert: `failure`, `critical`, `warning`, or verdicts.', fallback: 'failure', kind: alertOccasions },
          url: { description: 'Address of the API. In the EU: `https://events.eu.pagerduty.com/v2/enqueue`.', fallback: 'https://events.pagerduty.com/v2/enqueue', kind: publicAddress },
        }), 'a map with `key`, or a list of them'),
      },
      email: { description: 'E-mail, by SMTP.', kind: oneOrMore(email, 'a map with `server`, `from` and `to`, or a list of them') },
      webhook: {
        description: 'A server of your own: it gets the report of the run as JSON, in the format of report.json.',
        kind: oneOrMore(object({
          url: { needed: true, description: 'Address, or `env:NAME`.', kind: serviceAddress },
          secret: { description: 'Key of the signature in `X-Hub-Signature-256` (HMAC-SHA-256 of the body), as `env:NAME`.', default: 'no signature', kind: secretReference },
          token: { description: 'Token for `Authorization: Bearer`, as `env:NAME`.', kind: secretReference },
          on,
        }), 'a map with `url`, or a list of them'),
      },
      grafana: {
        description: 'An annotation of Grafana, which marks the deployment in all panels that show annotations with its tags.',
        kind: oneOrMore(object({
          url: { needed: true, description: 'Address of Grafana: `https://grafana.acme.example`.', kind: serviceAddress },
          token: { needed: true, description: 'Token of a service account that is allowed to create annotations, as `env:NAME`.', kind: secretReference },
          on: { ...on, fallback: 'deployed, rolled-back, rollback-failed' },
        }), 'a map with `url` and `token`, or a list of them'),
      },
    }),
  },
});

/** The value of the setting. */
export type GivenNotify = Out<typeof notify.settings.notify.kind>;
