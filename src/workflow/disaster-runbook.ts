import type { DatabaseConfig, SmokeCheck } from '../config/config.js';
import { fits, podLabelsOf, workloadKindOf } from '../kubernetes/recovery/pods.js';
import { manifestFlag, type ManifestPath } from '../kubernetes/recovery/manifests.js';
import { nameOf, type KubeObject } from '../kubernetes/client/objects.js';
import { shellWord } from '../outcome/wording.js';

/*
 * The runbook of a recovery, derived from the settings and the objects alone. A run performs exactly these steps, a dry run prints them,
 * and docs/disaster-recovery.md shows them for an example; a test compares the two.
 *
 * The app must not write into a database that is still empty. So its workloads are not applied before all data is restored: everything
 * that makes pods, except for the databases themselves, is held back. What of it already exists is stopped.
 */

export interface RunbookFacts {
  readonly environment?: string;
  readonly namespace: string;
  readonly namespaceExists: boolean;
  readonly paths: readonly ManifestPath[];
  /** Those in the paths. */
  readonly objects: readonly KubeObject[];
  /** With the name of the backup of each, which a cache has not. */
  readonly databases: readonly { readonly config: DatabaseConfig; readonly backup?: string }[];
  readonly smoke: readonly SmokeCheck[];
  /** A command of kubectl in the namespace, as a person types it. */
  readonly typed: (args: readonly string[]) => string;
}

export interface RunbookStep {
  readonly kind: 'objects' | 'wait' | 'restore' | 'empty' | 'app' | 'checks';
  /** The database that it is about. */
  readonly database?: string;
  /** `restore main`. */
  readonly label: string;
  readonly title: string;
  /** Commands that do the same by hand. */
  readonly commands: readonly string[];
}

/** What is applied before the data, and what after it. */
export interface Split {
  readonly first: readonly KubeObject[];
  /** The app: everything that makes pods, except for the databases. */
  readonly app: readonly KubeObject[];
}

export function splitObjects({ objects, databases }: Pick<RunbookFacts, 'objects' | 'databases'>): Split {
  const selectors = databases.flatMap(({ config: { reach } }) => (reach.kind === 'pod' ? [reach.selector] : []));
  const isOfApp = (object: KubeObject): boolean => {
    const labels = podLabelsOf(object);
    return labels !== undefined && !selectors.some((selector) => fits(labels, selector));
  };
  return { first: objects.filter((object) => !isOfApp(object)), app: objects.filter(isOfApp) };
}

/** `deployment/api`. */
export const objectName = (object: KubeObject): string => `${workloadKindOf(object) ?? (object.kind ?? '').toLowerCase()}/${nameOf(object)}`;

const listed = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

/** The steps in order. Pure. */
export function runbookOf(facts: RunbookFacts): readonly RunbookStep[] {
  const split = splitObjects(facts);
  const selectors = new Set(facts.databases.flatMap(({ config: { reach } }) => (reach.kind === 'pod' ? [reach.selector] : [])));
  const waits = [...selectors].map((selector) => facts.typed(['wait', 'pod', `--selector=${selector}`, '--for=condition=Ready', '--timeout=600s']));
  return [
    objectsStep(facts, split),
    { kind: 'wait', label: 'databases', title: `wait until ${listed(facts.databases.map(({ config }) => config.name))} can be reached`, commands: waits },
    ...facts.databases.map((database) => dataStep(facts, database)),
    appStep(facts, split),
    ...facts.smoke.length === 0 ? [] : [checksStep(facts)],
  ];
}

function objectsStep({ namespace, namespaceExists, paths, typed }: RunbookFacts, { app }: Split): RunbookStep {
  const held = app.length === 0 ? '' : `, without ${listed(app.map(objectName))}`;
  const what = `apply the objects of ${listed(paths.map(({ path }) => path))}${held}`;
  return {
    kind: 'objects', label: 'objects', title: `${namespaceExists ? '' : `create the namespace \`${namespace}\`, `}${what}`,
    commands: [
      ...namespaceExists ? [] : [`kubectl create namespace ${shellWord(namespace)}`],
      ...paths.map((path) => typed(['apply', manifestFlag(path)])),
      ...app.flatMap((object) => stopCommands(object).map(typed)),
    ],
  };
}

/** kubectl applies whole files. By hand, the app is stopped as soon as it is created. */
function stopCommands(object: KubeObject): readonly (readonly string[])[] {
  switch (object.kind) {
    case 'Deployment': case 'StatefulSet': return [['scale', objectName(object), '--replicas=0']];
    case 'CronJob': return [['patch', objectName(object), '--patch={"spec":{"suspend":true}}']];
    default: return [['delete', objectName(object)]];
  }
}

function dataStep({ environment }: RunbookFacts, { config: { name, database, isCache }, backup = 'latest' }: RunbookFacts['databases'][number]): RunbookStep {
  const where = environment === undefined ? '' : ` --environment ${shellWord(environment)}`;
  const restore = `deploy-action restore${where} --database ${name}`;
  return isCache
    ? { kind: 'empty', database: name, label: `empty ${name}`, title: `empty \`${name}\`, which is declared a cache`, commands: [`${restore} --confirm ${shellWord(database)}`] }
    : { kind: 'restore', database: name, label: `restore ${name}`, title: `restore \`${backup}\` into \`${name}\`, and compare it`, commands: [`${restore} --backup ${backup} --confirm ${shellWord(database)}`] };
}

function appStep({ paths, typed }: RunbookFacts, { app }: Split): RunbookStep {
  const lasting = app.filter(({ kind = '' }) => ['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind)).map(objectName);
  return {
    kind: 'app', label: 'app', title: `start ${app.length === 0 ? 'the app' : listed(app.map(objectName))}, and wait until it is ready`,
    commands: [...paths.map((path) => typed(['apply', manifestFlag(path)])), ...lasting.map((name) => typed(['rollout', 'status', name, '--timeout=600s']))],
  };
}

function checksStep({ smoke, namespace, typed }: RunbookFacts): RunbookStep {
  const commands = smoke.map(({ target }) => (target.type === 'url'
    ? `curl --fail --silent --show-error ${shellWord(target.url)}`
    : typed(['get', `--raw=/api/v1/namespaces/${namespace}/services/${target.name}${target.port === undefined ? '' : `:${target.port}`}/proxy${target.path}`])));
  return { kind: 'checks', label: 'checks', title: `run the smoke checks: ${listed(smoke.map(({ text }) => text))}`, commands };
}
