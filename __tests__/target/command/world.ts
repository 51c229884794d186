import { basename } from 'node:path';
import type { CommandConfig, Config } from '../../../src/config/config.js';
import { CancelledError } from '../../../src/outcome/errors.js';
import type { Outcome } from '../../../src/outcome/outcome.js';
import type { Clock } from '../../../src/ports/clock.js';
import type { Http } from '../../../src/ports/http.js';
import type { Command, Exited, Running } from '../../../src/ports/process.js';
import type { Ledger } from '../../../src/record/ledger.js';
import { deploy } from '../../../src/workflow/deploy.js';
import { finish } from '../../../src/workflow/finish.js';
import { rollBack } from '../../../src/workflow/rollback.js';
import type { Run } from '../../../src/workflow/run.js';
import { fakePorts, type FakePorts } from '../../kubernetes/client/fake-ports.js';
import { config } from '../../workflow/runs.js';
import { idleClock, mortalClock, unlessDead } from '../../ports/idle-clock.js';
import { Platform, type Answer } from './platform.js';

export const folder = '/private';
export const commands: CommandConfig = {
  deploy: ['platform deploy "$DEPLOY_COMMIT"'], current: ['platform current'], verify: ['platform version | grep "$DEPLOY_COMMIT"'],
  rollback: ['platform rollback "$DEPLOY_PREVIOUS"'], timeoutMs: 600_000, workingDirectory: '.',
};

/** A command as it was run. */
interface Ran {
  readonly name: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A runner in memory whose commands reach a platform in memory. */
export class World {
  readonly clock: Clock = idleClock();
  readonly platform = new Platform((ms) => this.clock.sleep(ms));
  /** Every command that was started, in order. */
  readonly ran: Ran[] = [];
  readonly files = new Map<string, string>();
  readonly kept: string[] = [];
  readonly lines: string[] = [];
  /** Called before each command, and before each write of the record, which it may hold up for ever. */
  before: (step: string) => Promise<unknown> = async () => undefined;
  private readonly stop = new AbortController();

  cancel(): void {
    this.stop.abort(new CancelledError('SIGINT'));
  }

  /** As the files of the run hold it. */
  get ledger(): Ledger | undefined {
    const text = this.files.get(`${folder}/record.json`);
    return text === undefined ? undefined : JSON.parse(text) as Ledger;
  }

  deploy(changes: Partial<Config> = {}, more: Partial<Run> = {}): Promise<Outcome> {
    return deploy(this.run(changes, more));
  }

  rollBack(to: string | undefined, changes: Partial<Config> = {}): Promise<Outcome> {
    return rollBack(this.run({ to, ...changes }, { action: 'rollback' }));
  }

  /** What the post step of the same run does. */
  post(changes: Partial<Config> = {}): Promise<Outcome | undefined> {
    return finish({ ...this.run(changes, { hasPost: false }), ports: this.ports(new AbortController().signal) });
  }

  /** @param dead aborted when its process is killed */
  run(changes: Partial<Config>, more: Partial<Run>, dead?: AbortSignal): Run {
    const { clock } = this;
    return {
      action: 'deploy', ports: this.ports(this.stop.signal, dead), config: config({ command: commands, ...changes }), facts: { commit: 'c2', runUrl: 'https://github.example/runs/1' },
      id: 'run-1', folder, startedAt: clock.monotonic(), startedAtWall: clock.now(), hasPost: true, keep: async (_name, value) => void this.kept.push(value),
      announce: () => undefined, ...more,
    };
  }

  private ports(cancelled: AbortSignal, dead = new AbortController().signal): FakePorts {
    const { files } = this;
    const clock = mortalClock(this.clock, dead);
    const http: Pick<Http, 'request'> = { request: async () => {
      const { ok, body } = this.platform.version();
      return { status: ok ? 200 : 500, headers: {}, body: (async function* () { yield Buffer.from(body); })() };
    } };
    const ports = fakePorts({ clock, http, cancelled, process: { run: async () => ({ code: 128, stdout: '', stderr: 'fatal: not a git repository' }), start: (command) => this.start(command, dead) } });
    let folders = 0;
    return {
      ...ports, files: {
        ...ports.files, temporaryFolder: async () => `/tmp/${(folders += 1)}`, readText: async (path) => files.get(path), remove: async () => undefined,
        writeText: async (path, text) => {
          if (path.startsWith(folder)) await this.before(`record ${(JSON.parse(text) as Ledger).run.phase} ${(JSON.parse(text) as Ledger).run.marks.join()}`);
          files.set(path, text);
        },
      },
      log: { ...ports.log, ...Object.fromEntries((['info', 'warning', 'error', 'output', 'command', 'progress'] as const).map((kind) => [kind, (...words: readonly string[]) => void this.lines.push([kind, ...words].join(' '))])) },
    };
  }

  private start({ args, env = {}, signal, onLine }: Command, dead: AbortSignal): Running {
    const name = basename(args.find((arg) => arg.endsWith('.sh')) ?? '', '.sh');
    this.ran.push({ name, env });
    const exited = unlessDead(dead, () => new Promise<Exited>((resolve, reject) => {
      const stopped = (): void => resolve({ code: 143, stdout: '', stderr: '' });
      if (signal?.aborted) stopped();
      signal?.addEventListener('abort', stopped, { once: true });
      this.before(name).then(() => this.answer(name, env)).then(({ ok, body }) => {
        for (const line of body.split('\n')) onLine?.(line, ok ? 'stdout' : 'stderr');
        resolve({ code: ok ? 0 : 22, stdout: '', stderr: '' });
      }).catch(reject);
    }));
    return { pid: 1, exited, stop: async () => undefined };
  }

  private async answer(name: string, env: Ran['env']): Promise<Answer> {
    const { platform } = this;
    if (name === 'deploy') return platform.deploy(env['DEPLOY_COMMIT'] ?? '', env['DEPLOY_REFERENCE'] ?? '');
    if (name === 'rollback') return platform.rollback(env['DEPLOY_PREVIOUS'] ?? '');
    if (name === 'current') return platform.current();
    const { ok, body } = platform.version();
    return { ok: ok && body.includes(env['DEPLOY_COMMIT'] ?? '') && body.includes(env['DEPLOY_REFERENCE'] ?? ''), body };
  }
}
