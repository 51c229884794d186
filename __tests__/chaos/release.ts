import { createHash } from 'node:crypto';
import { environment } from '../e2e/harness/environment.js';
import { pushImage, type PushedImage, type Variant } from '../e2e/harness/images.js';
import type { Space } from '../e2e/harness/namespace.js';
import type { ActionName } from '../e2e/harness/run-action.js';
import * as prepare from './prepare.js';
import { surges, type Refers, type Shape } from './shape.js';

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
  /** `rollout` unless given. */
  readonly action?: ActionName;
  /** Lines for deploy.yml. */
  readonly file?: readonly string[];
  /** Lines for a Dockerfile that is to be built; then no image is given. */
  readonly dockerfile?: readonly string[];
  /** The registry has it when the runner asks, and answers with this status when the nodes do. */
  readonly lost?: number;
  /** The settings say that nothing is to be put back. */
  readonly kept?: boolean;
  /** Which release is gone back to. */
  readonly back?: 'previous' | 'oldest' | 'none';
  /** What `before` does breaks the app: there is nothing good to go back to. */
  readonly broken?: true;
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
const hasSmoke = ({ smoke }: Shape): boolean => smoke !== 'none';

const refersTo = (...to: readonly Refers[]) => (shape: Shape): boolean => to.includes(shape.refers);
/** The pods that are there need nothing anew while the reference is broken. */
const refersAndSurges = (to: Refers) => (shape: Shape): boolean => shape.refers === to && surges(shape);

/** Either everything was there in time, or it was not. */
const inTimeOrNot = { good: 'either', verdicts: ['deployed', 'rolled-back'] } as const;
const kept = { good: false, verdicts: ['rollback-failed'], kept: true } as const;
/** With tests and a build before it. */
const whole = { ...failed, action: 'deploy', weight: 1, fits: single } as const;
const dockerfile = ['FROM scratch', 'COPY Dockerfile /'];
const buildTo = (image: string, more: Readonly<Record<string, string>> = {}): Record<string, string> => ({ image, platforms: 'linux/amd64', ...more });

