import { section } from '../setting.js';
import { smokeChecks } from '../values/smoke.js';
import { clusterActions } from './cluster.js';

export const smoke = section('Smoke checks', clusterActions, {
  'smoke': {
    description: 'Checks that the version that is rolled out must pass, one per line: `TARGET [-> STATUS[,STATUS] [contains TEXT]]`. TARGET is a URL, or `service/NAME[:PORT]/PATH`, which is reached through the API of the cluster.',
    examples: [['service/api:80/healthz -> 200 contains ok']],
    kind: smokeChecks,
  },
});
