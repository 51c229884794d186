import { stageNames, verdicts } from '../outcome/verdict.js';

/** The outputs of every action, in the order of the docs. One that has nothing to say is empty. */
export const outputs = {
  'verdict': `How the run ended: ${verdicts.map((verdict) => `\`${verdict}\``).join(', ')}.`,
  'cause': 'Why it failed: one of the codes in docs/causes.md. Empty after a success.',
  'stage': `The stage that failed: ${stageNames.map((stage) => `\`${stage}\``).join(', ')}. Empty after a success.`,
  'image': 'Repository of the image, without tag and digest.',
  'digest': 'Digest of the image that was built or deployed, `sha256:…`.',
  'reference': '`image@digest`: exactly what was deployed.',
  'previous-reference': 'What the workloads ran before; one per line if they were not at the same version.',
  'report': 'Path of the report of the run, a JSON file.',
  'plan': 'What the run would do, as JSON. Only in a dry run.',
} as const;
