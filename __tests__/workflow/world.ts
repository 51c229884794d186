import type { BuildConfig, Config, GateConfig } from '../../src/config/config.js';
import type { ActionName } from '../../src/outcome/action.js';
import type { RunEvent } from '../../src/outcome/events.js';
import { CancelledError } from '../../src/outcome/errors.js';
import type { Clock } from '../../src/ports/clock.js';
import type { SocketHttp } from '../../src/ports/http.js';
import { unlessAborted } from '../../src/ports/within.js';
import type { Command, Exited, Running } from '../../src/ports/process.js';
import type { Ledger, RunRecord } from '../../src/record/ledger.js';
import { formatLedger, parseLedger } from '../../src/record/schema.js';
import { apiPath, resources } from '../../src/kubernetes/client/resources.js';
import type { ConfigMap, Container, Job, Lease } from '../../src/kubernetes/client/objects.js';
import { ledgerName } from '../../src/kubernetes/store/config-map.js';
import { lockName } from '../../src/kubernetes/store/lease.js';
import { deploy } from '../../src/workflow/deploy.js';
import type { Run } from '../../src/workflow/run.js';
// What a run loads when it needs it is there before time begins to pass.
import '../../src/target/set-image/one-offs.js';
import '../../src/target/set-image/target.js';
import '../../src/workflow/migration.js';
import '../../src/workflow/policy.js';
import '../../src/workflow/undo-migration.js';
import { MemoryRegistry } from '../image/memory-registry.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { target } from '../kubernetes/judge/build.js';
import { check } from '../kubernetes/judge/simulation.js';
import { Deployments, type Behaviour } from '../kubernetes/server/deployments.js';
import { Jobs, type Program } from '../kubernetes/server/jobs.js';
import { runKubectl, startKubectl } from '../kubernetes/server/kubectl.js';
import { MemoryServer } from '../kubernetes/server/memory-server.js';
import { idleClock, mortalClock, unlessDead } from '../ports/idle-clock.js';
import { ledgerOf } from '../target/set-image/ledgers.js';
import { config } from './runs.js';

export const image = 'registry.example/acme/api';
/** Commits of the app, oldest first. */
export const [first, second, third] = ['a', 'b', 'c'].map((digit) => digit.repeat(40)) as [string, string, string];

export const build: BuildConfig = { context: '.', buildArgs: {}, buildSecrets: {}, platforms: [], labels: {}, cache: 'none' };
export const gate: GateConfig = { commands: ['npm test'], workingDirectory: '.' };

const kubeconfig = 'current-context: prod\nclusters: [{name: c, cluster: {server: "https://10.0.0.1:6443"}}]\nusers: [{name: u, user: {token: t}}]\n'
  + 'contexts: [{name: prod, context: {cluster: c, user: u, namespace: web}}]\n';

export interface StartOptions {
  readonly id?: string;
  readonly hasPost?: boolean;
  /** What the test gate comes to. */
  readonly gate?: () => Promise<Partial<Exited>>;
  /** Opens the database that is migrated. */
  readonly openMigrationData?: Run['openMigrationData'];
}

/** One process that performs a run. */
export interface TestRun {
  readonly run: Run;
  /** As `FakePorts.lines`. */
  readonly lines: readonly string[];
  /** What was announced, in its order. */
  readonly events: readonly RunEvent[];
  /** What was kept for the post step, in its order. */
  readonly kept: readonly string[];
  /** Asks it to stop, as the runner does: it kills 10 s later. */
  cancel(): void;
  /** ms since it was asked to stop. */
  sinceCancelled(): number;
  /** Ends it at once: nothing of it goes on but what it has sent. */
  kill(): void;
}

export interface WorldOptions {
  /** The commit that is deployed; `first` unless given. */
  readonly before?: string;
  /** Of the Deployment; two unless given. */
  readonly replicas?: number;
  /** When it begins, ISO 8601, in 2026 or later. */
  readonly at?: string;
  /** What the container of the Deployment has besides. */
  readonly container?: Container;
}

/**
 * A cluster with a Deployment of two pods and its Service, a registry, a checkout, and one clock for all of them. Whole runs
 * happen in it in milliseconds.
 */
