import { flag, word } from '../kit/text.js';
import { section } from '../setting.js';
import { duration, durationOrZero } from '../values/duration.js';
import { patience } from '../values/patience.js';
import { releaseName } from '../values/release-name.js';
import { workloadList } from '../values/workloads.js';
import { clusterActions } from './cluster.js';

export const rollout = section('Rollout', clusterActions, {
  'workloads': {
    requiredBy: ['rollout'],
    description: 'Workloads to roll out, one per line: `deployment/api`, `statefulset/db:container`, `daemonset/agent`, `cronjob/nightly`. Without `:container`, every container whose image repository equals `image`.',
    descriptionFor: {
      rollback: 'Workloads to take back, one per line: `deployment/api`, `statefulset/db`. Their containers are those that the release names. Without it, every workload that a recorded release names.',
    },
    examples: [['deployment/api']],
    kind: workloadList,
  },
  'timeout': {
    description: 'Upper bound for the rollout, such as `90s`, `10m` or `1h30m`. Failures are normally found long before.',
    fallback: '10m',
    kind: duration,
  },
  'rollback': {
    actions: ['deploy', 'rollout'],
    description: '`auto`: put back what was there when the rollout or a check fails. `off`: leave the failed version in place.',
    fallback: 'auto',
    kind: word(['auto', 'off']),
  },
  'prove-first': {
    description: '`true`: of a Deployment that has a smoke check on its Service, the first new pods are asked before any more old ones are replaced. `false`: all are replaced, then asked.',
    fallback: 'true',
    kind: flag,
  },
  'patience': {
    description: 'How long a symptom must last before it is called the cause of a failure, a map of causes and durations; `0s` means at once. docs/causes.md has the causes.',
    default: 'what docs/causes.md says',
    examples: [{ 'not-ready': '2m' }],
    kind: patience,
  },
  'lock-timeout': {
    description: 'How long to wait while another run deploys the same app in the same namespace; `0s`: do not wait.',
    fallback: '10m',
    kind: durationOrZero,
  },
  'to': {
    actions: ['rollback'], inFile: false,
    description: 'The release to go back to: its revision (of one Deployment), its digest `sha256:…`, or its commit (at least 7 digits). Of a `command`: what `current` printed of it.',
    default: 'the last release before this one that was proven good and not withdrawn',
    examples: ['12'],
    kind: releaseName,
  },
});
