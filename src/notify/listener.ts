import type { NotifyTarget } from '../config/config.js';
import type { Listener } from '../outcome/events.js';
import type { Outcome } from '../outcome/outcome.js';
import { messageOf } from '../outcome/wording.js';
import type { Ports } from '../ports/ports.js';
import { redactOutcome } from '../report/redact.js';
import { deliver, DeliveryError, deliverMail, type Bounds } from './deliver.js';
import { emailMessage } from './email.js';
import { grafanaMessage } from './grafana.js';
import type { HttpMessage } from './http-message.js';
import { noticeOf, type Notice } from './notice.js';
import { concerns, severityOf } from './occasion.js';
import { resolveMessage, triggerMessage, type AlertSubject } from './pagerduty.js';
import { slackMessage } from './slack.js';
import { teamsMessage } from './teams.js';
import { webhookMessage } from './webhook.js';

type World = Pick<Ports, 'http' | 'mail' | 'clock' | 'log' | 'cancelled'>;

/** What a notification says besides the outcome. */
export interface Notifying extends Pick<AlertSubject, 'repository' | 'deploys'> {
  readonly ports: World;
  /** Of the run. */
  readonly id: string;
  readonly targets: readonly NotifyTarget[];
  /** The namespace of the settings: that of the cluster is not known to a run that failed early. */
  readonly namespace?: string;
}

/** How long all attempts for one target take together, ms: less than an announcer waits, so the warning names the target. */
const [withinMs, cancelledMs] = [9000, 900];

/** Notifies the targets of the end of a run, all of them side by side. What fails is a warning for each. */
export const createNotifier = (notifying: Notifying): Listener => ({
  name: 'Notifications',
  hear: (event, signal) => (event.kind === 'ended' ? notifyAll(notifying, event.outcome, signal) : undefined),
});

interface Delivery {
  readonly name: string;
  readonly send: (bounds: Bounds) => Promise<void>;
}

async function notifyAll(notifying: Notifying, outcome: Outcome, signal: AbortSignal): Promise<void> {
  const { log, cancelled } = notifying.ports;
  // It has no secrets any more. What is sent away is searched once more all the same.
  const safe = redactOutcome(outcome, (text) => log.redact(text));
  const bounds = { signal, withinMs: cancelled.aborted ? cancelledMs : withinMs };
  const notified = await Promise.all(deliveriesOf(notifying, safe).map(async ({ name, send }): Promise<readonly string[]> => {
    try {
      await send(bounds);
      return [name];
    } catch (error) {
      const hint = error instanceof DeliveryError ? ` ${error.hint}` : '';
      log.warning(`${name} was not notified: ${messageOf(error)}.${hint} The run is not affected.`);
      return [];
    }
  }));
  const names = notified.flat();
  if (names.length > 0) log.info(`Notified: ${names.join(', ')}`);
}

/** What is sent to whom. A target whose message cannot be made does not keep the others from theirs. */
function deliveriesOf(notifying: Notifying, outcome: Outcome): readonly Delivery[] {
  const notice = noticeOf(outcome);
  return notifying.targets.flatMap((target, index) => {
    const isWanted = concerns(target.on, outcome);
    const resolves = target.service === 'pagerduty' && severityOf(outcome) === 'success' && outcome.verdict !== 'planned';
    if (!isWanted && !resolves) return [];
    return [{ name: target.name, send: async (bounds: Bounds) => sendTo(target, { notifying, notice, outcome, index }, bounds) }];
  });
}

interface Matter {
  readonly notifying: Notifying;
  readonly notice: Notice;
  readonly outcome: Outcome;
  /** Of the target among all. */
  readonly index: number;
}

async function sendTo(target: NotifyTarget, matter: Matter, bounds: Bounds): Promise<void> {
  const { notifying: { ports }, notice } = matter;
  if (target.service === 'email') return deliverMail(ports, target.server, emailMessage(notice, target), bounds);
  return deliver(ports, httpMessage(target, matter), bounds);
}

function httpMessage(target: Exclude<NotifyTarget, { readonly service: 'email' }>, { notifying, notice, outcome, index }: Matter): HttpMessage {
  switch (target.service) {
    case 'slack': return slackMessage(notice, target);
    case 'teams': return teamsMessage(notice, target);
    case 'webhook': return webhookMessage(outcome, target, `${notifying.id}-${index}`);
    case 'grafana': return grafanaMessage(notice, target, outcome);
    case 'pagerduty': {
      const subject = { ...notifying, app: outcome.app, environment: outcome.environment };
      return notice.severity === 'success' ? resolveMessage(target, subject) : triggerMessage(notice, target, subject, notifying.ports.clock.now());
    }
  }
}
