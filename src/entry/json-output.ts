import { createJsonLog, objectsOnly, withRunnerCommands, type Around, type JsonLog } from '../host/json-log.js';
import { systemClock } from '../host/clock.js';
import type { RunEvent } from '../outcome/events.js';
import type { Outcome } from '../outcome/outcome.js';
import { isSuccess } from '../outcome/verdict.js';
import type { Log } from '../ports/log.js';
import { closingLines } from '../report/closing.js';
import { stageLine } from '../report/stage-line.js';

/** A log of JSON, and how it follows the run. */
export interface JsonOutput {
  readonly log: Log;
  hear(event: RunEvent): void;
}

/** What a process prints when its log is JSON. @param trace the id of its trace */
export function openJsonOutput(write: (text: string) => void, reader: 'runner' | 'any', ids: { readonly run: string; readonly trace?: string }): JsonOutput {
  const around: Around = reader === 'runner' ? withRunnerCommands : objectsOnly;
  const json = createJsonLog({ write, now: () => systemClock.now(), around, ids: { run: ids.run, trace_id: ids.trace } });
  return { log: json.log, hear: (event) => { hear(json, event); } };
}

function hear(json: JsonLog, event: RunEvent): void {
  if (event.kind === 'stage-started') {
    json.setStage(event.stage);
    json.line({ level: 'info', type: 'stage', message: `${event.label}: started`, state: 'started' });
  } else if (event.kind === 'stage-ended') {
    const { stage, result, startMs, endMs } = event.span;
    json.line({ level: result === 'failed' ? 'error' : 'info', type: 'stage', stage, message: stageLine(event) ?? '', state: result, durationMs: endMs - startMs });
    json.setStage(undefined);
  } else if (event.kind === 'undo-started') {
    json.setStage('rollback');
    json.line({ level: 'warning', type: 'stage', message: event.message, state: 'started', cause: event.cause, failedStage: event.stage });
  } else if (event.kind === 'ended') {
    json.setStage(undefined);
    json.line(verdictLine(event.outcome));
  }
}

const verdictLine = (outcome: Outcome) => ({
  level: isSuccess(outcome.verdict) ? 'info' as const : 'error' as const, type: 'verdict', message: closingLines(outcome)[0] ?? outcome.verdict, verdict: outcome.verdict,
  cause: outcome.failure?.cause, failedStage: outcome.failure?.stage, app: outcome.app, environment: outcome.environment, namespace: outcome.namespace,
  commit: outcome.commit, digest: outcome.digest, durationMs: Math.round(outcome.durationMs),
});