export class TestWorld {
  readonly clock: Clock;
  readonly server: MemoryServer;
  readonly registry = new MemoryRegistry();
  readonly deployments: Deployments;
  readonly jobs: Jobs;
  /** What the program of a Job does; it succeeds unless it is said. */
  jobProgram: (job: Job) => Program = () => ({});
  /** The commit that is checked out; undefined where nothing is. */
  head: string | undefined = second;
  /** How the images of commits behave; well, unless it is said. */
  readonly behaviours = new Map<string, Behaviour>();
  private runs = 0;

  constructor({ before = first, replicas, at = '2026-01-01T00:00:01Z', container }: WorldOptions = {}) {
    this.clock = idleClock(Date.parse(at) - Date.UTC(2026, 0, 1));
    this.server = new MemoryServer(this.clock);
    for (const revision of [first, second, third]) this.registry.push(image, revision, revision === before ? [revision] : []);
    this.deployments = new Deployments(this.server, this.clock, (reference) =>
      [...this.behaviours].find(([revision]) => reference.endsWith(this.registry.digestOf(revision)))?.[1] ?? 'good');
    this.deployments.add('api', { image: this.imageOf(before), replicas, container });
    this.jobs = new Jobs(this.server, this.clock, (job) => this.jobProgram(job));
  }

  /** As it is deployed by its digest. */
  imageOf(revision: string): string {
    return `${image}@${this.registry.digestOf(revision)}`;
  }

  /** The image that the Deployment is set to. */
  get imageNow(): string | undefined {
    return this.deployments.imageOf('api');
  }

  get ledger(): Ledger | undefined {
    return this.ledgers.at(-1);
  }

  /** The record as it was written each time. */
  get ledgers(): Ledger[] {
    return this.server.versionsOf<ConfigMap>(this.ledgerPath).map(({ data }) => parseLedger(data?.['ledger.json'] ?? '', 'The ledger'));
  }

  /** Puts a record into the cluster, as another run has left it. */
  keepLedger(ledger: Ledger | string): void {
    const text = typeof ledger === 'string' ? ledger : formatLedger(ledger);
    this.server.put(this.ledgerPath, { kind: 'ConfigMap', metadata: { name: ledgerName('api') }, data: { 'ledger.json': text } } as ConfigMap);
  }

  /** The record that a run `dead` wrote before it changed the Deployment from the image of one commit to that of another. */
  deadLedger(changes: Partial<RunRecord> = {}, [from, to] = [first, second]): Ledger {
    const containers = [{ name: 'app', before: this.imageOf(from), after: this.imageOf(to) }];
    return ledgerOf(changes, { workloads: [target('deployment', { containers })] });
  }

  /** What was written to the Deployment by the action and by kubectl. */
  get changes(): string[] {
    return this.server.seen.filter((each) => !each.startsWith('GET') && each.endsWith('/deployments/api'));
  }

  readonly ledgerPath = apiPath(resources.configmaps, 'web', ledgerName('api'));
  readonly lockPath = apiPath(resources.leases, 'web', lockName('api'));

  /** Who holds the lock; empty when it was released. */
  get holder(): string | undefined {
    return this.server.get<Lease>(this.lockPath)?.spec?.holderIdentity;
  }

  /** Another run takes the lock, whoever has it, or renews it. Released with an empty name. */
  takeLock(by: string): void {
    const at = new Date(this.clock.now()).toISOString();
    const known = this.server.get<Lease>(this.lockPath)?.spec;
    const acquireTime = known?.holderIdentity === by ? known.acquireTime : at;
    this.server.put(this.lockPath, {
      kind: 'Lease', metadata: { name: lockName('api'), annotations: { 'deploy-action/run-url': `https://runs.example/${by}` } },
      spec: { holderIdentity: by, leaseDurationSeconds: 15, acquireTime, renewTime: at },
    } as Lease, by);
  }

  /** Another run has the lock for so long, and renews it. @param last what it does before it releases the lock */
  async holdLock(by: string, forMs: number, last: () => void = () => undefined): Promise<void> {
    const until = this.clock.monotonic() + forMs;
    for (this.takeLock(by); this.clock.monotonic() < until; this.takeLock(by)) await this.clock.sleep(Math.min(5000, until - this.clock.monotonic()));
    last();
    this.takeLock('');
  }

