import type { ImageName, WorkloadRef } from '../../config/config.js';
import { didYouMean, suggestion } from '../../config/kit/did-you-mean.js';
import { settingText } from '../../outcome/place-words.js';
import type { Cause } from '../../outcome/causes.js';
import { describeProblem, type Problem } from '../../outcome/errors.js';
import type { Finding } from '../../outcome/finding.js';
import { uidOf, type Container, type Workload } from '../../kubernetes/client/objects.js';
import { parseReference, sameRepository } from '../../image/reference.js';
import { containersOf } from '../../kubernetes/observe/workload.js';
import type { ImageChange } from './image-change.js';

/** A workload of the settings with its object in the cluster. */
export interface FoundWorkload {
  readonly ref: WorkloadRef;
  readonly workload: Workload | undefined;
  /** The workloads of all kinds that are there instead, if it does not exist: `deployment/api`. */
  readonly others?: readonly string[];
  /** The containers that run what admission makes of the image that is set: its name is another one than that of the settings. */
  readonly rewritten?: readonly string[];
}

export const refText = (ref: WorkloadRef): string => `${ref.kind}/${ref.name}`;

/** Why a workload cannot be rolled out: it does not exist as the settings name it, or its state does not allow it. */
export interface WorkloadProblem extends Problem {
  readonly cause: Cause;
}

/**
 * Which containers of which workloads get the image. Pure; every problem is reported, not only the first.
 * @param after the reference to set
 * @param paused Deployments that another run has paused, or left paused when it was interrupted: this run waits for it, or resumes them
 */
export function resolveChanges(
  found: readonly FoundWorkload[], image: ImageName, after: string, namespace: string, paused: ReadonlySet<string>,
): { changes: ImageChange[]; problems: WorkloadProblem[] } {
  const problems: WorkloadProblem[] = [];
  const changes = new Map<string, ImageChange>();
  for (const { ref, workload, others, rewritten } of found) {
    const where = `workload ${refText(ref)}`;
    if (!workload) {
      problems.push(missingWorkload({ ref, others }, namespace));
      continue;
    }
    const containers = chosenContainers({ ref, workload, rewritten }, image);
    if (containers.length === 0) {
      problems.push(noContainer(ref, workload, image, where));
      continue;
    }
    const refused = refusal(ref, workload, paused);
    if (refused) problems.push({ cause: 'not-deployable', where, ...refused });
    const known = changes.get(refText(ref));
    const more = containers.filter(({ name }) => !known?.containers.some((other) => other.name === name)).map((each) => ({ ...each, after }));
    changes.set(refText(ref), {
      ref: refText(ref), kind: ref.kind, name: ref.name, uid: uidOf(workload), containers: [...(known?.containers ?? []), ...more],
    });
  }
  return { changes: [...changes.values()], problems };
}

/** A workload that does not exist, with the one that was probably meant. */
export const missingWorkload = ({ ref, others = [] }: Pick<FoundWorkload, 'ref' | 'others'>, namespace: string): WorkloadProblem => ({
  cause: 'config-invalid', where: `workload ${refText(ref)}`, message: `does not exist in namespace ${namespace}`,
  hint: meantInstead(ref, others) ?? `\`kubectl get ${ref.kind} --namespace=${namespace}\` lists the existing ones.`,
});

/** The same name with another kind was meant before a similar name, and a similar name of this kind before one of another. */
function meantInstead({ kind, name }: WorkloadRef, others: readonly string[]): string | undefined {
  const nameIn = (other: string): string => other.slice(other.indexOf('/') + 1);
  const near = (some: readonly string[]): string | undefined => {
    const meant = didYouMean(name, some.map(nameIn));
    return some.find((other) => nameIn(other) === meant);
  };
  const meant = others.find((other) => nameIn(other) === name) ?? near(others.filter((other) => other.startsWith(`${kind}/`))) ?? near(others);
  return meant === undefined ? undefined : `Did you mean "${meant}"?`;
}

