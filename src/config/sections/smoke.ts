import { section } from '../setting.js';
import { smokeChecks } from '../values/smoke.js';
import { clusterActions } from './cluster.js';

export const smoke = section('Smoke checks', [...clusterActions, 'restore'], {
  'smoke': {
    description: 'Checks that the new version must pass, one per line: `TARGET [-> STATUS[,STATUS] [contains TEXT]]`. TARGET is a URL, or `service/NAME[:PORT]/PATH`, which is requested through the API server.',
    examples: [['service/api:80/healthz -> 200 contains ok']],
    kind: smokeChecks,
  },
});