  start(action: ActionName, settings: Partial<Config> = {}, options: StartOptions = {}): TestRun {
    const id = options.id ?? `run-${(this.runs += 1)}`;
    const [dead, cancelled] = [new AbortController(), new AbortController()];
    const kept: string[] = [];
    const events: RunEvent[] = [];
    const clock = mortalClock(this.clock, dead.signal);
    const ports = fakePorts({
      clock, cancelled: cancelled.signal, env: { PATH: '/bin', GITHUB_SERVER_URL: 'https://github.example' }, executables: ['/bin/kubectl'], files: { '/k': kubeconfig },
      http: { onSocket: () => this.socket(dead.signal) },
      process: {
        start: (command) => (command.program === 'bash' ? startGate(command, dead.signal, options) : startKubectl(command)),
        run: (command) => unlessDead(dead.signal, () => this.program(ports, command)),
      },
    });
    let folders = 0;
    const files = { ...ports.files, temporaryFolder: async () => `/private/${(folders += 1)}` };
    const run: Run = {
      action, id, folder: '/private', config: config({ cluster: { kubeconfig: { path: '/k' }, namespace: 'web' }, ...settings }), ports: { ...ports, files },
      facts: { commit: second, branch: 'main', defaultBranch: 'main', repository: 'acme/api', actor: 'octocat', runUrl: `https://runs.example/${id}` },
      startedAt: clock.monotonic(), startedAtWall: clock.now(), hasPost: options.hasPost ?? true, keep: async (_name, value) => void kept.push(value),
      announce: (event) => void events.push(event), openMigrationData: options.openMigrationData,
    };
    let cancelledAt = Infinity;
    const cancel = (): void => {
      cancelledAt = Math.min(cancelledAt, clock.monotonic());
      cancelled.abort(new CancelledError('SIGTERM'));
    };
    return { run, lines: ports.lines, events, kept, cancel, sinceCancelled: () => clock.monotonic() - cancelledAt, kill: () => dead.abort() };
  }

  /** A run that deploys the image of a commit, which the registry has, by its digest. */
  deployment(revision: string, settings: Partial<Config> = {}, options: StartOptions = {}): TestRun {
    return this.start('deploy', { ...this.deploying(revision), ...settings }, options);
  }

  /** A run that builds the commit that is checked out, pushes it, and deploys it. */
  whole(settings: Partial<Config> = {}, options: StartOptions = {}): TestRun {
    return this.start('deploy', { ...this.deploying(second), digest: undefined, build, gate, ...settings }, options);
  }

  /** Deploys one commit after the other, so that there is something to go back to. */
  async deployed(...revisions: readonly string[]): Promise<this> {
    for (const revision of revisions) {
      const { verdict, failure } = await deploy(this.deployment(revision).run);
      if (verdict !== 'deployed') throw new Error(`${revision} was not deployed: ${verdict}, ${failure?.message}`);
    }
    return this;
  }

  deploying(revision: string): Partial<Config> {
    return { image, digest: this.registry.digestOf(revision), workloads: [{ kind: 'deployment', name: 'api' }], smoke: [check] };
  }

  private socket(dead: AbortSignal): SocketHttp {
    const mortal = (signal: AbortSignal | undefined): AbortSignal => (signal ? AbortSignal.any([signal, dead]) : dead);
    return { request: (request) => unlessDead(dead, () => this.server.request({ ...request, signal: mortal(request.signal) })) };
  }

  private program(ports: Run['ports'], command: Command): Promise<Exited> {
    command.signal?.throwIfAborted();
    if (command.program === '/bin/kubectl') return runKubectl(this.server, command);
    if (command.program === 'docker') return this.registry.run(ports.files, command);
    if (command.program === 'git') return Promise.resolve(done(this.git(command.args.join(' '))));
    throw new Error(`${command.program} is not in this world`);
  }

  private git(args: string): Partial<Exited> {
    if (this.head === undefined) return { code: 128, stderr: 'fatal: not a git repository (or any of the parent directories): .git' };
    if (/rev-parse/.test(args)) return { stdout: '/work\n' };
    if (/ log -1/.test(args)) return { stdout: `${this.head} 1700000000\n` };
    return /config --get|symbolic-ref/.test(args) ? { code: 1 } : {};
  }
}

const done = (exited: Partial<Exited> = {}): Exited => ({ code: 0, stdout: '', stderr: '', ...exited });

/** The test gate: it ends as its run is told, by SIGTERM when it is stopped, and never when its process is gone. */
function startGate({ signal }: Command, dead: AbortSignal, { gate: tests }: StartOptions): Running {
  const ended = Promise.resolve(tests?.()).then(done);
  const exited = unlessDead(dead, () => (signal ? unlessAborted(ended, signal).catch(() => done({ code: 143 })) : ended));
  return { pid: 1, exited, stop: async () => undefined };
}
