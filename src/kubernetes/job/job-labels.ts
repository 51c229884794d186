import { createHash } from 'node:crypto';
import type { KubeObject } from '../client/objects.js';

/** Labels of a Job and of its pod. No Service selects them: they are of this action alone. */
export const jobLabels = { app: 'deploy-action/app', purpose: 'deploy-action/purpose', run: 'deploy-action/run', job: 'deploy-action/job' } as const;

/** Annotations of a Job: whose it is, in full. */
export const jobAnnotations = { runUrl: 'deploy-action/run-url', command: 'deploy-action/command' } as const;

/** What a Job is for: `migrate`. A word of lower-case letters and dashes. */
export interface JobIdentity {
  readonly app: string;
  readonly purpose: string;
  /** Id of the run. */
  readonly run: string;
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 10);

/** A label cannot hold every id of a run. */
export const runLabel = (run: string): string => shortHash(run);

/**
 * The name of a Job: `api-migrate-1a2b3c4d5e`. The same run, app and purpose have the same name, so a request that is sent again
 * creates no second one. With the suffix of its pod it still fits into a label.
 */
export function jobName({ app, purpose, run }: JobIdentity): string {
  const end = `-${purpose}-${shortHash(run)}`;
  return `${app.slice(0, 57 - end.length)}${end}`.replaceAll(/\.-|-+/g, '-');
}

export const isOf = ({ metadata }: KubeObject, { app, purpose }: Pick<JobIdentity, 'app' | 'purpose'>): boolean =>
  metadata?.labels?.[jobLabels.app] === app && metadata.labels[jobLabels.purpose] === purpose;
