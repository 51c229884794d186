/** The actions of the repository; the commands of the terminal have the same names. */
export const actionNames = ['deploy', 'build', 'rollout', 'rollback', 'pr-check', 'backup', 'restore'] as const;
export type ActionName = (typeof actionNames)[number];

/** The actions that have to do with an image and what runs it; the others with its data. */
export const imageActions = actionNames.filter((name) => name !== 'backup' && name !== 'restore');

/** Everything that takes settings: the actions, and `setup`, which prepares a machine for them and ends in no verdict. */
export const takers = [...actionNames, 'setup'] as const;
export type Taker = (typeof takers)[number];
