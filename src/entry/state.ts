/** Names under which the main step keeps values for its post step. */
export const stateNames = {
  /** The private folder of the run. */
  folder: 'folder',
  id: 'id',
  /** `traceparent` of the main step, if its trace is recorded. */
  trace: 'traceparent',
} as const;
