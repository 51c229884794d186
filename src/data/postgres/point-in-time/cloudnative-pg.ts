import type { PointInTimeTool } from './tool.js';

/**
 * CloudNativePG: https://cloudnative-pg.io. Its operator knows the backups, not the pod of the database. The name of its Cluster is that
 * which the server has.
 */
export const cloudNativePg: PointInTimeTool = {
  name: 'CloudNativePG',
  of: ({ command, name }) => (/^\/controller\/manager wal-archive\b/.test(command) ? {
    recover: `kubectl get clusters.postgresql.cnpg.io ${name || 'CLUSTER'} --output=jsonpath={.status.firstRecoverabilityPoint}  # then a new Cluster with bootstrap.recovery.recoveryTarget.targetTime: TIME`,
  } : undefined),
};
