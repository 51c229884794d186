import { sourceKey, type EnvSource, type Path } from '../input.js';
import type { Container, Source, Variable } from './container.js';

/** A variable as a container gets it. */
export interface Resolved {
  /** Undefined: it is set to a value that is not known here. */
  readonly value?: string;
  /** Where the value comes from: `the Secret login`; undefined for the template itself. */
  readonly from?: string;
  /** Where it is set in the object. */
  readonly path: Path;
}

/** The environment of a container, as far as it is known. */
export interface Environment {
  readonly variables: ReadonlyMap<string, Resolved>;
  /** Sources of which not even the names are known: `the Secret login`. They may set any variable. */
  readonly unknown: readonly string[];
}

type Sources = ReadonlyMap<string, EnvSource>;

/**
 * The variables of a container in the order in which the kubelet sets them: those of `envFrom`, each overriding the ones before
 * it, then those of `env` (makeEnvironmentVariables in pkg/kubelet/kubelet_pods.go).
 */
export function environmentOf({ sources: given, variables: own }: Pick<Container, 'sources' | 'variables'>, sources: Sources): Environment {
  const variables = new Map<string, Resolved>();
  const unknown: string[] = [];
  for (const source of given) {
    const read = readSource(source, sources);
    if (read === undefined) unknown.push(nameOf(source.kind, source.name));
    else for (const [key, value] of Object.entries(read)) variables.set(`${source.prefix}${key}`, { value, from: nameOf(source.kind, source.name), path: source.path });
  }
  for (const variable of own) {
    const resolved = resolve(variable, sources, { known: variables, isWhole: unknown.length === 0 });
    // An optional key that does not exist leaves what `envFrom` has set.
    if (resolved) variables.set(variable.name, resolved);
  }
  return { variables, unknown };
}

const nameOf = (kind: Source['kind'], name: string): string => (kind === 'other' ? `the file ${name}` : `the ${kind} ${name}`);

/** Its keys with their values; undefined if not even the keys are known. */
function readSource({ kind, name }: Source, sources: Sources): Readonly<Record<string, string | undefined>> | undefined {
  const source = kind === 'other' ? undefined : sources.get(sourceKey(kind, name));
  if (source?.state === 'missing') return {};
  return source?.state === 'read' ? source.values : undefined;
}

function resolve({ value, from, path }: Variable, sources: Sources, before: Before): Resolved | undefined {
  if (from === undefined) return { value: expand(value ?? '', before), path };
  if (from === 'other') return { path, from: 'a field of the pod' };
  const source = sources.get(sourceKey(from.kind, from.name));
  const isAbsent = source?.state === 'missing' || (source?.state === 'read' && !Object.hasOwn(source.values, from.key));
  if (from.optional && isAbsent) return undefined;
  return { value: source?.state === 'read' ? source.values[from.key] : undefined, from: nameOf(from.kind, from.name), path };
}

/** What a value may refer to. */
interface Before {
  readonly known: ReadonlyMap<string, Pick<Resolved, 'value'>>;
  /** There are no others. */
  readonly isWhole: boolean;
}

/**
 * A value with `$(NAME)` replaced, as the kubelet does (Expand in third_party/forked/golang/expansion): a name that is not set
 * stays as it is, and `$$` is a dollar sign. Undefined if a part of it is not known.
 */
export function expand(value: string, { known, isWhole }: Before): string | undefined {
  let isKnown = true;
  const text = value.replace(/\$(?:\$|\(([^()]*)\))/g, (whole, name: string | undefined) => {
    if (name === undefined) return '$';
    const found = known.get(name);
    isKnown &&= found === undefined ? isWhole : found.value !== undefined;
    return found ? found.value ?? '' : whole;
  });
  return isKnown ? text : undefined;
}
