/** How a run ended. There are six words and no seventh. */
export const verdicts = ['deployed', 'unchanged', 'planned', 'failed', 'rolled-back', 'rollback-failed'] as const;
export type Verdict = (typeof verdicts)[number];

/** The verdicts that end the workflow step in success. */
export const isSuccess = (verdict: Verdict): boolean =>
  verdict === 'deployed' || verdict === 'unchanged' || verdict === 'planned';

export const stageNames = ['config', 'preflight', 'test', 'build', 'rollout', 'smoke', 'tags', 'rollback'] as const;
/** One part of a run, as named in the output `stage`, the summary and the report. */
export type StageName = (typeof stageNames)[number];
