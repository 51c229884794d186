import { randomUUID } from '../host/random-id.js';
import type { Listener } from '../outcome/events.js';
import type { Log } from '../ports/log.js';
import type { Ports } from '../ports/ports.js';
import type { RunFacts } from '../ports/run-facts.js';
import { formatTraceparent, passedOn, type Trace } from '../ports/trace.js';
import { wantsTrace } from '../telemetry/wanted.js';

type Env = Readonly<Record<string, string | undefined>>;

/** The trace of a process before it is recorded: the one that its environment names, or a new one if the environment asks for one. */
export function traceOf(env: Env): Trace {
  const given = passedOn(env);
  return given.id === undefined && wantsTrace(env) ? { ...given, id: randomUUID().replaceAll('-', '') } : given;
}

/** Hides the keys and logins with which traces are sent. A run without them loads nothing for it. */
export async function maskCollectorSecrets(env: Env, log: Pick<Log, 'mask'>): Promise<void> {
  if (!Object.keys(env).some((name) => name.startsWith('OTEL_EXPORTER_OTLP'))) return;
  const { collectorSecrets } = await import('../telemetry/otlp/headers.js');
  for (const secret of collectorSecrets(env)) log.mask(secret);
}

/** A run with those who record its trace. */
export interface Traced {
  readonly ports: Ports;
  readonly listeners: readonly Listener[];
  /** `traceparent` of the whole run, for the post step. */
  readonly traceparent?: string;
}

/** Records the trace of a run if its environment asks for it. A run without one is unchanged, and loads nothing for it. */
export async function traced(ports: Ports, run: { readonly id: string; readonly facts: RunFacts }): Promise<Traced> {
  if (!wantsTrace(ports.env)) return { ports, listeners: [] };
  const { openTrace } = await import('../telemetry/open-trace.js');
  const { root, listener, ports: own } = openTrace(ports, run, randomUUID);
  return { ports: own, listeners: [listener], traceparent: formatTraceparent(root) };
}
