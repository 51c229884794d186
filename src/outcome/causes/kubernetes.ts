import type { CauseTable } from './entry.js';

/** The API server, and workloads that cannot be rolled out whatever the new version is. */
export const kubernetes = {
  'permission-denied': {
    observed: 'The API server returns 401, or 403 because a permission is missing, or an access review denies a permission.',
    sentence: 'The account of the run lacks a permission that it needs.',
    hint: 'Apply the Role in docs/rbac.yaml of deploy-action, or use another kubeconfig.',
  },
  'api-unreachable': {
    observed: 'The API server does not answer, or something else answers in its place.',
    sentence: 'The cluster cannot be reached.',
    hint: 'Check the kubeconfig, the context, and that this machine can reach the API server.',
  },
  'not-deployable': {
    observed: 'A workload is paused, is updated only by hand (OnDelete), or has a strategy that can never complete; or its namespace is being deleted; or the API server rejects the changed workload (422).',
    sentence: 'A workload cannot be rolled out in its current state.',
    hint: 'Change the workload as described, then run again.',
  },
} as const satisfies CauseTable;
