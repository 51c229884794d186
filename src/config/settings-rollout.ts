import type { ActionName } from '../outcome/action.js';
import { parseChoice } from './choices.js';
import { durationPattern, parseDuration, parseDurationOrZero } from './duration.js';
import { flag, single } from './kinds.js';
import { list, repeated } from './list.js';
import { map } from './map.js';
import { checkPatience, patientCauses } from './patience.js';
import { parsePeriod } from './periods.js';
import { parseReason } from './reason.js';
import { parseReleaseName } from './release-name.js';
import { setting } from './setting.js';
import { clusterActions } from './settings-cluster.js';
import { parseSmoke } from './smoke.js';
import { readSmokeEntry, smokeEntrySchema } from './smoke-entry.js';
import { usualLimit } from './text.js';
import { parseWorkload, repeatedWorkloads } from './workloads.js';

export const defaultTimeout = '10m';
export const defaultLockTimeout = '10m';

/** What puts back a release that was good is not held up by the calendar: that is when it is needed most. */
const freezable: readonly ActionName[] = ['deploy', 'rollout'];

const periods = list(parsePeriod, {
  expects: 'a list of periods', item: 'a period such as Fri 16:00 – Mon 08:00 Europe/Paris', allowEmpty: true,
  itemSchema: { type: 'string', minLength: 1 }, check: repeated(({ text }) => text),
});

export const rolloutSettings = {
  'workloads': setting({
    topic: 'rollout', actions: clusterActions, requiredBy: ['rollout'],
    description: 'Workloads to roll out, one per line: `deployment/api`, `statefulset/db:container`, `daemonset/agent`, `cronjob/nightly`. Without `:container`, every container whose image repository equals `image`.',
    descriptionFor: {
      rollback: 'Workloads to take back, one per line: `deployment/api`, `statefulset/db`. Their containers are those that the release names. Without it, every workload that a recorded release names.',
    },
    examples: [['deployment/api']],
    kind: list(parseWorkload, {
      expects: 'a list of workloads', item: 'a workload such as deployment/api', separator: ',',
      itemSchema: { type: 'string', minLength: 1 }, allowEmpty: true, check: repeatedWorkloads,
    }),
  }),
  'timeout': setting({
    topic: 'rollout', actions: clusterActions,
    description: 'Upper bound for the rollout, such as `90s`, `10m` or `1h30m`. Failures are normally found long before.',
    default: `\`${defaultTimeout}\``,
    kind: single(parseDuration, { expects: 'a duration such as 10m', schema: { pattern: durationPattern } }),
  }),
  'smoke': setting({
    topic: 'rollout', actions: clusterActions,
    description: 'Checks that the version that is rolled out must pass, one per line: `TARGET [-> STATUS[,STATUS] [contains TEXT]]`. TARGET is a URL, or `service/NAME[:PORT]/PATH`, which is reached through the API of the cluster.',
    examples: [['service/api:80/healthz -> 200 contains ok']],
    kind: list(parseSmoke, {
      expects: 'a list of checks', item: 'a check such as service/api:80/healthz -> 200', allowEmpty: true,
      itemSchema: { anyOf: [{ type: 'string', minLength: 1 }, smokeEntrySchema] }, fromMap: readSmokeEntry, placed: (check, at) => ({ ...check, at }),
    }),
  }),
  'rollback': setting({
    topic: 'rollout', actions: ['deploy', 'rollout'],
    description: '`auto`: put back what was there when the rollout or a check fails. `off`: leave the failed version in place.',
    default: '`auto`',
    kind: single(parseChoice(['auto', 'off']), { expects: 'auto or off', schema: { enum: ['auto', 'off'] } }),
  }),
  'prove-first': setting({
    topic: 'rollout', actions: clusterActions,
    description: '`true`: of a Deployment that has a smoke check on its Service, the first new pods are asked before any more old ones are replaced. `false`: all are replaced, then asked.',
    default: '`true`',
    kind: flag,
  }),
  'patience': setting({
    topic: 'rollout', actions: clusterActions, asInput: false,
    description: 'How long a symptom must last before it is called the cause of a failure, a map of causes and durations; `0s` means at once. docs/causes.md has the causes.',
    default: 'what docs/causes.md says',
    examples: [{ 'not-ready': '2m' }],
    kind: map<number>({
      expects: 'a map of causes and durations', limit: usualLimit, parseEntry: checkPatience,
      schema: { type: 'object', propertyNames: { enum: patientCauses }, additionalProperties: { type: 'string', pattern: durationPattern } },
    }),
  }),
  'lock-timeout': setting({
    topic: 'rollout', actions: clusterActions,
    description: 'How long to wait while another run deploys the same app in the same namespace; `0s`: do not wait.',
    default: `\`${defaultLockTimeout}\``,
    kind: single(parseDurationOrZero, { expects: 'a duration such as 10m', schema: { pattern: durationPattern } }),
  }),
  'freeze': setting({
    topic: 'rollout', actions: freezable,
    description: 'Periods in which nothing is rolled out, one per line: `Fri 16:00 – Mon 08:00 Europe/Paris`, `Mon–Fri 11:30–13:30 Europe/Paris`, `22:00–06:00 UTC`.',
    examples: [['Fri 16:00 – Mon 08:00 Europe/Paris']],
    kind: periods,
  }),
  'windows': setting({
    topic: 'rollout', actions: freezable,
    description: 'When there are any: the only periods in which something is rolled out, one per line, written as those of `freeze`, which wins where both hold.',
    examples: [['Sun 02:00–04:00 UTC']],
    kind: periods,
  }),
  'freeze-override': setting({
    topic: 'rollout', actions: freezable, inFile: false,
    description: 'Why this run does not wait for the end of `freeze` or the next of `windows`, in a few words. It is recorded with the release.',
    examples: ['INC-1234: the checkout is down'],
    kind: single(parseReason, { expects: 'a reason' }),
  }),
  'to': setting({
    topic: 'rollout', actions: ['rollback'], inFile: false,
    description: 'The release to go back to: its revision (of one Deployment), its digest `sha256:…`, or its commit (at least 7 digits).',
    default: 'the last release before this one that was proven good and not withdrawn',
    examples: ['12'],
    kind: single(parseReleaseName, { expects: 'a revision, a digest or a commit' }),
  }),
};
