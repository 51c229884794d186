/** Names under which the main step keeps values for its post step. */
export const stateNames = {
  /** The private folder of the run. */
  folder: 'folder',
  id: 'id',
  /** The verdict, once everything was told: without it the main step did not come to its end. */
  told: 'told',
} as const;
