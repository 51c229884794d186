import { ApiError } from '../kubernetes/client/api-error.js';
import { isPassing, meaningOf } from '../kubernetes/client/meaning.js';
import { ClusterError, DeployError } from '../outcome/errors.js';
import { messageOf } from '../outcome/wording.js';

class UnexpectedError extends DeployError {}

/** Every error as one that names its cause. One that the action does not handle is reported as a bug. */
export function asDeployError(thrown: unknown): DeployError {
  if (thrown instanceof DeployError) return thrown;
  if (thrown instanceof ApiError) {
    const { cause, hint } = meaningOf(thrown);
    return new ClusterError(cause, `${beginningOf(thrown)}: ${thrown.message}.`, { hint, cause: thrown });
  }
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return new UnexpectedError('unexpected', messageOf(thrown), { cause: thrown, evidence: [{ title: 'stack', text: stack }] });
}

function beginningOf({ status }: ApiError): string {
  if (status === 401) return 'The cluster no longer accepts these credentials';
  return isPassing(status) ? 'The API server could not process the request' : 'The API server rejected the request';
}
