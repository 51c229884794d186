import { parentOf } from '../ports/trace.js';

/*
 * Whether a run records its trace. Read before anything else is loaded:
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */

type Env = Readonly<Record<string, string | undefined>>;

/** The value of a variable in lower case; empty also for one that is not set, as the specification has it. */
const valueOf = (env: Env, name: string): string => env[name]?.trim().toLowerCase() ?? '';

/** True where a collector is named, and nothing in the environment turns traces off. */
export function wantsTrace(env: Env): boolean {
  if (!valueOf(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') && !valueOf(env, 'OTEL_EXPORTER_OTLP_ENDPOINT')) return false;
  if (valueOf(env, 'OTEL_SDK_DISABLED') === 'true') return false;
  const exporters = valueOf(env, 'OTEL_TRACES_EXPORTER') || 'otlp';
  return exporters.split(',').some((name) => name.trim() === 'otlp') && isSampled(env);
}

/** A run with a parent is recorded if its parent is, unless the sampler says otherwise. Samplers that choose by chance are not supported. */
function isSampled(env: Env): boolean {
  const sampler = valueOf(env, 'OTEL_TRACES_SAMPLER') || 'parentbased_always_on';
  const parent = sampler.startsWith('parentbased_') ? parentOf(env) : undefined;
  return parent?.isSampled ?? !sampler.endsWith('always_off');
}
