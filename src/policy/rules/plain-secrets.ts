import { hasLogin, isPlainSecret, isReference } from '../../config/plain-secret.js';
import { secretsInWords } from '../../config/secret-words.js';
import { settingText } from '../../outcome/place-words.js';
import { sourceKey, type EnvSource, type Path, type PolicyFacts, type PolicyObject } from '../input.js';
import { at, recordOf, textOf } from '../objects/read.js';
import { containersIn, type Placed } from '../objects/workloads.js';
import { containerStart, inContainer, type Found, type Rule } from '../rule.js';

export const plainSecrets: Rule = {
  fix: 'Move the value into a Secret and refer to it with `valueFrom.secretKeyRef`; in compose, take it from the environment with `${NAME}`. Replace the secret: it is readable in the cluster, and in the history of the repository if the file is there.',
  check: ({ objects, workloads, facts }) => [
    ...containersIn(workloads).flatMap((placed) => [...inVariables(placed), ...inWords(placed), ...inConfigMaps(placed, facts)]),
    ...objects.flatMap(inFile), ...inBuildArgs(facts),
  ],
};

const inVariables = ({ workload, container }: Placed): Found[] => container.variables.flatMap(({ name, value, path }) =>
  (value !== undefined && isPlainSecret(name, value)
    ? [{ ...inContainer(workload, container, path), item: name, message: `${containerStart(workload, container)} has what looks like a secret in plain text in its variable ${name}.` }] : []));

/** An option and its value may be two words, so all are read together. */
function inWords({ workload, container }: Placed): Found[] {
  const words = container.words.filter(({ text }) => !isReference(text));
  const secrets = secretsInWords(words.map(({ text }) => text), isPlainSecret).filter((secret) => !isReference(secret));
  const found = words.find(({ text }) => secrets.some((secret) => text.includes(secret)) || hasLogin(text));
  return found === undefined ? [] : [{
    ...inContainer(workload, container, found.path), item: 'command', message: `${containerStart(workload, container)} has what looks like a secret in plain text in its command.`,
  }];
}

function inConfigMaps({ container }: Placed, { sources }: PolicyFacts): Found[] {
  const named = [
    ...container.sources.flatMap(({ kind, name }) => (kind === 'ConfigMap' ? [name] : [])),
    ...container.variables.flatMap(({ from }) => (typeof from === 'object' && from.kind === 'ConfigMap' ? [from.name] : [])),
  ];
  return [...new Set(named)].flatMap((name) => inConfigMap(`configmap/${name}`, sources.get(sourceKey('ConfigMap', name))));
}

const inConfigMap = (subject: string, source: EnvSource | undefined): Found[] => (source?.state === 'read'
  ? Object.entries(source.values).flatMap(([key, value]) => (value !== undefined && isPlainSecret(key, value)
    ? [{ subject, item: key, message: `The ConfigMap ${subject.slice(subject.indexOf('/') + 1)} has what looks like a secret in plain text in its key ${key}.` }] : [])) : []);

/** Objects of a file that hold values themselves. In a cluster, a Secret is the right place, and a ConfigMap is read by its name. */
function inFile(object: PolicyObject): Found[] {
  if (object.origin.kind !== 'file' || object.form !== 'kubernetes') return [];
  const kind = textOf(at(object.object, 'kind'));
  const entries = (field: string): (readonly [string, string, Path])[] => Object.entries(recordOf(at(object.object, field))).flatMap(([key, value]) => {
    const text = textOf(value);
    return text === undefined || text === '' || isReference(text) ? [] : [[key, text, [field, key]] as const];
  });
  const found = (key: string, path: Path, message: string): Found => ({ subject: object.subject, item: key, object, path, message });
  if (kind === 'ConfigMap') {
    return entries('data').filter(([key, value]) => isPlainSecret(key, value)).map(([key, , path]) => found(key, path, `${object.subject} has what looks like a secret in plain text in its key ${key}.`));
  }
  if (kind !== 'Secret' || at(object.object, 'sops') !== undefined) return [];
  return [...entries('stringData'), ...entries('data')].map(([key, , path]) => found(key, path, `${object.subject} has the value of its key ${key} in the file, which is not encrypted.`));
}

const inBuildArgs = ({ buildArgs }: PolicyFacts): Found[] => Object.entries(buildArgs).flatMap(([name, value]) => (isPlainSecret(name, value) ? [{
  subject: 'build-args', item: name, message: `The build argument ${name} looks like a secret, and can be read from the image.`,
  fix: `Pass it as one of ${settingText('build-secrets')}, and mount it in the Dockerfile with \`RUN --mount=type=secret\`.`,
}] : []));
