import type { Path, PolicyObject } from '../input.js';
import type { Container, Source, User, Variable, Workload } from './container.js';
import { at, flagOf, listOf, numberOf, recordOf, textOf, textsOf } from './read.js';

/** Where the pod template of a kind is. */
const templates: Readonly<Record<string, Path>> = {
  Deployment: ['spec', 'template'], StatefulSet: ['spec', 'template'], DaemonSet: ['spec', 'template'], ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'], Job: ['spec', 'template'], CronJob: ['spec', 'jobTemplate', 'spec', 'template'], Pod: [],
};

/** A Kubernetes object as its containers; undefined for a kind without pods. */
export function podsOf(given: PolicyObject): Workload | undefined {
  const kind = textOf(at(given.object, 'kind')) ?? '';
  const template = Object.hasOwn(templates, kind) ? templates[kind] : undefined;
  if (template === undefined) return undefined;
  const spec = at(given.object, ...template, 'spec');
  const path = [...template, 'spec'];
  const user: PodUser = { ...userOf(at(spec, 'securityContext')), path: [...path, 'securityContext'] };
  const containers = (field: string): Container[] => listOf(at(spec, field)).map((each, index) =>
    containerOf(each, { path: [...path, field, index], isInit: field === 'initContainers', user, deployed: given.deployed }));
  return {
    object: given, kind, template, labels: textsOf(at(given.object, ...template, 'metadata', 'labels')),
    containers: [...containers('initContainers'), ...containers('containers')],
    isWindows: textOf(at(spec, 'os', 'name')) === 'windows',
  };
}

/** What a security context says of the user. */
interface PodUser {
  readonly uid?: number;
  readonly nonRoot?: boolean;
  readonly path: Path;
}

interface Place {
  readonly path: Path;
  readonly isInit: boolean;
  /** Of the pod. */
  readonly user: PodUser;
  readonly deployed: ReadonlySet<string> | undefined;
}

function containerOf(given: unknown, { path, isInit, user, deployed }: Place): Container {
  const name = textOf(at(given, 'name')) ?? '';
  return {
    name, path, isDeployed: deployed?.has(name) ?? true,
    // https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
    role: !isInit ? 'app' : textOf(at(given, 'restartPolicy')) === 'Always' ? 'sidecar' : 'init',
    image: textOf(at(given, 'image')) ?? '', imagePath: [...path, 'image'], pullPolicy: textOf(at(given, 'imagePullPolicy')),
    variables: listOf(at(given, 'env')).map((each, index) => variableOf(each, [...path, 'env', index])),
    sources: listOf(at(given, 'envFrom')).flatMap((each, index) => sourceOf(each, [...path, 'envFrom', index])),
    words: ['command', 'args'].flatMap((field) => listOf(at(given, field)).map((word, index) => ({ text: textOf(word) ?? '', path: [...path, field, index] }))),
    probes: new Set(['readiness', 'liveness', 'startup'].filter((probe) => at(given, `${probe}Probe`) !== undefined && at(given, `${probe}Probe`) !== null)),
    hasPorts: listOf(at(given, 'ports')).length > 0,
    resources: new Set(['requests', 'limits'].flatMap((of) => Object.keys(recordOf(at(given, 'resources', of))).map((resource) => `${of}.${resource}`))),
    user: ownUser(at(given, 'securityContext'), user, path),
  };
}

function variableOf(given: unknown, path: Path): Variable {
  const name = textOf(at(given, 'name')) ?? '';
  const from = at(given, 'valueFrom');
  if (from === undefined || from === null) return { name, value: textOf(at(given, 'value')) ?? '', path };
  for (const [kind, field] of [['ConfigMap', 'configMapKeyRef'], ['Secret', 'secretKeyRef']] as const) {
    const source = at(from, field);
    const [of, key] = [textOf(at(source, 'name')), textOf(at(source, 'key'))];
    if (of !== undefined && key !== undefined) return { name, from: { kind, name: of, key, optional: flagOf(at(source, 'optional')) ?? false }, path };
  }
  return { name, from: 'other', path };
}

function sourceOf(given: unknown, path: Path): Source[] {
  const prefix = textOf(at(given, 'prefix')) ?? '';
  return ([['ConfigMap', 'configMapRef'], ['Secret', 'secretRef']] as const).flatMap(([kind, field]) => {
    const name = textOf(at(given, field, 'name'));
    return name === undefined ? [] : [{ kind, name, prefix, path }];
  });
}

const userOf = (context: unknown): Omit<PodUser, 'path'> =>
  ({ uid: numberOf(at(context, 'runAsUser')), nonRoot: flagOf(at(context, 'runAsNonRoot')) });

/** What a container sets wins over what its pod sets. https://kubernetes.io/docs/tasks/configure-pod-container/security-context/ */
function ownUser(context: unknown, ofPod: PodUser, path: Path): User {
  const own = userOf(context);
  const isOwn = own.uid !== undefined || own.nonRoot !== undefined;
  return {
    uid: own.uid ?? ofPod.uid, isRefusedAsRoot: own.nonRoot ?? ofPod.nonRoot ?? false,
    path: isOwn || ofPod.uid === undefined ? [...path, 'securityContext'] : ofPod.path,
  };
}
