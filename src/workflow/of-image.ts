/* What only a run with an image needs, loaded for it. */
export { checkExisting } from '../image/check-existing.js';
export { deployReference } from '../image/reference.js';
export { readImageFacts } from './image-facts.js';
export { imageStages } from './image-stages.js';
