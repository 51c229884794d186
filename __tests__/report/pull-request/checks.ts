import type { Outcome } from '../../../src/outcome/outcome.js';
import type { EnvironmentCheck, PullRequestCheck } from '../../../src/outcome/pull-request.js';
import { checked } from '../outcomes.js';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const [image, commit] = ['ghcr.io/acme/api', `5e94acd${'0'.repeat(33)}`];
const before = `${image}:${'11fa367'.padEnd(40, '0')}@${digest('a')}`;
const after = `${image}:${commit}@<digest of the build>`;
const yaml = (reference: string) => `metadata:\n  labels:\n    app: api\nspec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n        - name: api\n          image: ${reference}\n          env:\n            - name: LOG_LEVEL\n              value: "***"\n`;

/** An environment to which a deployment would change two workloads. */
export const production: EnvironmentCheck = {
  app: 'api', environment: 'production', namespace: 'web', image, subjects: ['deployment/api', 'deployment/worker'],
  plan: {
    app: 'api', environment: 'production', namespace: 'web', reference: after,
    steps: [
      { stage: 'test', title: 'run the test gate', commands: ['npm ci', 'npm test'] },
      { stage: 'build', title: `build \`${image}\` for linux/amd64 and push it as \`${commit}\``, commands: [`docker buildx build --push --tag=${image}:${commit} .`] },
      { stage: 'rollout', title: 'set the image of `deployment/api`, `deployment/worker`, run the smoke checks against the first pods of `deployment/api` and watch the rollout', commands: [`kubectl --namespace=web set image deployment/api api=${after}`] },
      { stage: 'smoke', title: 'run the smoke check: `service/api/healthz -> 200`', commands: [] },
    ],
    changes: [{ subject: 'deployment/api', part: 'api', before, after }, { subject: 'deployment/worker', part: 'worker', before, after }],
    notifications: [],
    rollback: { possible: true, reason: 'Every workload is healthy now. Its images are restored if anything fails.' },
    warnings: ['deployment/worker has no readinessProbe: its pods get traffic before they can answer.', 'Policy `resources`: Container api of deployment/api has no limits.memory (spec.template.spec.containers[0]). Set them under `resources` of the container.'],
  },
  problems: [], warnings: ['deployment/worker has no readinessProbe: its pods get traffic before they can answer.'], leftOut: [],
  policy: {
    findings: [
      { rule: 'resources', level: 'warn', subject: 'deployment/api', container: 'api', path: 'spec.template.spec.containers[0]', message: 'Container api of deployment/api has no limits.memory.', fix: 'Set them under `resources` of the container.' },
      {
        rule: 'mutable-tags', level: 'allowed', subject: 'deploy/worker.yml: deployment/worker', message: 'Container log of deployment/worker has the image busybox:latest, whose tag latest moves, and the pull policy IfNotPresent.', fix: 'Name the version.',
        place: { file: 'deploy/worker.yml', line: 21 }, exception: { reason: 'INC-1234: replaced in May', until: '2026-05-31' },
      },
    ],
    notes: [],
  },
  differences: [{ subject: 'deployment/api', old: yaml(before), new: yaml(after) }],
  calendar: ['The next time without rollouts: frozen by `Fri 16:00 – Mon 08:00 Europe/Paris` from Friday 16:00 Europe/Paris (in 1 d 4 h) until Monday 08:00 Europe/Paris.'],
};

/** One to which a deployment would fail. */
export const staging: EnvironmentCheck = {
  ...production, environment: 'staging', namespace: 'staging', plan: undefined, warnings: [], policy: undefined, differences: [], calendar: [],
  problems: [{ cause: 'config-invalid', message: 'Workload deployment/worker does not exist in namespace staging.', hint: 'Did you mean deployment/workers?' }],
};

export const check: PullRequestCheck = {
  origin: 'own', head: commit, settings: { problems: [], warnings: [] }, environments: [production], leftOut: [],
  baseImages: [{ dockerfile: 'Dockerfile', changes: [{ stage: '#1', old: 'node:20-slim', new: 'node:22-slim' }] }],
};

export const outcomeOf = (given: PullRequestCheck, changes: Partial<Outcome> = {}): Outcome =>
  ({ ...checked, app: 'api', environment: undefined, durationMs: 1840, runUrl: 'https://github.com/acme/api/actions/runs/7', check: given, ...changes });

export const ofFork: PullRequestCheck = {
  ...check, origin: 'fork', environments: [{ ...production, plan: undefined, warnings: [], policy: undefined, differences: [] }],
  leftOut: [{ what: 'everything outside of the files', why: 'The pull request is from a fork.' }],
};

/** The same text wherever a check has room for one. */
export function hostileCheck(text: string): PullRequestCheck {
  const words = (value: unknown): unknown => {
    if (typeof value === 'string') return text;
    if (Array.isArray(value)) return value.map(words);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, ['stage', 'cause', 'origin', 'level'].includes(name) ? item : words(item)]));
  };
  const problem = { where: 'x', file: 'x', line: 3, column: 5, message: 'x', hint: 'x' };
  const leftOut = [{ what: 'x', why: 'x' }];
  return words({
    ...check, settings: { problems: [problem], warnings: [problem] }, leftOut,
    environments: [
      { ...production, problems: [...staging.problems, { cause: 'permission-denied', message: 'x', attachment: { title: 'x', text: 'x' } }], leftOut, differences: [{ subject: 'x', old: 'x', new: 'x', note: 'x' }] },
      { ...staging, plan: undefined },
    ],
    baseImages: [...check.baseImages, { dockerfile: 'x', changes: [], unknown: 'x' }],
  }) as PullRequestCheck;
}
