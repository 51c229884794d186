import type { ActionName } from '../outcome/action.js';
import { backupOf, type BackupConfig } from './backup-config.js';
import { databasesOf, unopenedDatabases, type DatabaseConfig } from './database-config.js';
import type { EnvironmentSettings } from './environment-settings.js';
import { metricsTarget, type PushgatewayConfig } from './metrics-target.js';
import type { SecretSource } from './values/build-secrets.js';
import { disasterOf } from './disaster-config.js';
import { migrateOf } from './migrate-config.js';
import { notifyTargets, type NotifyTarget } from './notify-targets.js';
import { content, ReferencedSecrets, type Env } from './referenced-secrets.js';
import { fallbacksOf } from './kit/object.js';
import type { Spot } from './kit/node.js';
import { toLabel } from './values/kubernetes-names.js';
import type { Layer } from './layers.js';
import { defined } from './kit/record.js';
import { buildOf } from './sections/build.js';
import { clusterOf } from './sections/cluster.js';
import { commandOf } from './sections/command.js';
import { githubOf } from './sections/github.js';
import { policyOf } from './sections/policy.js';
import { loginOf } from './sections/registry.js';
import { watchOf } from './sections/watch.js';
import { gateOf } from './sections/test.js';
import { buildSecret, type Secret } from './secrets.js';
import type { Filled } from './setting.js';
import { settings, type GivenValues } from './settings.js';

/** What is known besides the settings. */
export interface ConfigFacts {
  /** Names the app when neither `app` nor `image` does: the name of the repository. */
  readonly defaultApp?: string;
  /** The environment variables of the process, for secrets that are given by name. */
  readonly env?: Env;
  /** They are in the environment of another process, which will use these settings: here only their names are wanted. */
  readonly secretsAreElsewhere?: boolean;
}

/**
 * The Config that these settings mean, the secrets from the environment in it, and problems and warnings about variables that are
 * not set.
 * @param environments of the settings file
 */
export function assemble(action: ActionName, { values, spots }: Pick<Layer, 'values' | 'spots'>, facts: ConfigFacts, environments: readonly EnvironmentSettings[]) {
  const builds = (action === 'deploy' || action === 'build' || action === 'pr-check') && values.image !== undefined && values.digest === undefined;
  const isCheck = action === 'pr-check';
  const secrets = new ReferencedSecrets(facts.secretsAreElsewhere ? undefined : facts.env ?? {});
  // A check neither builds nor sends, and is not always allowed to read the secrets for it.
  const buildSecrets = buildSecretsOf(builds ? values['build-secrets'] ?? {} : {}, spots['build-secrets'] ?? { where: 'build-secrets' }, isCheck ? undefined : secrets);
  const pushgateway = isCheck ? undefined : metricsTarget(values.metrics, secrets);
  const notify = isCheck ? [] : notifyTargets(values.notify, secrets);
  const { databases, backup } = isCheck ? noData : dataOf(action, values, secrets);
  const config = configOf(values, { action, builds, buildSecrets, pushgateway, notify, databases, backup, defaultApp: facts.defaultApp, environments });
  const { problems, warnings } = secrets;
  const ofBuild = Object.entries(buildSecrets).map(([id, text]): Secret => ({ text, kind: 'value', of: buildSecret(id) }));
  return { config, problems, warnings, variables: secrets.variables, secrets: [...ofBuild, ...secrets.secrets] };
}

interface Data { readonly databases: readonly DatabaseConfig[]; readonly backup?: BackupConfig }
/** A check opens no database, and is not always allowed to read the secrets for it. */
const noData: Data = { databases: [] };

/** The databases that the run opens, and how they are backed up. A deployment without a migration needs neither. */
function dataOf(action: ActionName, { databases, backup, migrate, database: wanted, check }: GivenValues, secrets: ReferencedSecrets): Data {
  if (action !== 'backup' && action !== 'restore' && migrate === undefined) return noData;
  const migrated = migrate && (migrate.database ?? theOnly(databases));
  const needed = Object.fromEntries(Object.entries(databases ?? {}).filter(([name]) => (migrate ? name === migrated : wanted?.includes(name) ?? true)));
  if (action === 'backup' && check) return { databases: unopenedDatabases(needed), ...backup && { backup: backupOf(backup, 'check', secrets) } };
  return { databases: databasesOf(needed, secrets), ...backup && { backup: backupOf(backup, action === 'restore' || action === 'backup' ? action : 'migration', secrets) } };
}

/** The database that a migration is of, if only one can be meant. */
function theOnly(databases: GivenValues['databases'] = {}): string | undefined {
  const [first, ...others] = Object.entries(databases).filter(([, { engine }]) => engine === 'postgres');
  return others.length === 0 ? first?.[0] : undefined;
}

interface Surroundings extends Pick<ConfigFacts, 'defaultApp'> {
  readonly action: ActionName;
  /** Whether an image is to be built. */
  readonly builds: boolean;
  readonly buildSecrets: Readonly<Record<string, string>>;
  readonly pushgateway?: PushgatewayConfig;
  readonly notify: readonly NotifyTarget[];
  readonly environments: readonly EnvironmentSettings[];
  readonly databases: readonly DatabaseConfig[];
  readonly backup?: BackupConfig;
}

export function configOf(given: GivenValues, { action, builds, buildSecrets, pushgateway, notify, databases, backup, defaultApp, environments }: Surroundings) {
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
    smoke: workloads.length > 0 || values.command !== undefined || action === 'rollback' || values.disaster?.isMeant ? values.smoke ?? [] : [],
    /** After the smoke checks. */
    watch: watchOf(values),
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
    /** Those that the run opens. */
    databases,
    /** How they are backed up. */
    backup,
    /** Before a rollout. */
    migrate: values.migrate && migrateOf(values.migrate),
    /** Of a backup: only look how old the last one is. */
    isCheckOnly: action === 'backup' ? values.check : undefined,
    /** Of a restore. */
    restore: action !== 'restore' ? undefined : {
      into: values.into, confirm: values.confirm,
      /** Workloads that are scaled to 0 meanwhile. */
      fence: values.fence ?? workloads,
    },
    /** Of a restore: everything is recovered. */
    disaster: action === 'restore' && values.disaster?.isMeant ? disasterOf(values.disaster, backup) : undefined,
    /** Rollback: revision, digest or commit to roll back to. Undefined: the last verified release. */
    to: values.to,
    /** Rollback: also across a migration that is declared irreversible. */
    force: action === 'rollback' ? values.force : undefined,
    /** Rollback, restore: why; it is recorded. */
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

/** The secrets of a build by id. @param secrets undefined: only the ids are needed */
function buildSecretsOf(sources: Readonly<Record<string, SecretSource>>, at: Spot, secrets: ReferencedSecrets | undefined): Readonly<Record<string, string>> {
  const valueOf = (id: string, source: SecretSource): string => {
    if (!secrets) return '';
    if ('value' in source) return source.value;
    const where = at.file === undefined ? `${at.where}, ${id}` : `${at.where}.${id}`;
    return secrets.needed({ variable: source.variable, at: { ...at, where } }, content) ?? '';
  };
  return Object.fromEntries(Object.entries(sources).map(([id, source]) => [id, valueOf(id, source)]));
}
