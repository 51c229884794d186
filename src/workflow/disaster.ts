import type { BackupConfig, DatabaseConfig, DisasterConfig } from '../config/config.js';
import { chooseBackup, type Catalog } from '../data/catalog.js';
import type { Manifest } from '../data/manifest.js';
import { mayRead } from '../data/seal.js';
import type { Cluster } from '../kubernetes/client/cluster.js';
import { nameOf, type KubeObject, type List } from '../kubernetes/client/objects.js';
import { apiPath, workloadResource } from '../kubernetes/client/resources.js';
import { kustomizations, readManifests, type ManifestPath } from '../kubernetes/recovery/manifests.js';
import { fits, podLabelsOf } from '../kubernetes/recovery/pods.js';
import { PreflightError, type Finding } from '../outcome/finding.js';
import type { Outcome, TargetWords } from '../outcome/outcome.js';
import { placeWords, settingText } from '../outcome/place-words.js';
import { conduct, type Found, type Prepared } from './conduct.js';
import { openDataSession, type DataSession } from './data-session.js';
import { recoveryHands } from './disaster-hands.js';
import { objectName, runbookOf, splitObjects, type RunbookFacts } from './disaster-runbook.js';
import { hasData, Recovery, type Recovered, type RecoveryHands, type RecoveryPlan } from './disaster-steps.js';
import { asDeployError } from './failure.js';
import { makePlan } from './plan.js';
import type { Run } from './run.js';

/**
 * Recovers an app after a disaster: its objects, its databases, then the app itself and its checks, in a namespace without data. What it
 * does in which order is `runbookOf` in disaster-runbook.ts. Everything that can be known is checked before anything is changed. A run
 * that fails leaves the app stopped; the next one continues, by a record in the namespace.
 */
export const recover = (run: Run): Promise<Outcome> => conduct(run, prepare);

async function prepare(run: Run, found: Found): Promise<Prepared> {
  const session = openDataSession(run, 'restore-failed', 'restore');
  try {
    const { backup, databases, disaster, restore } = run.config;
    if (!backup || !disaster) throw new Error('a recovery without settings for it');
    const cluster = await session.cluster();
    const checks = new Checks(run, session, cluster);
    const paths = await checks.paths(disaster);
    const hands = recoveryHands({ run, session, cluster, backup, paths });
    const [objects, recovered, namespaceExists, earlier] = await Promise.all([
      checks.objects(paths), checks.backups(backup, disaster), checks.namespace(), hands.progress.read(),
    ]);
    const facts: RunbookFacts = {
      environment: run.config.environment, namespace: cluster.namespace, namespaceExists, paths, objects, smoke: run.config.smoke, typed: cluster.typed,
      databases: recovered.map(({ config, manifest }) => ({ config, ...manifest && { backup: manifest.name } })),
    };
    const confirmed = (restore?.confirm ?? '').split(',').map((name) => name.trim());
    const isOwn = ({ name }: DatabaseConfig): boolean => earlier?.restored[name] !== undefined;
    await checks.living(hands, databases.filter((each) => !each.isCache && !isOwn(each) && !confirmed.includes(each.database)));
    await checks.app(facts, databases);
    checks.refuse();
    const plan: RecoveryPlan = { settings: disaster, facts, steps: runbookOf(facts), databases: recovered, confirmed, ...earlier && { earlier } };
    const recovery = new Recovery(run, plan, hands);
    found.words = wordsOf(recovery);
    const { stages } = recovery;
    return {
      plan: { ...makePlan(run.config, { stages, warnings: checks.warnings }), namespace: cluster.namespace }, stages, known: { namespace: cluster.namespace },
      ending: async () => ({ data: recovery.data(), warnings: [...checks.warnings, ...recovery.warnings] }), close: () => session.close(),
    };
  } catch (error) {
    await session.close();
    throw error;
  }
}

const wordsOf = (recovery: Recovery): TargetWords => ({ get untouched() { return recovery.left; }, leftAlone: 'recovered nothing itself', deployed: '' });

/** Everything that is looked at before anything is changed. All problems are reported together. */
class Checks {
  readonly warnings: string[] = [];
  private readonly problems: Finding[] = [];

  constructor(private readonly run: Run, private readonly session: DataSession, private readonly cluster: Cluster) {}

  refuse(): void {
    if (this.problems.length > 0) throw new PreflightError(this.problems);
  }

