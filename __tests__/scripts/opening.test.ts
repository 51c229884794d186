import { expect, it } from '@jest/globals';
import { opening } from '../../scripts/demo/opening.mjs';

it('the demo says first what it does, how long that takes, and how to undo it', () => {
  expect(opening({ perSecond: 50 }).split('\n')).toEqual([
    'The demo starts a Kubernetes cluster on this machine (as root) and makes 4 releases of examples/hello, under 50 requests per second:',
    '  v1  the first release: deployed',
    '  v2  a good release: deployed',
    '  v3  a release that crashes: rolled-back',
    '  v4  a release that starts but returns errors: rolled-back',
    'It takes about a minute; the first time, several more for the cluster. Ctrl-C stops it at any time. To remove the cluster: npm run sandbox down',
  ]);
});
