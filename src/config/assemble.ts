import type { ActionName } from '../outcome/action.js';
import type { Problem } from '../outcome/errors.js';
import type { EnvironmentSettings } from './environment-settings.js';
import { metricsTarget, type PushgatewayConfig } from './metrics-target.js';
import type { SecretSource } from './values/build-secrets.js';
import { notifyTargets, type NotifyTarget } from './notify-targets.js';
import { fallbacksOf } from './kit/object.js';
import type { Spot } from './kit/node.js';
import { problemAt } from './kit/report.js';
import { toLabel } from './values/kubernetes-names.js';
import type { Layer } from './layers.js';
import { defined } from './kit/record.js';
import { buildOf } from './sections/build.js';
import { clusterOf } from './sections/cluster.js';
import { commandOf } from './sections/command.js';
import { githubOf } from './sections/github.js';
import { policyOf } from './sections/policy.js';
import { loginOf } from './sections/registry.js';
import { gateOf } from './sections/test.js';
import { buildSecret, type Secret } from './secrets.js';
import type { Filled } from './setting.js';
import { settings, type GivenValues } from './settings.js';
import { placeWords } from '../outcome/place-words.js';

/** What is known besides the settings. */
export interface ConfigFacts {
  /** Names the app when neither `app` nor `image` does: the name of the repository. */
  readonly defaultApp?: string;
  /** The environment variables of the process, for secrets that are given by name. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * The Config that these settings mean, the secrets from the environment in it, and problems and warnings about variables that are
 * not set.
 * @param environments of the settings file
 */
export function assemble(action: ActionName, { values, spots }: Pick<Layer, 'values' | 'spots'>, facts: ConfigFacts, environments: readonly EnvironmentSettings[]) {
  const builds = (action === 'deploy' || action === 'build' || action === 'pr-check') && values.image !== undefined && values.digest === undefined;
  const sources = builds ? values['build-secrets'] ?? {} : {};
  const isCheck = action === 'pr-check';
  const { secrets, problems } = isCheck ? named(sources) : resolve(sources, spots['build-secrets'] ?? { where: 'build-secrets' }, facts.env ?? {});
  // A check sends neither, and is not always allowed to read the secrets for them.
  const metrics = metricsTarget(isCheck ? undefined : values.metrics, facts.env ?? {});
  const notify = notifyTargets(isCheck ? undefined : values.notify, facts.env ?? {});
  const buildSecrets = Object.fromEntries(secrets);
  const config = configOf(values, {
    action, builds, buildSecrets, pushgateway: metrics.pushgateway, notify: notify.targets, defaultApp: facts.defaultApp, environments,
  });
  const ofBuild = secrets.map(([id, text]): Secret => ({ text, kind: 'value', of: buildSecret(id) }));
  return { config, problems, warnings: [...metrics.warnings, ...notify.warnings], secrets: [...ofBuild, ...metrics.secrets, ...notify.secrets] };
}

interface Surroundings extends Pick<ConfigFacts, 'defaultApp'> {
  readonly action: ActionName;
  /** Whether an image is to be built. */
  readonly builds: boolean;
  readonly buildSecrets: Readonly<Record<string, string>>;
  readonly pushgateway?: PushgatewayConfig;
  readonly notify: readonly NotifyTarget[];
  readonly environments: readonly EnvironmentSettings[];
}

export function configOf(given: GivenValues, { action, builds, buildSecrets, pushgateway, notify, defaultApp, environments }: Surroundings) {
  const values: Filled<typeof settings> = { ...fallbacksOf(settings), ...given };
  const workloads = values.workloads ?? [];
  return defined({
    /** Names the ledger; defaults to the last part of the image's repository. A DNS label. */
    app: appName(values, defaultApp),
    environment: values.environment,
    /** Where users reach the app. */
    environmentUrl: values['environment-url'],
    dryRun: values['dry-run'],
    github: githubOf(values),
    gate: gateOf(values),
    image: values.image,
    /** Deploy this existing digest; the build is skipped. */
    digest: values.digest,
    /** Present when an image is to be built. */
    build: builds ? buildOf(values, buildSecrets) : undefined,
    /** Immutable tags are pushed by the build; mutable ones move after a good verdict. Undefined: the commit's sha, and `latest` on the default branch. */
    tags: values.tags,
    login: loginOf(values, values.image),
    cluster: clusterOf(values),
    workloads,
    /** Deploys in place of `workloads`. */
    command: commandOf(values),
    /** Upper bound of the rollout, ms. */
    timeoutMs: values.timeout,
    /** Checks follow a rollout; the rollback action finds its workloads in the records. */
    smoke: workloads.length > 0 || values.command !== undefined || action === 'rollback' ? values.smoke ?? [] : [],
    rollback: values.rollback,
    /** The first new pods of a Deployment are checked before the rest follow. */
    proveFirst: values['prove-first'],
    /** Whether to report what in a workload can lose requests. */
    advice: values.advice === 'on',
    /** How long a symptom of these causes must last before the judge is sure, ms; the table of causes has the rest. */
    patienceMs: values.patience,
    /** How long to wait for another run of the same app, ms. */
    lockTimeoutMs: values['lock-timeout'],
    /** No rollout is allowed in these. */
    freeze: values.freeze ?? [],
    /** If there are any, rollouts are allowed only in these. */
    windows: values.windows ?? [],
    /** Why `freeze` and `windows` are overridden; it is recorded. */
    freezeOverride: values['freeze-override'],
    /** Rules for what is deployed. */
    policy: policyOf(values, values['working-directory'], environments),
    /** Rollback: revision, digest or commit to roll back to. Undefined: the last verified release. */
    to: values.to,
    /** Rollback: why; it is recorded. */
    reason: values.reason,
    /** Where metrics are sent when the run has ended. */
    pushgateway,
    /** Who is notified when the run has ended. */
    notify,
  });
}

/** The name of the app by its settings. One that is not valid is left out: as a value it is anything. */
export function namedApp({ app, image }: { readonly app?: unknown; readonly image?: unknown }): string | undefined {
  if (typeof app === 'string' && app !== '') return app;
  return typeof image === 'string' ? appOf(image.split('/').at(-1)?.split(/[:@]/)[0]) : undefined;
}

/** The same, with the name of the repository where they name none. */
export const appName = (given: Parameters<typeof namedApp>[0], repository: string | undefined): string => namedApp(given) ?? appOf(repository) ?? 'app';

const appOf = (name: string | undefined): string | undefined => toLabel(name?.split('/').at(-1) ?? '');

/** Secrets of which only the names are needed, as nothing is built. */
const named = (sources: Readonly<Record<string, SecretSource>>): ReturnType<typeof resolve> =>
  ({ problems: [], secrets: Object.keys(sources).map((id) => [id, ''] as const) });

/** The values behind `env:NAME`. Messages name the variable only if it is in the file, where it cannot be a secret. */
function resolve(sources: Readonly<Record<string, SecretSource>>, at: Spot, env: Readonly<Record<string, string | undefined>>) {
  const problems: Problem[] = [];
  const secrets = Object.entries(sources).map(([id, source]): readonly [string, string] => {
    if ('value' in source) return [id, source.value];
    const value = env[source.variable] ?? '';
    if (value === '') {
      const name = at.file === undefined ? '' : ` ${source.variable}`;
      problems.push(problemAt(at, {
        message: `the environment variable${name} of "${id}" is not set or empty`,
        hint: placeWords().setVariable,
      }));
    }
    return [id, value];
  });
  return { secrets, problems };
}
