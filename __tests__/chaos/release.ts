import { createHash } from 'node:crypto';
import { pathOf, call } from '../e2e/harness/api.js';
import { environment } from '../e2e/harness/environment.js';
import { pushImage, type PushedImage, type Variant } from '../e2e/harness/images.js';
import type { Space } from '../e2e/harness/namespace.js';
import { settings, type Shape } from './shape.js';

/** What is released, and how it must end when nothing else happens. */
export interface Release {
  /** How often it is chosen, compared with the others. */
  readonly weight: number;
  /** Whether it may be found on the workloads at the end. `either`: that depends on who is faster. */
  readonly good: boolean | 'either';
  readonly verdicts: readonly string[];
  /** Of a verdict that is no success; any cause when there is none. */
  readonly causes: readonly string[];
  readonly fits?: (shape: Shape) => boolean;
  /** What the app is told to do wrong. */
  readonly mode?: string;
  readonly image?: Partial<Variant>;
  readonly inputs?: Readonly<Record<string, string>>;
  /** Lines for deploy.yml. */
  readonly file?: readonly string[];
  /** The registry has it when the runner asks, and answers with this status when the nodes do. */
  readonly lost?: number;
  /** Done in the namespace before the run, or as the images are set. Both are taken back after it. */
  readonly before?: (space: Space) => Promise<unknown>;
  readonly atChange?: (space: Space) => Promise<unknown>;
  readonly after?: (space: Space) => Promise<unknown>;
}

const calm = 'serve-after-term=1s';
const rolledBack = { good: false, verdicts: ['rolled-back'] } as const;
const failed = { good: false, verdicts: ['failed'] } as const;
const good = { good: true, verdicts: ['deployed'], causes: [] } as const;
const patience = (cause: string, duration: string): string[] => ['patience:', `  ${cause}: ${duration}`];
const single = ({ workloads }: Shape): boolean => workloads.length === 1;
/** Every old pod stays until a new one is ready. */
const surges = ({ workloads }: Shape): boolean => workloads.every(({ kind, replicas, spec }) =>
  kind === 'Deployment' && spec.strategy?.type !== 'Recreate' && (spec.strategy?.rollingUpdate.maxUnavailable ?? (replicas < 4 ? 0 : 1)) === 0);
const hasSmoke = ({ smoke }: Shape): boolean => smoke !== 'none';

const dropKey = (space: Space): Promise<unknown> => space.patch('ConfigMap', settings.name, { data: { greeting: null, other: 'x' } });
const restoreKey = (space: Space): Promise<unknown> => space.patch('ConfigMap', settings.name, { data: { ...settings.data, other: null } });

/** No pod may come besides those that are there. */
async function fillQuota(space: Space): Promise<void> {
  await space.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'full' }, spec: { hard: { pods: '0' } } });
}
const liftQuota = (space: Space): Promise<unknown> => call('DELETE', pathOf('ResourceQuota', space.name, 'full')).catch(() => undefined);

/** Pods are refused that may do more than the strictest standard allows, as these may. */
const allowOnly = (standard: string | null) => (space: Space): Promise<unknown> =>
  call('PATCH', `/api/v1/namespaces/${space.name}`, { metadata: { labels: { 'pod-security.kubernetes.io/enforce': standard } } }, 'application/merge-patch+json');

