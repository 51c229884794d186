import { flag, word } from '../kit/text.js';
import { section } from '../setting.js';
import { duration, durationOrZero } from '../values/duration.js';
import { patience } from '../values/patience.js';
import { reasonOf } from '../values/reason.js';
import { releaseName } from '../values/release-name.js';
import { workloadList } from '../values/workloads.js';
import { clusterActions } from './cluster.js';

export const rollout = section('Rollout', clusterActions, {
  'workloads': {
    actions: [...clusterActions, 'restore'], requiredBy: ['rollout'],
    description: 'Workloads to roll out, one per line: `deployment/api`, `statefulset/db:container`, `daemonset/agent`, `cronjob/nightly`. Without `:container`, every container whose image repository equals `image`.',
    descriptionFor: {
      restore: 'Workloads of the app: they are scaled to 0 while the data is exchanged, unless `fence` names others.',
      rollback: 'Workloads to roll back, one per line: `deployment/api`, `statefulset/db`. Their containers are those that the release names. If it is not set, every workload that a recorded release names.',
    },
    examples: [['deployment/api']],
    kind: workloadList,
  },
  'timeout': {
    description: 'Maximum duration of the rollout, such as `90s`, `10m` or `1h30m`. Failures are usually detected much earlier.',
    fallback: '10m',
    kind: duration,
  },
  'rollback': {
    actions: ['deploy', 'rollout', 'pr-check'],
    description: '`auto`: restore the previous version when the rollout or a check fails. `off`: leave the failed version in place.',
    fallback: 'auto',
    kind: word(['auto', 'off']),
  },
  'prove-first': {
    description: '`true`: for a Deployment with a smoke check on its Service, the first new pods must pass the check before more old pods are replaced. `false`: all pods are replaced first, then checked.',
    fallback: 'true',
    kind: flag,
  },
  'patience': {
    description: 'How long a symptom must last before it counts as the cause of a failure: a map of causes and durations; `0s` means at once. docs/causes.md lists the causes.',
    default: 'the times in docs/causes.md',
    examples: [{ 'not-ready': '2m' }],
    kind: patience,
  },
  'advice': {
    actions: ['deploy', 'rollout', 'pr-check'],
    description: '`on`: report what in a workload can lose requests during a rollout, such as a missing readinessProbe. A missing preStop hook is reported in dry runs and before the first recorded release of the workload. `off`: do not report it.',
    fallback: 'on',
    kind: word(['on', 'off']),
  },
  'lock-timeout': {
    actions: [...clusterActions, 'backup', 'restore'],
    description: 'How long to wait while another run deploys the same app in the same namespace; `0s`: do not wait.',
    descriptionFor: {
      backup: 'How long to wait while another run backs up, migrates or restores the same database; `0s`: do not wait.',
      restore: 'How long to wait while another run backs up, migrates or restores the same database, or deploys the same app; `0s`: do not wait.',
    },
    fallback: '10m',
    kind: durationOrZero,
  },
  'to': {
    actions: ['rollback'], inFile: false,
    description: 'The release to roll back to: its revision (of one Deployment), its digest `sha256:…`, or its commit (at least 7 digits). With `command`: the version that `current` printed for it.',
    default: 'the last verified release before the current one that is not withdrawn',
    examples: ['12'],
    kind: releaseName,
  },
  'force': {
    actions: ['rollback'], inFile: false,
    description: '`true`: roll back although a migration since that release is declared irreversible (`migrate.reversible: false`). The release then runs on the migrated database.',
    fallback: 'false',
    kind: flag,
  },
  'reason': {
    actions: ['rollback', 'restore'], inFile: false,
    description: 'Why it is rolled back, in 10 to 500 characters. It is in the log, and recorded with the release.',
    descriptionFor: { restore: 'Why it is restored, in 10 to 500 characters. It is in the log and the report.' },
    examples: ['INC-1234: orders fail'],
    kind: reasonOf('Explain it in a few words, e.g. "INC-1234: orders fail".'),
  },
});
