import type { Container, Pod, PodSpec } from '../client/objects.js';

/**
 * A container that runs beside a command in its pod: a sidecar among the init containers (Kubernetes 1.29), which runs from before the
 * command starts until after it has ended. Its startup probe succeeds once `prepare` has done its work; until then, neither the command
 * nor another init container starts.
 */
export interface Sidecar {
  readonly container: Container;
  readonly volumes: NonNullable<PodSpec['volumes']>;
  /** Names that lead to it, for all containers of the pod. */
  readonly hostAliases: NonNullable<PodSpec['hostAliases']>;
  readonly imagePullSecrets: NonNullable<PodSpec['imagePullSecrets']>;
  /** Variables that replace those of the command. */
  readonly env: Readonly<Record<string, string>>;
  /** What `prepare` takes at most, with the start of the pod. */
  readonly timeoutMs: number;
  /** Called once, when its container runs. @throws what ends the pod before the command has started */
  prepare(pod: Pod, signal: AbortSignal): Promise<void>;
  /** Called once, when the command has ended and its container still runs, for at most `sidecarGraceSeconds`. Does not reject. */
  conclude(signal: AbortSignal): Promise<void>;
  /** Ends its container. Can be called at any time, and twice. Does not reject. */
  end(): Promise<void>;
}

/** How long its container runs on after the command, unless it is ended before. Kubernetes asks it to stop at once, and then waits. */
export const sidecarGraceSeconds = 30;

/** The spec of a pod with a sidecar. */
export function withSidecar(spec: PodSpec, sidecar: Sidecar | undefined): PodSpec {
  if (!sidecar) return spec;
  const names = new Set(sidecar.hostAliases.flatMap(({ hostnames = [] }) => hostnames));
  const others = (spec.hostAliases ?? []).map((alias) => ({ ...alias, hostnames: alias.hostnames?.filter((name) => !names.has(name)) }));
  const secrets = [...spec.imagePullSecrets ?? [], ...sidecar.imagePullSecrets];
  return {
    ...spec,
    // First: the others may use it too.
    initContainers: [sidecar.container, ...spec.initContainers ?? []],
    volumes: [...spec.volumes ?? [], ...sidecar.volumes],
    hostAliases: [...others.filter(({ hostnames = [] }) => hostnames.length > 0), ...sidecar.hostAliases],
    imagePullSecrets: secrets.filter(({ name }, index) => secrets.findIndex((each) => each.name === name) === index),
    terminationGracePeriodSeconds: Math.max(sidecarGraceSeconds, spec.terminationGracePeriodSeconds ?? 30),
  };
}
