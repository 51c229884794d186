import type { Problem } from '../outcome/errors.js';
import type { ActionName } from '../outcome/action.js';
import type { BuildConfig, ClusterConfig, Config, GateConfig, RegistryLogin } from './config.js';
import { parseDuration } from './duration.js';
import { toLabel } from './kubernetes-names.js';
import type { Layer } from './layers.js';
import { problemAt } from './reading.js';
import { registryOf } from './registry.js';
import { buildSecret, type Secret } from './secrets.js';
import { defaultLockTimeout, defaultTimeout } from './settings-rollout.js';
import type { Values } from './settings.js';

/** What is known besides the settings. */
export interface ConfigFacts {
  /** Names the app when neither `app` nor `image` does: the name of the repository. */
  readonly defaultApp?: string;
  /** The environment variables of the process, for secrets that are given by name. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

interface Assembled {
  readonly config: Config;
  /** Those of the environment. */
  readonly secrets: readonly Secret[];
  /** Environment variables that are named and not there. */
  readonly problems: readonly Problem[];
}

/** The Config that these values mean, defaults filled in. `file` is the settings file that was read. */
export function assemble(action: ActionName, merged: Pick<Layer, 'values' | 'spots'>, facts: ConfigFacts, file?: string): Assembled {
  const { values } = merged;
  const { image, digest, workloads = [] } = values;
  const builds = (action === 'deploy' || action === 'build') && image !== undefined && digest === undefined;
  const secrets = builds ? resolveSecrets(merged, facts.env ?? {}) : { values: {}, problems: [] };
  const config: Config = {
    app: values.app ?? appOf(image) ?? appOf(facts.defaultApp) ?? 'app',
    ...defined({ environment: values.environment, image, digest, tags: values.tags, file }),
    ...defined({ gate: gateOf(values), build: builds ? buildOf(values, secrets.values) : undefined, login: loginOf(values) }),
    dryRun: values['dry-run'] ?? false,
    cluster: clusterOf(values),
    workloads,
    timeoutMs: values.timeout ?? durationOf(defaultTimeout),
    // Checks follow a rollout; the rollback action finds its workloads in the records.
    smoke: workloads.length > 0 || action === 'rollback' ? values.smoke ?? [] : [],
    rollback: values.rollback ?? 'auto',
    proveFirst: values['prove-first'] ?? true,
    lockTimeoutMs: values['lock-timeout'] ?? durationOf(defaultLockTimeout),
    freeze: values.freeze ?? [],
    windows: values.windows ?? [],
    ...defined({ patienceMs: values.patience, freezeOverride: values['freeze-override'], to: values.to }),
  };
  const resolved = Object.entries(secrets.values).map(([id, text]): Secret => ({ text, kind: 'value', of: buildSecret(id) }));
  return { config, secrets: resolved, problems: secrets.problems };
}

const durationOf = (text: string): number => {
  const checked = parseDuration(text);
  return checked.ok ? checked.value : 0;
};

const appOf = (name: string | undefined): string | undefined => toLabel(name?.split('/').at(-1) ?? '');

function gateOf({ test = [], 'working-directory': workingDirectory = '.' }: Values): GateConfig | undefined {
  return test.length > 0 ? { commands: test, workingDirectory } : undefined;
}

function buildOf(values: Values, buildSecrets: Readonly<Record<string, string>>): BuildConfig {
  return {
    context: values.context ?? '.',
    ...defined({ dockerfile: values.dockerfile, target: values.target, builder: values.builder }),
    buildArgs: values['build-args'] ?? {},
    buildSecrets,
    platforms: values.platforms ?? [],
    labels: values.labels ?? {},
    cache: values.cache ?? 'none',
  };
}

function loginOf(values: Values): RegistryLogin | undefined {
  const { image, 'registry-username': username, 'registry-password': password } = values;
  if (username === undefined || password === undefined) return undefined;
  return { registry: values.registry ?? registryOf(image ?? ''), username, password };
}

function clusterOf(values: Values): ClusterConfig {
  const { kubeconfig } = values;
  const given = kubeconfig && ('path' in kubeconfig ? { path: kubeconfig.path } : { content: kubeconfig.content });
  return defined({
    kubeconfig: given, context: values['kube-context'], namespace: values.namespace,
    kubectlUrl: values['kubectl-url'], kubectlSha256: values['kubectl-sha256'],
  });
}

/** The values behind `env:NAME`. Messages name the variable only when it stands in the file, where it cannot be a secret. */
function resolveSecrets({ values, spots }: Pick<Layer, 'values' | 'spots'>, env: Readonly<Record<string, string | undefined>>) {
  const problems: Problem[] = [];
  const resolved = Object.entries(values['build-secrets'] ?? {}).map(([id, source]) => {
    if ('value' in source) return [id, source.value] as const;
    const value = env[source.variable] ?? '';
    if (value === '') {
      const spot = spots['build-secrets'] ?? { where: 'build-secrets' };
      const name = spot.file === undefined ? '' : ` ${source.variable}`;
      problems.push(problemAt(spot, {
        message: `the environment variable${name} of "${id}" is not set or empty`,
        hint: 'Set it under `env:` of the step, from a secret that exists and that this run may read.',
      }));
    }
    return [id, value] as const;
  });
  return { values: Object.fromEntries(resolved), problems };
}

/** Without the names that have no value. */
const defined = <T extends object>(record: T): T => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
