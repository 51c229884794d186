import { workloadKinds, type WorkloadKind } from '../../config/config.js';
import type { KubeObject, PodTemplate } from '../client/objects.js';

/** The labels of the pods that an object makes, or is; undefined for one that makes none. */
export function podLabelsOf(object: KubeObject): Readonly<Record<string, string>> | undefined {
  if (object.kind === 'Pod') return object.metadata?.labels as Readonly<Record<string, string>> | undefined ?? {};
  const { spec } = object as { readonly spec?: Making & { readonly jobTemplate?: { readonly spec?: Making } } };
  const template = object.kind === 'CronJob' ? spec?.jobTemplate?.spec?.template : makers.has(object.kind ?? '') ? spec?.template : undefined;
  return template && ((template.metadata?.labels ?? {}) as Readonly<Record<string, string>>);
}

interface Making { readonly template?: PodTemplate }

const makers: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job']);

/** Whether labels fit `a=b,c=d`. */
export const fits = (labels: Readonly<Record<string, string>>, selector: string): boolean =>
  selector.split(',').every((part) => {
    const [name = '', value = ''] = part.split(/={1,2}(.*)/s);
    return labels[name.trim()] === value.trim();
  });

/** The kind of a workload as the settings name it; undefined for anything else. */
export const workloadKindOf = ({ kind = '' }: KubeObject): WorkloadKind | undefined => workloadKinds.find((each) => each === kind.toLowerCase());
