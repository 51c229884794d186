/* What only a run with a target needs, loaded for it. */
export { sharedRecord } from '../record/repository.js';
export { lastRunOf } from '../record/last-run.js';
export { openFinished } from './recover.js';
export { releaseStages } from './release.js';
