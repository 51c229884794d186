/** The actions of the repository; the commands of the terminal have the same names. */
export const actionNames = ['deploy', 'build', 'rollout', 'rollback', 'pr-check'] as const;
export type ActionName = (typeof actionNames)[number];

/** Everything that takes settings: the actions, and `setup`, which prepares a machine for them and ends in no verdict. */
export const takers = [...actionNames, 'setup'] as const;
export type Taker = (typeof takers)[number];

/** Actions that do not exist yet, and whose verdicts are part of the contract already: the schema of report.json has them. */
export const reservedActions: readonly string[] = ['backup', 'restore'];
