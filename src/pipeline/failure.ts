import { ApiError } from '../cluster/api.js';
import { ClusterError, DeployError } from '../outcome/errors.js';

class UnexpectedError extends DeployError {}

/** Every error as one that names its cause: what no part foresaw is a defect, and says so. */
export function asDeployError(thrown: unknown): DeployError {
  if (thrown instanceof DeployError) return thrown;
  if (thrown instanceof ApiError) {
    if (thrown.status === 401) {
      return new ClusterError('permission-denied', `The cluster does not know this account any more: ${thrown.message}.`, {
        hint: 'The credentials in the kubeconfig have probably run out; make some that last longer.', cause: thrown,
      });
    }
    if (thrown.status === 403) return new ClusterError('permission-denied', `The API server refused: ${thrown.message}.`, { cause: thrown });
    return new ClusterError('api-unreachable', `The API server did not do it: ${thrown.message}.`, { cause: thrown });
  }
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return new UnexpectedError('unexpected', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown, evidence: [{ title: 'stack', text: stack }] });
}
