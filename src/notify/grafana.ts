import type { TargetOf } from '../config/config.js';
import type { Outcome } from '../outcome/outcome.js';
import { plainLine } from '../outcome/plain.js';
import { jsonHeaders, type HttpMessage } from './http-message.js';
import type { Notice } from './notice.js';
import { cut, escapeHtml } from './text.js';

/** Characters of the text, and of one tag: the column of tags in the database of Grafana has 100. */
const [textLimit, tagLimit] = [1000, 100];

/**
 * An annotation of the whole organization, over the time of the run. Dashboards show it by its tags.
 * https://grafana.com/docs/grafana/latest/developers/http_api/annotations/
 */
export function grafanaMessage(notice: Notice, { url, token }: Pick<TargetOf<'grafana'>, 'url' | 'token'>, outcome: Pick<Outcome, 'app' | 'environment' | 'verdict' | 'startedAt' | 'durationMs'>): HttpMessage {
  const { app, environment, verdict, startedAt, durationMs } = outcome;
  const tags = ['deployment', `app:${app}`, ...environment === undefined ? [] : [`environment:${environment}`], `verdict:${verdict}`];
  return {
    url: `${url.replace(/\/$/, '')}/api/annotations`, headers: { ...jsonHeaders, authorization: `Bearer ${token}` }, hint,
    body: JSON.stringify({
      time: Math.round(startedAt), timeEnd: Math.round(startedAt + durationMs), tags: tags.map((tag) => cut(plainLine(tag), tagLimit)), text: textOf(notice),
    }),
  };
}

/** Grafana shows the text as HTML. */
function textOf({ title, sentence, changes, links: [run] }: Notice): string {
  const text = escapeHtml(cut([title, sentence, ...changes].join('\n'), textLimit)).replaceAll('\n', '<br>');
  return run ? `${text}<br><a href="${escapeHtml(run.href)}">${run.text}</a>` : text;
}

const hint = (status: number): string => (status === 401 || status === 403
  ? 'Check the token, and that its service account is allowed to create annotations.' : 'Check `notify.grafana.url`: it is the address of Grafana, without /api.');
