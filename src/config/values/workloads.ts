import { bad, good, quote, type Checked, type Fault } from '../kit/checked.js';
import { didYouMean } from '../kit/did-you-mean.js';
import { isLabel, isObjectName, nameFault, nameRule } from './kubernetes-names.js';
import { line } from '../kit/text.js';
import { list } from '../kit/list.js';

export const workloadKinds = ['deployment', 'statefulset', 'daemonset', 'cronjob'] as const;
export type WorkloadKind = (typeof workloadKinds)[number];

export interface WorkloadRef {
  readonly kind: WorkloadKind;
  readonly name: string;
  /** Undefined: every container whose image repository equals `image`. */
  readonly container?: string;
}

/** Short and plural names, as `kubectl api-resources` lists them. */
const aliases: Readonly<Record<string, WorkloadKind>> = {
  deploy: 'deployment', deployments: 'deployment', sts: 'statefulset', statefulsets: 'statefulset',
  ds: 'daemonset', daemonsets: 'daemonset', cj: 'cronjob', cronjobs: 'cronjob',
};
const kindNames: readonly string[] = [...workloadKinds, ...Object.keys(aliases)];
const form = 'Write KIND/NAME or KIND/NAME:CONTAINER, e.g. deployment/api.';

/** One workload, `kind/name[:container]`. Kinds may be written as kubectl allows: `deploy`, `sts`, `ds`, `cj`, plurals, `Deployment`. */
export function parseWorkload(text: string): Checked<WorkloadRef> {
  const slash = text.indexOf('/');
  if (slash < 0) {
    const kind = kindOf(text.split(':')[0] ?? '');
    if (kind) return bad(`has ${quote(text)}, which has no name`, form);
    return bad(`has ${quote(text)}, which has no kind`, isObjectName(text) ? `Did you mean "deployment/${text}"?` : form);
  }
  const kind = kindOf(text.slice(0, slash));
  if (kind === undefined) return unknownKind(text.slice(0, slash));
  const [name = '', container, ...rest] = text.slice(slash + 1).split(':');
  if (!isObjectName(name)) return bad(nameFault(kind, name), name === '' ? form : nameRule);
  if (container === undefined) return good({ kind, name });
  if (rest.length > 0) return bad(`has ${quote(text)}, which has two colons`, 'Write each container on a line of its own.');
  if (!isLabel(container)) return bad(nameFault('container', container), container === '' ? form : nameRule);
  return good({ kind, name, container });
}

function kindOf(text: string): WorkloadKind | undefined {
  const [plain = ''] = text.toLowerCase().split('.apps');
  return workloadKinds.find((kind) => kind === plain) ?? (Object.hasOwn(aliases, plain) ? aliases[plain] : undefined);
}

function unknownKind(text: string): Checked<never> {
  const meant = didYouMean(text, kindNames);
  const known = 'Kinds are deployment, statefulset, daemonset and cronjob.';
  return bad(`has the kind ${quote(text)}, which cannot be rolled out`, meant ? `Did you mean "${meant}"? ${known}` : known);
}

/** `deployment/api`, or `deployment/api:web`. */
export const formatWorkload = (ref: WorkloadRef): string =>
  `${ref.kind}/${ref.name}${ref.container === undefined ? '' : `:${ref.container}`}`;

/** For every workload, the problem if an earlier one already covers it. */
function repeatedWorkloads(refs: readonly WorkloadRef[]): readonly (Fault | undefined)[] {
  const seen = new Map<string, Set<string | undefined>>();
  return refs.map((ref) => {
    const owner = `${ref.kind}/${ref.name}`;
    const containers = seen.get(owner) ?? new Set();
    const twice = containers.has(ref.container);
    const mixed = containers.size > 0 && (ref.container === undefined || containers.has(undefined));
    seen.set(owner, containers.add(ref.container));
    if (twice) return { message: `has ${quote(formatWorkload(ref))} twice`, hint: 'Remove one of them.' };
    const hint = 'Without a container, it means every container that runs the image. Keep one of the two.';
    return mixed ? { message: `names ${quote(owner)} both with a container and without`, hint } : undefined;
  });
}

export const workloadList = list(line(parseWorkload, { expects: 'a workload such as deployment/api' }), {
  expects: 'a list of workloads', separator: ',', mayBeEmpty: true, check: repeatedWorkloads,
});