  /** What a step of a check throws is one of the problems. */
  private async noted<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.run.ports.cancelled.throwIfAborted();
      const { code, message, hint } = asDeployError(error);
      this.problems.push({ cause: code, message, hint });
      return otherwise;
    }
  }

  async paths({ objects }: DisasterConfig): Promise<readonly ManifestPath[]> {
    const { files } = this.run.ports;
    const found = await Promise.all(objects.map(async (path): Promise<readonly ManifestPath[]> => {
      const names = await files.namesIn(path);
      if (names) return [{ path, isKustomized: names.some((name) => kustomizations.includes(name)) }];
      if (await files.readText(path) !== undefined) return [{ path, isKustomized: false }];
      this.problems.push({ cause: 'config-invalid', message: `${path} of \`disaster.objects\` does not exist.`, hint: placeWords().checkOut });
      return [];
    }));
    return found.flat();
  }

  async objects(paths: readonly ManifestPath[]): Promise<readonly KubeObject[]> {
    const { run: { ports }, cluster } = this;
    const read = await Promise.all(paths.map((path) => this.noted([], () => readManifests({ cluster, clock: ports.clock, signal: ports.cancelled }, path))));
    return read.flat();
  }

  /** Whether it exists. An account that is not allowed to know works in one that does. */
  async namespace(): Promise<boolean> {
    const { status, body } = await this.cluster.api.raw(`/api/v1/namespaces/${encodeURIComponent(this.cluster.namespace)}`);
    if (status === 200 && /"deletionTimestamp"/.test(body)) {
      this.problems.push({ cause: 'not-deployable', message: `The namespace ${this.cluster.namespace} is being deleted.`, hint: 'Wait until it is gone.' });
    }
    return status !== 404;
  }

  /** The newest backup of each database that is no cache, its age, and whether there is a key for it. */
  async backups(backup: BackupConfig, { rpoMs }: DisasterConfig): Promise<readonly Recovered[]> {
    const { databases } = this.run.config;
    const store = await this.noted(undefined, () => this.session.store());
    return Promise.all(databases.map(async (config): Promise<Recovered> => {
      if (config.isCache || !store) return { config };
      const catalog = await this.noted<Catalog | undefined>(undefined, () => this.session.catalog(config.name));
      const wish = { database: config.name, choice: backup.choice, address: store.address, now: this.run.startedAtWall };
      const choose = async (from: Catalog): Promise<Manifest> => chooseBackup(from, wish).manifest;
      const manifest = catalog && await this.noted<Manifest | undefined>(undefined, () => choose(catalog));
      if (!manifest) return { config };
      await this.key(config, manifest, backup);
      this.age(config, manifest, rpoMs);
      return { config, manifest };
    }));
  }

  private async key({ name }: DatabaseConfig, { name: of, recipients }: Manifest, { identity }: BackupConfig): Promise<void> {
    if (recipients.length === 0 || (identity !== undefined && await mayRead(identity, recipients))) return;
    this.problems.push({
      cause: 'restore-failed',
      message: identity === undefined ? `The backup ${of} of ${name} is encrypted, and there is no private key to read it.` : `None of the private keys in \`backup.identity\` is that of a recipient of the backup ${of} of ${name}.`,
      hint: `Set \`backup.identity\` to env:NAME, with a variable that holds the private key of one of these: ${recipients.join(', ')}.`,
    });
  }

  private age({ name }: DatabaseConfig, { name: of, snapshotAt }: Manifest, rpoMs: number | undefined): void {
    const ageMs = this.run.startedAtWall - Date.parse(snapshotAt);
    if (rpoMs === undefined || ageMs <= rpoMs) return;
    this.warnings.push(`The backup ${of} of ${name} is ${hours(ageMs)} old, more than the RPO of ${hours(rpoMs)}. There is no newer one: everything that was written since is lost.`);
  }

  /** Databases that answer already must be empty. Those that do not yet are looked at before they are restored. */
  async living(hands: RecoveryHands, databases: readonly DatabaseConfig[]): Promise<void> {
    await Promise.all(databases.map(async (config) => {
      const held = await hands.holds(config).catch(() => undefined);
      this.run.ports.cancelled.throwIfAborted();
      if (held !== undefined) {
        const { code, message, hint } = hasData(config, held);
        this.problems.push({ cause: code, message, hint });
      }
    }));
  }

  /** What of the app exists already, and what the settings name that nobody creates. */
  async app(facts: RunbookFacts, databases: readonly DatabaseConfig[]): Promise<void> {
    const { cluster: { api, namespace }, run: { config: { restore, smoke } } } = this;
    const app = splitObjects(facts).app.map(objectName);
    const lists = await Promise.all((['deployment', 'statefulset', 'cronjob', 'daemonset'] as const).map(async (kind) => {
      const { items = [] } = await api.get<List<KubeObject>>(apiPath(workloadResource[kind], namespace));
      return items.map((object) => `${kind}/${nameOf(object)}`);
    }));
    const there = lists.flat();
    if (there.length > 0) this.warnings.push(`The namespace ${namespace} is not empty: it has ${there.join(', ')}.`);
    for (const { kind, name } of restore?.fence ?? []) {
      if (app.includes(`${kind}/${name}`)) continue;
      this.problems.push({ cause: 'config-invalid', message: `${kind}/${name} is not among the objects of \`disaster.objects\`.`, hint: 'Add its file there, or remove it from the settings.' });
    }
    for (const { name, reach } of databases) {
      if (reach.kind !== 'pod' || facts.objects.some((object) => fits(podLabelsOf(object) ?? {}, reach.selector))) continue;
      this.warnings.push(`No object of \`disaster.objects\` has the labels of ${name} (${reach.selector}), so something else must create it, such as an operator.`);
    }
    if (smoke.length === 0) this.warnings.push(`There are no smoke checks, so nothing shows that the app reads its data: set ${settingText('smoke')}.`);
  }
}

const hours = (ms: number): string => `${(ms / 3_600_000).toFixed(1)} h`;