export const asFinding = (problem: WorkloadProblem): Finding =>
  ({ cause: problem.cause, message: describeProblem({ ...problem, hint: undefined }), hint: problem.hint });

/** The containers of a workload that get the image: the one that is named, or those that run an image of the repository. */
export function chosenContainers({ ref, workload, rewritten = [] }: FoundWorkload, image: ImageName): { name: string; before: string }[] {
  if (!workload) return [];
  const applied = appliedImages(ref, workload);
  const isOf = ({ name = '', image: now }: Container): boolean => [now, applied.get(name)].some((known) => sameRepository(known ?? '', image)) || rewritten.includes(name);
  return containersOf(ref.kind, workload)
    .filter(({ container }) => (ref.container === undefined ? isOf(container) : container.name === ref.container))
    .map(({ container }) => ({ name: container.name ?? '', before: container.image ?? '' }));
}

/**
 * Container name → image as it was applied by kubectl: admission may have rewritten it to another registry.
 * https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-last-applied-configuration
 */
function appliedImages({ kind }: WorkloadRef, { metadata }: Workload): ReadonlyMap<string | undefined, string> {
  try {
    // Not validated: anyone can write this annotation, and whatever is not a workload contains no images.
    const applied = JSON.parse(metadata?.annotations?.['kubectl.kubernetes.io/last-applied-configuration'] ?? '') as Workload;
    return new Map(containersOf(kind, applied).map(({ container }) => [container.name, String(container.image ?? '')]));
  } catch {
    return new Map();
  }
}

function noContainer(ref: WorkloadRef, workload: Workload, image: ImageName, where: string): WorkloadProblem {
  const containers = containersOf(ref.kind, workload).map(({ container }) => container);
  const all = containers.map((container) => `${container.name} (${container.image})`).join(', ');
  if (ref.container !== undefined) {
    return {
      cause: 'config-invalid', where, message: `has no container ${ref.container}; it has ${all}`,
      hint: suggestion(ref.container, containers.flatMap(({ name }) => name ?? []), 'Write the name of one of its containers.'),
    };
  }
  const byName = `write ${refText(ref)}:CONTAINER to choose a container by its name.`;
  const meant = meantRepository(image, containers);
  return {
    cause: 'config-invalid', where, message: `has no container with an image of ${image}; it has ${all}`,
    hint: meant === undefined ? `Check ${settingText('image')}, or ${byName}` : `Did you mean "${meant}"? If not, ${byName}`,
  };
}

/** Folder and last part are compared separately: in one registry, images of the same owner differ in few letters only. */
function meantRepository(image: ImageName, containers: readonly Container[]): string | undefined {
  const split = (name: string): { folder: string; last: string } => {
    const slash = name.lastIndexOf('/');
    return { folder: name.slice(0, slash + 1), last: name.slice(slash + 1) };
  };
  const given = split(image);
  const isNear = ({ folder, last }: { folder: string; last: string }): boolean =>
    didYouMean(given.last, [last]) !== undefined && didYouMean(given.folder, [folder]) !== undefined;
  return containers.flatMap((container) => parseReference(container.image ?? '')?.name ?? []).find((name) => isNear(split(name)));
}

function refusal(ref: WorkloadRef, workload: Workload, paused: ReadonlySet<string>): { message: string; hint: string } | undefined {
  if ((ref.kind === 'statefulset' || ref.kind === 'daemonset') && workload.spec?.updateStrategy?.type === 'OnDelete') {
    return {
      message: 'has the update strategy OnDelete, with which Kubernetes does not replace its pods',
      hint: 'Set spec.updateStrategy.type to RollingUpdate.',
    };
  }
  if (ref.kind === 'deployment' && workload.spec?.paused && !paused.has(refText(ref))) {
    return { message: 'is paused, so it would never be rolled out', hint: `Find out who paused it and why. \`kubectl rollout resume ${refText(ref)}\` resumes it.` };
  }
  return undefined;
}
