import type { Outcome } from '../../src/outcome/outcome.js';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const image = 'ghcr.io/acme/hello';
const before = `${image}:1@${digest('a')}`;
const after = `${image}:2@${digest('b')}`;

/** Runs as they end in practice. */
export const deployed: Outcome = {
  verdict: 'deployed', app: 'hello', environment: 'production', namespace: 'web', commit: 'c0ffee0'.padEnd(40, '1'),
  runUrl: 'https://github.com/acme/hello/actions/runs/7', startedAt: Date.UTC(2026, 0, 2, 3, 4, 5, 6), durationMs: 42_130.4,
  reference: `${image}@${digest('b')}`, digest: digest('b'), image, tags: ['2', 'latest'],
  changes: [{ subject: 'deployment/hello', part: 'app', before, after, now: after }], previous: [before],
  targetWords: { untouched: 'No workload was changed.', leftAlone: 'changed no workload itself', deployed: 'is deployed to every workload' },
  timeline: [
    { stage: 'test', label: 'npm test', startMs: 0, endMs: 4200, result: 'ok' },
    { stage: 'build', label: '2 platforms', startMs: 4200, endMs: 30_000, result: 'ok' },
    { stage: 'rollout', label: 'deployment/hello', startMs: 30_000, endMs: 41_000.6, result: 'ok' },
  ],
  undoCommands: [`kubectl --namespace web set image deployment/hello app=${before}`],
  warnings: ['deployment/hello has no readiness probe.'],
};

export const rolledBack: Outcome = {
  ...deployed, verdict: 'rolled-back', warnings: [],
  changes: [{ subject: 'deployment/hello', part: 'app', before, after, now: before }],
  timeline: [
    { stage: 'rollout', label: 'deployment/hello', startMs: 0, endMs: 6000, result: 'failed' },
    { stage: 'rollback', label: 'deployment/hello', startMs: 6000, endMs: 9000, result: 'ok' },
  ],
  failure: {
    cause: 'crash-loop', stage: 'rollout', message: 'Container app of pod hello-7c9f exited twice, last with exit code 1.',
    hint: 'Fix the error that its log reports.',
    evidence: [{ title: 'log of hello-7c9f/app', text: 'Error: cannot find module\n    at main.js:1\n' }],
  },
  rollback: { restoredAfterMs: 412, verifiedAfterMs: 2850, notes: [] },
};

export const rollbackFailed: Outcome = {
  ...rolledBack, verdict: 'rollback-failed',
  changes: [{ subject: 'deployment/hello', part: 'app', before, after, now: after }],
  rollback: { notes: ['The API server did not answer within 30 s.'] },
};

export const planned: Outcome = {
  ...deployed, verdict: 'planned', changes: [], timeline: [], warnings: [], undoCommands: [], tags: [], durationMs: 310,
  reference: undefined, digest: undefined,
  plan: {
    app: 'hello', environment: 'production', namespace: 'web', reference: `${image}:2@<digest of the build>`,
    steps: [
      { stage: 'build', title: 'build and push 2 platforms', commands: [`docker buildx build --push --tag ${image}:2 .`] },
      { stage: 'rollout', title: 'roll out deployment/hello', commands: [`kubectl set image deployment/hello app=${image}:2@<digest of the build>`] },
    ],
    changes: [{ subject: 'deployment/hello', part: 'app', before, after: `${image}:2@<digest of the build>` }],
    rollback: { possible: true, reason: 'The image that runs now is in the registry.' },
    warnings: [], notifications: [],
  },
};

const nothingRolledOut = { changes: [], previous: [], targetWords: undefined, undoCommands: [], warnings: [], tags: [], timeline: [] } as const;
const noImage = { image: undefined, reference: undefined, digest: undefined } as const;

export const tested: Outcome = { ...deployed, ...nothingRolledOut, ...noImage, verdict: 'tested' };
export const built: Outcome = { ...deployed, ...nothingRolledOut, verdict: 'built', tags: ['2'] };
export const checked: Outcome = { ...tested, verdict: 'checked' };
export const backedUp: Outcome = { ...tested, verdict: 'backed-up' };
export const restored: Outcome = { ...tested, verdict: 'restored' };
export const unchanged: Outcome = { ...deployed, ...nothingRolledOut, verdict: 'unchanged' };

export const failed: Outcome = {
  ...deployed, verdict: 'failed', changes: [], undoCommands: [], reference: undefined, digest: undefined,
  failure: { cause: 'config-invalid', stage: 'config', message: 'deploy.yml:3:5: unknown key\ninput platforms: no such', hint: 'Mend it.', evidence: [] },
};

/** The same text wherever an outcome has room for one. */
export function hostileOutcome(text: string): Outcome {
  const words = (value: unknown): unknown => {
    if (typeof value === 'string') return text;
    if (Array.isArray(value)) return value.map(words);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, ['verdict', 'stage', 'cause', 'result'].includes(name) ? item : words(item)]));
  };
  return words({ ...rollbackFailed, warnings: ['x'], plan: planned.plan }) as Outcome;
}
