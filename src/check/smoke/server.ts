import { readStatus, retryAfterMs, type RawAnswer, type Status } from '../../kubernetes/client/answer.js';
import { ApiError } from '../../kubernetes/client/api-error.js';

/** The form of the API server's own answers, as opposed to those that it forwards from a pod. */
export function parseStatus(body: string): Status | undefined {
  const answer = readStatus(body);
  return answer?.kind === 'Status' ? answer : undefined;
}

/**
 * An error of the API server itself while a pod or a Service is requested through it: etcd elects a leader, the server has
 * just started and has not read roles and accounts yet, it is overloaded or shutting down. That says nothing about the app.
 * An app that answers in this form is an API server itself, and denies access to other things than pods and Services.
 */
export function troubleOf({ status, headers, body }: RawAnswer): ApiError | undefined {
  const options = { retryAfterMs: retryAfterMs({ headers }) };
  // https://github.com/kubernetes/apiserver/blob/master/pkg/server/filters: maxinflight.go, with_retry_after.go
  if (status === 429 && /^(Too many requests, please try again later\.|The apiserver is shutting down)/.test(body.trim())) return new ApiError(429, 'TooManyRequests', body.trim(), options);
  const said = parseStatus(body);
  if (said?.code !== status) return undefined;
  const message = said.message ?? '';
  const troubled = status === 401 || status === 429 || status === 500 || (status > 500 && message.includes('etcdserver: ')) ||
    (status === 403 && (said.details?.kind === 'pods' || said.details?.kind === 'services'));
  return troubled ? new ApiError(status, said.reason ?? '', message, options) : undefined;
}
