import { ApiError } from '../../kubernetes/client/api.js';
import type { Cluster } from '../../kubernetes/client/cluster.js';
import { isRefusal, meaningOf } from '../../kubernetes/client/meaning.js';
import { ClusterError } from '../../outcome/errors.js';
import { wordsOf } from '../../outcome/program-words.js';
import { describeReach, type Reach } from '../../outcome/reach.js';
import type { Exited } from '../../ports/process.js';

const command = 'kubectl set image';

/** A `kubectl set image` that failed, as the answer of the API server that made it fail, so that it is tried again as any other. */
export class SetImageFailed extends ApiError {
  constructor(readonly reach: Reach, status: number, reason: string, readonly words: string) {
    super(status, reason, words);
    this.name = 'SetImageFailed';
  }
  /** The same images are written each time, and another write beside it is over in a moment. */
  override get passing(): boolean {
    // Whatever put a page in place of the answer to the change may do so each time: what became of it is for whoever undoes to see.
    if (this.reason === 'NotJson' && this.reach !== 'not-begun') return false;
    return this.status === 409 || super.passing;
  }
  /** When it is not tried any more. */
  get named(): ClusterError {
    const { cause, hint } = meaningOf(this);
    return new ClusterError(cause, describeReach(command, this.reach, this.words), { hint: hints[this.reason] ?? hint, cause: this });
  }
}

/** What failed, from what kubectl said; where that is only its guess, from what the API server says of the same. */
export async function setImageFailure({ api }: Pick<Cluster, 'api'>, exit: Exited): Promise<SetImageFailed> {
  const failed = classify(exit);
  if (failed.reach !== 'not-begun' || !isGuess.test(failed.words)) return failed;
  for (const path of ['/api', '/apis']) {
    const answer = await api.get(path, { attempts: 1, timeoutMs: 5000 }).catch((error: unknown) => error);
    if (answer instanceof ApiError && (isRefusal(answer) || answer.passing)) return new SetImageFailed('not-begun', answer.status, answer.reason, answer.message);
  }
  return failed;
}

/** What kubectl makes of a discovery that failed, without the words of the API server. */
const isGuess = /doesn't have a resource type|^Error from server \(\w+\): unknown$/;

/** kubectl finds out what a resource is and reads every workload of the command before it sends the first patch; only then it says this. */
const sent = /failed to patch/i;
/** The patch went out, or may have, and no answer came back. */
const unanswered = /\bEOF\b|connection reset|i\/o timeout|http2: |\(Timeout\)|timed out|timeout awaiting|context deadline exceeded|connection lost/i;

function classify(exit: Exited): SetImageFailed {
  const words = wordsOf(exit.stderr);
  const [, status, reason] = statuses.find(([pattern]) => pattern.test(words)) ?? [undefined, 400, words === '' ? 'Silent' : 'Unknown'];
  const reach = words === '' ? 'unknown' : sent.test(exit.stderr) ? reachOfSent(status, words) : 'not-begun';
  return new SetImageFailed(reach, status, reason, words);
}

function reachOfSent(status: number, words: string): Reach {
  if (status === 502) return 'unknown';
  if (status !== 0 && status !== 504) return 'refused';
  // Where nobody took the connection nothing was sent over it.
  return unanswered.test(words) ? 'unknown' : 'not-begun';
}

/** Which answer of the API server kubectl's words are of; it prints the status of some only. The first that fits. */
const statuses: readonly (readonly [RegExp, number, string])[] = [
  [/failed calling webhook/i, 500, 'InternalError'],
  [/serializer for .* doesn't exist|invalid character '<'|couldn't get version\/kind/, 502, 'NotJson'],
  [/getting credentials: /, 0, 'NoAnswer'],
  [/doesn't have a resource type/, 503, 'Discovery'],
  [/\(Conflict\)|the object has been modified/i, 409, 'Conflict'],
  [/\(Unauthorized\)|must be logged in|to provide credentials|\bUnauthorized\b/, 401, 'Unauthorized'],
  [/forbidden|admission webhook .* denied/i, 403, 'Forbidden'],
  [/\(TooManyRequests\)|too many requests/i, 429, 'TooManyRequests'],
  [/\(ServiceUnavailable\)|unable to handle the request/i, 503, 'ServiceUnavailable'],
  [/\(InternalError\)|Internal error occurred/, 500, 'InternalError'],
  [/\(Invalid\)| is invalid: /, 422, 'Invalid'],
  [/\(Timeout\)|timed out|context deadline exceeded/i, 504, 'Timeout'],
  [/connection refused|connection reset|i\/o timeout|\bEOF\b|TLS handshake timeout|http2: |no such host|x509: |was refused - did you specify|dial tcp/i, 0, 'NoAnswer'],
  [/\(NotFound\)|not found|unable to find container/i, 404, 'NotFound'],
];

const hints: Readonly<Record<string, string>> = {
  Discovery: 'kubectl could not read from the API server which kinds of objects it has. Check that the account is allowed to read `/api` and `/apis` (ClusterRole system:discovery).',
  Silent: 'Run the command above by hand to see why it exits: it may have been ended from outside, for example for want of memory.',
  Unknown: 'Run the command above by hand; if it succeeds there, please report this with the log of this step.',
};
