import type { Listener } from '../outcome/events.js';
import type { Outcome } from '../outcome/outcome.js';
import type { Ports } from '../ports/ports.js';
import type { RunFacts } from '../ports/run-facts.js';
import { environmentOf, headersOf, parentOf, stateOf, type SpanContext } from '../ports/trace.js';
import { pipelineName, resourceAttributes } from './attributes.js';
import { observedPipe, observedProcess } from './observed-process.js';
import type { Export } from './otlp/request.js';
import { Tracer } from './tracer.js';

/** The run that is traced. */
export interface TracedRun {
  readonly id: string;
  readonly facts: RunFacts;
}

/** A trace that is being recorded. */
export interface OpenTrace {
  /** The ports of the run: its programs and requests continue the trace. */
  readonly ports: Ports;
  /** Records the events of the run, and sends the trace after the last one. */
  readonly listener: Listener;
  /** The span of the whole run. */
  readonly root: SpanContext;
}

/** Ids of W3C Trace Context from random UUIDs: their last 8 bytes are random, and never zero. */
const spanIdOf = (uuid: string): string => uuid.replaceAll('-', '').slice(-16);
const traceIdOf = (uuid: string): string => uuid.replaceAll('-', '');

/**
 * Starts to record the trace of a run. It belongs to the trace that the environment names, if any.
 * @param newUuid a new random UUID
 */
export function openTrace(ports: Ports, { id, facts }: TracedRun, newUuid: () => string): OpenTrace {
  const { env, clock } = ports;
  const [parent, state] = [parentOf(env), stateOf(env)];
  const newId = (): string => spanIdOf(newUuid());
  const root: SpanContext = { traceId: parent?.traceId ?? ports.trace.id ?? traceIdOf(newUuid()), spanId: newId(), isSampled: true };
  const ownState = parent ? state : undefined;
  const tracer = new Tracer({
    clock, root, newId, runId: id, pipeline: pipelineName(env), ...(parent && { parentId: parent.spanId }),
    envOf: (span) => environmentOf(span, ownState),
  });
  const send = (outcome: Outcome, signal: AbortSignal): Promise<void> => exportTrace(ports, {
    spans: tracer.spans(outcome), resource: resourceAttributes(env, facts, outcome), trace: root, ...(ownState !== undefined && { state: ownState }),
    redact: (text) => ports.log.redact(text),
  }, signal);
  return {
    root,
    ports: {
      ...ports, process: observedProcess(ports.process, (command) => tracer.observe(command)),
      pipe: observedPipe(ports.pipe, (command) => tracer.observe(command)),
      trace: { id: root.traceId, headers: () => headersOf(tracer.now, ownState) },
    },
    listener: {
      name: 'The OpenTelemetry trace',
      hear: (event, signal) => {
        tracer.hear(event);
        return event.kind === 'ended' ? send(event.outcome, signal) : undefined;
      },
    },
  };
}

/**
 * What sends it is loaded for it: OpenTelemetry's serializers, and the settings of the environment. That may have been set up for
 * other programs, so what is only not supported here is no reason for a warning in every run.
 */
async function exportTrace(ports: Ports, content: Export, signal: AbortSignal): Promise<void> {
  const [{ readSettings, resourceIn, UnsupportedExportError }, { sendSpans }] = await Promise.all([import('./otlp/settings.js'), import('./otlp/send.js')]);
  try {
    await sendSpans(ports, readSettings(ports.env), { ...content, resource: { ...content.resource, ...resourceIn(ports.env) } }, signal);
  } catch (error) {
    if (!(error instanceof UnsupportedExportError)) throw error;
    ports.log.info(`The OpenTelemetry trace is not sent: ${error.message}.`);
  }
}
