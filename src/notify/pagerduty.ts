import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { TargetOf } from '../config/config.js';
import type { Outcome } from '../outcome/outcome.js';
import { plainLine } from '../outcome/plain.js';
import { tryJson } from '../ports/json.js';
import { lastLines } from '../report/evidence.js';
import { jsonHeaders, type Answer, type HttpMessage } from './http-message.js';
import type { Notice } from './notice.js';
import { cut, oneLine } from './text.js';

/* Events API v2 of PagerDuty: https://developer.pagerduty.com/docs/events-api-v2-overview */

/** Characters of the summary and of the deduplication key. */
const [summaryLimit, keyLimit] = [1024, 255];
/** Of the details, far below the 512 kB of an event: a person reads them on a telephone. */
const [detailLimit, logLimit] = [4000, 8000];

/** What an alert is about. Everything that is sent about the same thing goes to the same alert. */
export interface AlertSubject extends Pick<Outcome, 'app' | 'environment' | 'namespace'> {
  /** `owner/name`. */
  readonly repository?: string;
  /** Whether the runs deploy something: a good build must not resolve the alert of a failed deployment. */
  readonly deploys: boolean;
}

/** The same for all runs of one app in one environment, whatever failed. */
export function dedupKey({ repository = '', app, environment, namespace = '', deploys }: AlertSubject): string {
  const key = plainLine(['deploy-action', repository, app, environment ?? namespace, ...deploys ? [] : ['build']].join('/'));
  return key.length <= keyLimit ? key : `deploy-action/${createHash('sha256').update(key).digest('hex')}`;
}

type Target = Pick<TargetOf<'pagerduty'>, 'url' | 'key'>;

/** Opens an alert, or adds to the open one. @param at when the run ended, ms since 1970 */
export function triggerMessage(notice: Notice, { url, key }: Target, subject: AlertSubject, at: number): HttpMessage {
  const { title, sentence, severity, failure, links } = notice;
  const [run] = links;
  return request(url, {
    routing_key: key, event_action: 'trigger', dedup_key: dedupKey(subject), client: 'deploy-action', ...run && { client_url: run.href },
    payload: {
      summary: cut(oneLine(`${title}. ${sentence}`), summaryLimit), source: cut(sourceOf(subject), keyLimit), severity: severity === 'success' ? 'info' : severity,
      timestamp: new Date(at).toISOString(), component: cut(plainLine(subject.app), keyLimit),
      ...subject.environment !== undefined && { group: cut(plainLine(subject.environment), keyLimit) }, ...failure && { class: failure.cause },
      custom_details: detailsOf(notice),
    },
    links: links.map(({ text, href }) => ({ href, text })),
  });
}

/** Resolves the alert, if there is one. */
export const resolveMessage = ({ url, key }: Target, subject: AlertSubject): HttpMessage =>
  request(url, { routing_key: key, event_action: 'resolve', dedup_key: dedupKey(subject) });

const request = (url: string, event: object): HttpMessage => ({ url, headers: jsonHeaders, body: JSON.stringify(event), refusal, hint });

const sourceOf = ({ app, environment, namespace, repository }: AlertSubject): string =>
  plainLine([app, environment ?? namespace, repository].filter((part) => part !== undefined && part !== '').join(' · '));

function detailsOf({ sentence, notes, failure, evidence: [decisive], changes, facts, commands }: Notice): Readonly<Record<string, string>> {
  const details = {
    'what happened': [sentence, ...notes].join('\n'), 'cause': failure ? `${failure.cause} in the stage ${failure.stage}` : '', 'message': failure?.message ?? '',
    'what to do': failure?.hint ?? '', 'roll back by hand': commands.join('\n'), 'versions': changes.join('\n'), 'facts': facts.join(', '),
  };
  const shown = Object.entries(details).filter(([, text]) => text !== '').map(([name, text]) => [name, cut(text, detailLimit)]);
  return Object.fromEntries([...shown, ...decisive ? [['log', `${cut(decisive.title, 200)}\n${lastLines(decisive.text, logLimit)}`]] : []]) as Record<string, string>;
}

const answerShape = v.object({ status: v.string(), message: v.optional(v.string()), errors: v.optional(v.array(v.string())) });

/** An event is accepted with 202 and the status `success`. */
function refusal({ status, text }: Answer): string | undefined {
  const answer = tryJson(text, answerShape);
  if (status === 202 && (answer === undefined || answer.status === 'success')) return undefined;
  return answer === undefined ? text || 'nothing, where 202 is expected' : [answer.message ?? answer.status, ...answer.errors ?? []].join(': ');
}

const hint = (status: number): string => (status === 400
  ? 'Check that the variable holds the integration key of an Events API v2 integration, which has 32 characters.'
  : 'Check `notify.pagerduty.url`.');
