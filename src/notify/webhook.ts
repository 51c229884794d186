import { createHmac } from 'node:crypto';
import type { TargetOf } from '../config/config.js';
import type { Outcome } from '../outcome/outcome.js';
import { reportJson } from '../report/json.js';
import { jsonHeaders, type HttpMessage } from './http-message.js';

/**
 * The report of the run for a server of the user's own: the text of report.json, with the signature that GitHub's webhooks have.
 * https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
 * @param outcome without secrets
 * @param delivery the same for each attempt, so the server can tell that it has this one already
 */
export function webhookMessage(outcome: Outcome, { url, secret, token }: Pick<TargetOf<'webhook'>, 'url' | 'secret' | 'token'>, delivery: string): HttpMessage {
  const body = reportJson(outcome);
  return {
    url, body, hint,
    headers: {
      ...jsonHeaders, 'x-deploy-action-event': outcome.verdict, 'x-deploy-action-delivery': delivery,
      ...secret !== undefined && { 'x-hub-signature-256': signature(body, secret) }, ...token !== undefined && { authorization: `Bearer ${token}` },
    },
  };
}

/** The value of `X-Hub-Signature-256`. */
export const signature = (body: string, secret: string): string => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

const hint = (status: number): string => (status === 401 || status === 403
  ? 'Check `notify.webhook.secret` and `notify.webhook.token`, and what the server expects.' : 'Check `notify.webhook.url`, and the log of the server.');
