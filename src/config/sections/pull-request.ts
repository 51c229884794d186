import { word } from '../kit/text.js';
import { section } from '../setting.js';

export const pullRequest = section('Pull requests', ['pr-check'], {
  'comment': {
    inFile: false, inTerminal: false,
    description: '`auto`: show the result in a comment of the pull request, which later runs update. `off`: only in the summary of the job, and in a check run if the token is allowed to create one.',
    fallback: 'auto',
    kind: word(['auto', 'off']),
  },
});
