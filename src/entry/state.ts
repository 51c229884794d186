/** Names under which the main step keeps values for its post step. */
export const stateNames = {
  /** The private folder of the run. */
  folder: 'folder',
  id: 'id',
} as const;