const table = {
  'good': { ...good, weight: 26 },
  'good, slow': { ...good, weight: 12, mode: `${calm},slow-ready=3s` },
  'good, crashes once': { ...good, weight: 3, mode: `${calm},crash-once` },
  'good, over a broken StatefulSet': {
    ...good, weight: 10, broken: true, fits: ({ workloads: [web, ...others] }) => web?.kind === 'StatefulSet' && others.length === 0,
    before: async (space) => prepare.breakStatefulSet(space, (await pushImage({ version: 'broken', mode: 'crash', tag: 'chaos-broken' })).digest),
  },
  'good, hangs at its end': { ...good, weight: 3, mode: 'hang-on-term' },
  'unchanged': { good: 'either', verdicts: ['unchanged'], causes: [], weight: 3 },
  'dry run': { good: false, verdicts: ['planned'], causes: [], weight: 2, inputs: { 'dry-run': 'true' } },
  'go back': { good: 'either', verdicts: ['deployed', 'failed'], causes: ['release-not-found'], weight: 5, action: 'rollback', back: 'previous' },
  'go back far': { good: 'either', verdicts: ['deployed', 'failed'], causes: ['release-not-found'], weight: 3, action: 'rollback', back: 'oldest' },
  'go back to nothing': { ...failed, causes: ['release-not-found'], weight: 1, action: 'rollback', back: 'none', inputs: { to: 'deadbeef' } },
  'invalid name': { ...failed, causes: ['config-invalid'], weight: 1, inputs: { image: 'Registry.example/App' } },
  'frozen': { ...failed, causes: ['frozen'], weight: 1, file: ['freeze:', '  - 00:00-12:00 UTC', '  - 12:00-00:00 UTC'] },
  'no permission': { ...failed, causes: ['permission-denied'], weight: 2, before: prepare.takeRight, after: prepare.giveRight },
  'image absent': { ...failed, causes: ['image-not-found'], weight: 3, inputs: { digest: `sha256:${'0123456789abcdef'.repeat(4)}` } },
  'image lost': { ...rolledBack, causes: ['image-not-found'], weight: 4, lost: 404, image: { fresh: true } },
  'registry down': { ...rolledBack, causes: ['image-pull-failed'], weight: 3, lost: 503, image: { fresh: true }, file: patience('image-pull-failed', '3s') },
  'pull denied': { ...rolledBack, causes: ['image-pull-denied'], weight: 3, image: { repository: 'private/app', withLogin: true, fresh: true }, file: patience('image-pull-denied', '4s'), fits: single },
  'other architecture': { ...rolledBack, causes: ['image-platform-missing'], weight: 3, image: { architectures: ['arm64'] } },
  'other architecture, known': { ...failed, causes: ['image-platform-missing'], weight: 2, image: { architectures: ['arm64'] }, before: prepare.mayReadNodes, after: prepare.mayReadNodesNoMore },
  'not on the node': { ...rolledBack, causes: ['image-name-invalid'], weight: 60, image: { fresh: true }, fits: ({ place }) => place === 'without pulls' },
  'crash': { ...rolledBack, causes: ['crash-loop'], weight: 6, mode: 'crash' },
  'crash late': { ...rolledBack, causes: ['crash-loop', 'smoke-failed'], weight: 4, mode: 'crash-after=1500ms' },
  'crash, kept': { ...kept, causes: ['crash-loop'], weight: 2, mode: 'crash', inputs: { rollback: 'off' } },
  'exit 0': { ...rolledBack, causes: ['crash-loop'], weight: 3, mode: 'exit-zero' },
  'out of memory': { ...rolledBack, causes: ['out-of-memory'], weight: 5, mode: 'oom' },
  'never ready': { ...rolledBack, causes: ['not-ready'], weight: 4, mode: `${calm},unready`, file: patience('not-ready', '5s') },
  'past the deadline': { ...rolledBack, causes: ['deadline'], weight: 3, mode: `${calm},slow-ready=60s`, inputs: { timeout: '6s' } },
  'past its own deadline': { ...rolledBack, causes: ['deadline'], weight: 3, mode: `${calm},slow-ready=60s`, before: prepare.ownDeadline(6), after: prepare.ownDeadline(600), fits: surges },
  'wrong answer': { ...rolledBack, causes: ['smoke-failed'], weight: 5, mode: `${calm},wrong-answer`, fits: hasSmoke },
  'wrong answer, kept': { ...kept, causes: ['smoke-failed'], weight: 2, mode: `${calm},wrong-answer`, inputs: { rollback: 'off' }, fits: hasSmoke },
  'wrong text': { ...rolledBack, causes: ['smoke-failed'], weight: 5, mode: `${calm},wrong-text`, fits: ({ smoke }) => smoke === 'version' },
  'every third answer wrong': { ...rolledBack, causes: ['smoke-failed'], weight: 3, mode: `${calm},flaky=3`, fits: hasSmoke },
  'others behind the Service': {
    ...rolledBack, causes: ['wrong-version-serving'], weight: 4, before: prepare.addStranger, after: prepare.removeStranger, file: patience('wrong-version-serving', '3s'),
    // Where no check asks the Service, who else is behind it is nobody's business.
    fits: hasSmoke,
  },
  'bad command': { ...rolledBack, causes: ['container-start', 'init-failed'], weight: 3, image: { entrypoint: '/nothing' } },
  'liveness fails': { ...rolledBack, causes: ['probe-killed'], weight: 12, mode: 'liveness-dead', fits: ({ liveness }) => liveness },
  'init fails': { ...rolledBack, causes: ['init-failed'], weight: 12, image: { env: { MODE_INIT: 'crash' } }, fits: ({ init }) => init },
  'key missing': { ...failed, causes: ['container-config'], weight: 8, before: prepare.dropKey, after: prepare.restoreKey, fits: refersTo('key') },
  'key goes': {
    ...inTimeOrNot, causes: ['container-config'], weight: 22, atChange: prepare.dropKey, after: prepare.restoreKey, file: patience('container-config', '3s'), fits: refersAndSurges('key'),
  },
  'Secret missing': {
    ...rolledBack, causes: ['container-config'], weight: 22, before: prepare.dropSecret, after: prepare.restoreSecret, file: patience('container-config', '3s'), fits: refersAndSurges('secret'),
  },
  'Secret missing, known': {
    ...failed, causes: ['container-config'], weight: 8, fits: refersTo('secret'),
    before: async (space) => Promise.all([prepare.dropSecret(space), prepare.mayRead('secrets')(space)]),
    after: async (space) => Promise.all([prepare.restoreSecret(space), prepare.mayReadNoMore(space)]),
  },
  'Secret goes': {
    ...inTimeOrNot, causes: ['container-config'], weight: 14, atChange: prepare.dropSecret, after: prepare.restoreSecret, file: patience('container-config', '3s'), fits: refersAndSurges('secret'),
  },
  'volume missing': { ...failed, causes: ['container-config'], weight: 8, before: prepare.dropMap, after: prepare.restoreMap, fits: refersTo('volume') },
  'volume goes': {
    ...inTimeOrNot, causes: ['volume-mount'], weight: 22, atChange: prepare.dropMap, after: prepare.restoreMap, file: patience('volume-mount', '3s'), fits: refersAndSurges('volume'),
  },
  'quota full': {
    good: false, verdicts: ['failed', 'rolled-back'], causes: ['quota-exceeded'], weight: 4, before: prepare.fillQuota, after: prepare.liftQuota,
    file: patience('quota-exceeded', '3s'), fits: surges,
  },
  'not admitted': {
    good: false, verdicts: ['rolled-back'], causes: ['admission-denied'], weight: 4, before: prepare.allowOnly('restricted'), after: prepare.allowOnly(null),
    file: patience('admission-denied', '3s'), fits: surges,
  },
  'nowhere to run': { ...rolledBack, causes: ['unschedulable'], weight: 60, file: patience('unschedulable', '4s'), fits: ({ place }) => place === 'alone' },
  'tests red': { ...whole, causes: ['test-failed'], inputs: { test: 'exit 3' } },
  'build breaks': { ...whole, causes: ['build-failed'], dockerfile: ['FROM scratch', 'COPY nothing.jar /'], inputs: buildTo('127.0.0.1:1/chaos/app') },
  'no such platform': { ...whole, causes: ['platform-unsupported'], dockerfile, inputs: buildTo('127.0.0.1:1/chaos/app', { platforms: 'linux/s390x' }) },
  'push fails': { ...whole, causes: ['push-failed'], dockerfile, inputs: buildTo('127.0.0.1:1/chaos/app') },
  'login refused': { ...whole, causes: ['registry-denied'], dockerfile, inputs: { platforms: 'linux/amd64', 'registry-password': 'not-the-password' }, image: { withLogin: true } },
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
  return { ...(releases[name].dockerfile ? { image: `${authRegistry}/chaos/login` } : {}), 'registry': authRegistry, 'registry-username': authUsername, 'registry-password': authPassword };
}
