/** Names under which the main step keeps values for its post step. */
export const stateNames = {
  /** The private folder of the run. */
  folder: 'folder',
  id: 'id',
  /** The registry that `setup` has logged Docker in to. */
  registry: 'registry',
  /** `traceparent` of the main step, if its trace is recorded. */
  trace: 'traceparent',
} as const;
