import { ApiError } from '../../kubernetes/client/api.js';
import type { Cluster } from '../../kubernetes/client/cluster.js';
import { isRefusal, meaningOf } from '../../kubernetes/client/meaning.js';
import { ClusterError } from '../../outcome/errors.js';
import { wordsOf } from '../../outcome/program-words.js';
import { describeReach, type Reach } from '../../outcome/reach.js';
import type { Exited } from '../../ports/process.js';

const command = 'kubectl set image';

/** A failed `kubectl set image`, as the answer of the API server that caused it, so it is retried like any other. */
export class SetImageFailed extends ApiError {
  constructor(readonly reach: Reach, status: number, reason: string, readonly words: string) {
    super(status, reason, words);
    this.name = 'SetImageFailed';
  }
  /** The same images are written each time, and a conflicting write is over in a moment. */
  override get passing(): boolean {
    // A proxy that replaced the answer to the change may do so each time: the undo finds out whether it was applied.
    if (this.reason === 'NotJson' && this.reach !== 'not-begun') return false;
    return this.status === 409 || super.passing;
  }
  /** A change that was sent is not repeated for long: its response is missing, not the API server. */
  override get away(): boolean {
    return this.reach !== 'unknown' && super.away;
  }
  /** The error once it is not retried any more. */
  get named(): ClusterError {
    const { cause, hint } = meaningOf(this);
    return new ClusterError(cause, describeReach(command, this.reach, this.words), { hint: hints[this.reason] ?? hint, cause: this });
  }
}

/** What failed, by the message of kubectl; if that is only a guess, by the answer of the API server to the same request. */
export async function setImageFailure({ api }: Pick<Cluster, 'api'>, exit: Exited): Promise<SetImageFailed> {
  const failed = classify(exit);
  if (failed.reach !== 'not-begun' || !isGuess.test(failed.words)) return failed;
  for (const path of ['/api', '/apis']) {
    const answer = await api.get(path, { attempts: 1, timeoutMs: 5000 }).catch((error: unknown) => error);
    if (answer instanceof ApiError && (isRefusal(answer) || answer.passing)) return new SetImageFailed('not-begun', answer.status, answer.reason, answer.message);
  }
  return failed;
}

/** What kubectl prints when the discovery failed, without the message of the API server. */
const isGuess = /doesn't have a resource type|^Error from server \(\w+\): unknown$/;

/** kubectl discovers the resources and reads every workload of the command before it sends the first patch; only then it prints this. */
const sent = /failed to patch/i;
/** A webhook that fails is called before the change is stored. */
const webhookFailed = /failed calling webhook/i;
/** The message of client-go for an error that is no Status, for example a page of a gateway. It quotes the body. */
const serverError = /an error on the server \(.*\) has prevented the request/i;
/** etcd was asked to store the change, or may have been, and nothing says whether it did. */
const notConfirmed = /etcdserver: leader changed|rpc error: code = |an error on the server|in the time allotted/i;
/** The patch was sent, or may have been, but not answered. */
const unanswered = /\bEOF\b|connection reset|broken pipe|i\/o timeout|http2: |\(Timeout\)|timed out|timeout awaiting|context deadline exceeded|context canceled|connection lost/i;

function classify(exit: Exited): SetImageFailed {
  const words = wordsOf(exit.stderr);
  const [, status, reason] = statuses.find(([pattern]) => pattern.test(words)) ?? [undefined, 400, words === '' ? 'Silent' : 'Unknown'];
  const reach = words === '' ? 'unknown' : sent.test(exit.stderr) ? reachOfSent(status, words) : 'not-begun';
  return new SetImageFailed(reach, status, reason, words);
}

function reachOfSent(status: number, words: string): Reach {
  if (status === 502) return 'unknown';
  const mayBeStored = !webhookFailed.test(words) && (notConfirmed.test(words) || unanswered.test(words));
  if (status === 500 || status === 504) return mayBeStored ? 'unknown' : 'refused';
  if (status !== 0) return 'refused';
  // If the connection was not accepted, nothing was sent.
  return mayBeStored ? 'unknown' : 'not-begun';
}

/**
 * The answer of the API server behind a message of kubectl, which prints the reason of some only, and none after "failed to
 * patch". The first match wins: first those that contain text of others.
 */
const statuses: readonly (readonly [RegExp, number, string])[] = [
  [/admission webhook .* denied/i, 403, 'Forbidden'],
  [webhookFailed, 500, 'InternalError'],
  [serverError, 500, 'InternalError'],
  [/serializer for .* doesn't exist|invalid character '<'|couldn't get version\/kind/, 502, 'NotJson'],
  [/getting credentials: /, 0, 'NoAnswer'],
  [/doesn't have a resource type/, 503, 'Discovery'],
  [/\(Conflict\)|the object has been modified|the server reported a conflict/i, 409, 'Conflict'],
  [/\(Unauthorized\)|must be logged in|to provide credentials|\bUnauthorized\b/, 401, 'Unauthorized'],
  [/forbidden/i, 403, 'Forbidden'],
  [/\(TooManyRequests\)|too many requests|storage is \(re\)initializing/i, 429, 'TooManyRequests'],
  [/\(ServiceUnavailable\)|unable to handle the request|apiserver is shutting down/i, 503, 'ServiceUnavailable'],
  [/\(InternalError\)|Internal error occurred|\betcdserver: |\brpc error: code = (?:Unavailable|Canceled|DeadlineExceeded)/, 500, 'InternalError'],
  [/\(Invalid\)| is invalid: /, 422, 'Invalid'],
  [/\(Timeout\)|timed out|context deadline exceeded|in the time allotted/i, 504, 'Timeout'],
  [/connection refused|connection reset|broken pipe|context canceled|i\/o timeout|\bEOF\b|TLS handshake timeout|http2: |no such host|x509: |was refused - did you specify|dial tcp/i, 0, 'NoAnswer'],
  [/\(NotFound\)|not found|unable to find container/i, 404, 'NotFound'],
];

const hints: Readonly<Record<string, string>> = {
  Discovery: 'Check that the account is allowed to read `/api` and `/apis` (ClusterRole system:discovery): kubectl could not read the resource types from the API server.',
  Silent: 'Run the command above by hand to see why it exits. It may have been killed, for example because the machine is out of memory.',
  Unknown: 'Run the command above by hand; if it succeeds there, please report this with its output.',
};
