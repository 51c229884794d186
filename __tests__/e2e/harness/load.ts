import { Agent, request } from 'node:http';

export interface LoadOptions {
  readonly host: string;
  readonly port?: number;
  readonly path?: string;
  readonly perSecond?: number;
  /** Reuse connections, as a client with a pool does; otherwise each request makes its own. */
  readonly keepAlive?: boolean;
  readonly timeoutMs?: number;
  /** Ends by itself after so many requests. */
  readonly maxRequests?: number;
}

export interface LoadResult {
  readonly sent: number;
  /** `200 v1` → how often that was answered. */
  readonly answers: Readonly<Record<string, number>>;
  readonly errors: readonly LoadError[];
  /** ms since the start of the load at which each answer was seen first and last. */
  readonly seen: Readonly<Record<string, { readonly firstMs: number; readonly lastMs: number }>>;
}

export interface LoadError {
  readonly atMs: number;
  /** ECONNREFUSED, ECONNRESET, TIMEOUT … */
  readonly kind: string;
  readonly afterMs: number;
}

/** Requests at an even rate until `stop`, whatever the answers are (open loop): 100 a second unless told otherwise. */
export function startLoad(options: LoadOptions): { stop(): Promise<LoadResult> } {
  const { perSecond = 100, maxRequests = 60_000, timeoutMs = 3000 } = options;
  const agent = new Agent(options.keepAlive ? { keepAlive: true, maxSockets: 16 } : { keepAlive: false });
  const begun = performance.now();
  const answers: Record<string, number> = {};
  const seen: Record<string, { firstMs: number; lastMs: number }> = {};
  const errors: LoadError[] = [];
  const open = new Set<Promise<void>>();
  let sent = 0;

  const one = (): void => {
    sent += 1;
    const atMs = performance.now() - begun;
    const done = ask(options, agent, timeoutMs).then(
      (answer) => {
        answers[answer] = (answers[answer] ?? 0) + 1;
        const now = performance.now() - begun;
        seen[answer] = { firstMs: seen[answer]?.firstMs ?? now, lastMs: now };
      },
      (error: NodeJS.ErrnoException) => {
        errors.push({ atMs: Math.round(atMs), kind: error.code ?? error.message, afterMs: Math.round(performance.now() - begun - atMs) });
      },
    ).finally(() => open.delete(done));
    open.add(done);
  };
  const timer = setInterval(() => {
    // A late timer catches up, at most a second of it: the rate stays what was asked for.
    const due = Math.min(((performance.now() - begun) * perSecond) / 1000, sent + perSecond, maxRequests);
    while (sent < due) one();
  }, Math.max(5, 1000 / perSecond));

  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(open);
      agent.destroy();
      return { sent, answers, errors, seen };
    },
  };
}

/** `200 v1`: the status and the first line of the body. */
function ask(options: LoadOptions, agent: Agent, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, host: options.host, port: options.port ?? 80, path: options.path ?? '/', timeout: timeoutMs }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (body += chunk.slice(0, 200)));
      answer.on('error', reject);
      answer.on('end', () => resolve(`${answer.statusCode} ${body.split('\n')[0]}`));
    });
    outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('timeout'), { code: 'TIMEOUT' })));
    outgoing.on('error', reject);
    outgoing.end();
  });
}
