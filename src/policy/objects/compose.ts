import type { Path, PolicyObject } from '../input.js';
import type { Container, Variable, Workload } from './container.js';
import { at, flagOf, listOf, numberOf, recordOf, textOf } from './read.js';

/**
 * A service of a compose file as a workload with one container.
 * https://github.com/compose-spec/compose-spec/blob/main/05-services.md
 */
export function serviceOf(given: PolicyObject): Workload {
  const { object: service } = given;
  const name = given.subject.slice(given.subject.lastIndexOf('/') + 1);
  const health = at(service, 'healthcheck');
  const isChecked = health !== undefined && flagOf(at(health, 'disable')) !== true && at(health, 'test') !== undefined;
  const container: Container = {
    name, path: [], role: 'app', isDeployed: given.deployed?.has(name) ?? true,
    image: textOf(at(service, 'image')) ?? '', imagePath: ['image'], pullPolicy: pullPolicies[textOf(at(service, 'pull_policy')) ?? 'missing'],
    variables: variablesOf(at(service, 'environment')),
    sources: [at(service, 'env_file')].flat().flatMap((file) => {
      const path = textOf(file) ?? textOf(at(file, 'path'));
      return path === undefined ? [] : [{ kind: 'other' as const, name: path, prefix: '', path: ['env_file'] }];
    }),
    words: ['entrypoint', 'command'].flatMap((field) => wordsOf(at(service, field), [field])),
    // Docker has one check for both: a dependency waits until it passes, and nothing is restarted when it fails.
    probes: new Set(isChecked ? ['readiness', 'liveness', 'startup'] : []),
    hasPorts: listOf(at(service, 'ports')).length > 0,
    resources: new Set(resourcesOf(service)),
    user: { ...userOf(textOf(at(service, 'user'))), path: ['user'] },
  };
  return { object: given, kind: 'service', labels: {}, containers: [container], template: [], isWindows: false };
}

/** What compose calls them, as Kubernetes does. A refresh after a time, such as `daily`, pulls again. */
const pullPolicies: Readonly<Record<string, string>> = { always: 'Always', never: 'Never', missing: 'IfNotPresent', if_not_present: 'IfNotPresent', build: 'Never' };

/** A map, or a list of `NAME=VALUE`. A name without a value is taken from the shell that runs compose. */
function variablesOf(environment: unknown): Variable[] {
  if (Array.isArray(environment)) {
    return listOf(environment).flatMap((each, index): Variable[] => {
      const [, name = '', value] = /^([^=]+)(?:=(.*))?$/s.exec(textOf(each) ?? '') ?? [];
      return name === '' ? [] : [variableOf(name, value, ['environment', index])];
    });
  }
  return Object.entries(recordOf(environment)).map(([name, value]) => variableOf(name, textOf(value), ['environment', name]));
}

/** Compose replaces `${NAME}` from its own environment, where nothing here can read it; `$$` is a dollar sign. */
function variableOf(name: string, value: string | undefined, path: Path): Variable {
  if (value === undefined || /\$(?:\{|[A-Za-z_])/.test(value.replaceAll('$$', ''))) return { name, from: 'other', path };
  return { name, value: value.replaceAll('$$', '$'), path };
}

const wordsOf = (given: unknown, path: Path): Container['words'] => (Array.isArray(given)
  ? listOf(given).map((word, index) => ({ text: textOf(word) ?? '', path: [...path, index] }))
  : textOf(given) === undefined ? [] : [{ text: textOf(given) ?? '', path }]);

function resourcesOf(service: unknown): string[] {
  const places: readonly (readonly [string, readonly Path[]])[] = [
    ['limits.memory', [['deploy', 'resources', 'limits', 'memory'], ['mem_limit']]], ['limits.cpu', [['deploy', 'resources', 'limits', 'cpus'], ['cpus']]],
    ['requests.memory', [['deploy', 'resources', 'reservations', 'memory'], ['mem_reservation']]], ['requests.cpu', [['deploy', 'resources', 'reservations', 'cpus']]],
  ];
  return places.flatMap(([name, paths]) => (paths.some((path) => textOf(at(service, ...path)) !== undefined) ? [name] : []));
}

/** `1000`, `1000:1000`, `app`: the name of another user than root is taken as one. */
function userOf(user: string | undefined): { readonly uid?: number; readonly isRefusedAsRoot: boolean } {
  const [name = ''] = (user ?? '').split(':');
  if (name === '' || name.includes('$')) return { isRefusedAsRoot: false };
  return /^\d+$/.test(name) ? { uid: numberOf(Number(name)), isRefusedAsRoot: false } : { uid: name === 'root' ? 0 : undefined, isRefusedAsRoot: name !== 'root' };
}