const table = {
  'good': { ...good, weight: 26 },
  'good, slow': { ...good, weight: 12, mode: `${calm},slow-ready=3s` },
  'good, crashes once': { ...good, weight: 3, mode: `${calm},crash-once` },
  'unchanged': { good: 'either', verdicts: ['unchanged'], causes: [], weight: 3 },
  'dry run': { good: false, verdicts: ['planned'], causes: [], weight: 2, inputs: { 'dry-run': 'true' } },
  'go back': { good: 'either', verdicts: ['deployed', 'failed'], causes: ['config-invalid'], weight: 4 },
  'invalid name': { ...failed, causes: ['config-invalid'], weight: 1, inputs: { image: 'Registry.example/App' } },
  'frozen': { ...failed, causes: ['frozen'], weight: 1, file: ['freeze:', '  - 00:00-12:00 UTC', '  - 12:00-00:00 UTC'] },
  'image absent': { ...failed, causes: ['image-not-found'], weight: 3, inputs: { digest: `sha256:${'0123456789abcdef'.repeat(4)}` } },
  'image lost': { ...rolledBack, causes: ['image-not-found'], weight: 4, lost: 404, image: { fresh: true }, fits: single },
  'registry down': { ...rolledBack, causes: ['image-pull-failed'], weight: 2, lost: 503, image: { fresh: true }, file: patience('image-pull-failed', '3s'), fits: single },
  'pull denied': { ...rolledBack, causes: ['image-pull-denied'], weight: 2, image: { repository: 'private/app', withLogin: true, fresh: true }, file: patience('image-pull-denied', '4s'), fits: single },
  'crash': { ...rolledBack, causes: ['crash-loop'], weight: 6, mode: 'crash' },
  'crash late': { ...rolledBack, causes: ['crash-loop', 'smoke-failed'], weight: 4, mode: 'crash-after=1500ms' },
  'exit 0': { ...rolledBack, causes: ['crash-loop'], weight: 3, mode: 'exit-zero' },
  'out of memory': { ...rolledBack, causes: ['out-of-memory'], weight: 2, mode: 'oom' },
  'never ready': { ...rolledBack, causes: ['not-ready'], weight: 4, mode: `${calm},unready`, file: patience('not-ready', '5s') },
  'past the deadline': { ...rolledBack, causes: ['deadline'], weight: 3, mode: `${calm},slow-ready=60s`, inputs: { timeout: '6s' } },
  'wrong answer': { ...rolledBack, causes: ['smoke-failed'], weight: 5, mode: `${calm},wrong-answer`, fits: hasSmoke },
  'wrong text': { ...rolledBack, causes: ['smoke-failed'], weight: 5, mode: `${calm},wrong-text`, fits: ({ smoke }) => smoke === 'version' },
  'bad command': { ...rolledBack, causes: ['container-start', 'init-failed'], weight: 3, image: { entrypoint: '/nothing' } },
  'liveness fails': { ...rolledBack, causes: ['probe-killed'], weight: 6, mode: 'liveness-dead', fits: ({ liveness }) => liveness },
  'init fails': { ...rolledBack, causes: ['init-failed'], weight: 8, image: { env: { MODE_INIT: 'crash' } }, fits: ({ init }) => init },
  'key missing': { ...failed, causes: ['container-config'], weight: 4, before: dropKey, after: restoreKey, fits: ({ keyed }) => keyed },
  'key goes': {
    good: 'either', verdicts: ['deployed', 'rolled-back'], causes: ['container-config'], weight: 6, atChange: dropKey, after: restoreKey,
    file: patience('container-config', '3s'), fits: (shape) => shape.keyed && surges(shape),
  },
  'quota full': {
    good: false, verdicts: ['failed', 'rolled-back'], causes: ['quota-exceeded'], weight: 4, before: fillQuota, after: liftQuota,
    file: patience('quota-exceeded', '3s'), fits: surges,
  },
  'not admitted': {
    good: false, verdicts: ['rolled-back'], causes: ['admission-denied'], weight: 4, before: allowOnly('restricted'), after: allowOnly(null),
    file: patience('admission-denied', '3s'), fits: surges,
  },
  'nowhere to run': { ...rolledBack, causes: ['unschedulable'], weight: 60, file: patience('unschedulable', '4s'), fits: ({ alone }) => alone },
} satisfies Record<string, Release>;

export type ReleaseName = keyof typeof table;
export const releases: Readonly<Record<ReleaseName, Release>> = table;
export const releaseNames = Object.keys(table) as ReleaseName[];

export type Where = 'all' | 'web' | 'worker';

/** The image of this version of a release, in the registry. Where only one of two workloads is to fail, the other is well. */
export async function imageOf(name: ReleaseName, version: string, where: Where): Promise<PushedImage> {
  const { mode = calm, image } = releases[name];
  const modes: Record<string, string> = where === 'worker' ? { MODE_WORKER: mode } : where === 'web' ? { MODE_WORKER: calm } : {};
  const env = { MODE_INIT: 'exit-zero', ...modes, ...image?.env };
  const variant: Variant = { ...image, version, mode: where === 'worker' ? calm : mode, env };
  return pushImage({ ...variant, tag: `chaos-${createHash('sha256').update(JSON.stringify(variant)).digest('hex').slice(0, 16)}` });
}

/** Inputs that let the runner read the registry that the pods may not read. */
export function registryInputs(name: ReleaseName): Record<string, string> {
  if (!releases[name].image?.withLogin) return {};
  const { authRegistry, authUsername, authPassword } = environment();
  return { registry: authRegistry, 'registry-username': authUsername, 'registry-password': authPassword };
}
