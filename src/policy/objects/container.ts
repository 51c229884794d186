import type { Path, PolicyObject } from '../input.js';

/** How a container of a pod, or a service of a compose file, is seen by the rules. */
export interface Container {
  readonly name: string;
  /** Of the container in the object. */
  readonly path: Path;
  /** `init` runs before the others and ends; `sidecar` is an init container that keeps running. */
  readonly role: 'app' | 'init' | 'sidecar';
  /** Whether the run sets its image, or may do so. */
  readonly isDeployed: boolean;
  /** Empty when it is only built. */
  readonly image: string;
  /** Where the image is written. */
  readonly imagePath: Path;
  /** As Kubernetes calls it; undefined for its default. */
  readonly pullPolicy?: string;
  /** In their order. */
  readonly variables: readonly Variable[];
  /** In their order, before the variables. */
  readonly sources: readonly Source[];
  /** Command and arguments. */
  readonly words: readonly { readonly text: string; readonly path: Path }[];
  readonly probes: ReadonlySet<string>;
  /** Whether it declares a port. */
  readonly hasPorts: boolean;
  /** `requests.cpu`, `limits.memory`: those that it has. */
  readonly resources: ReadonlySet<string>;
  readonly user: User;
}

/** An environment variable of a container. */
export interface Variable {
  readonly name: string;
  /** In the template; it may refer to others as `$(NAME)`. */
  readonly value?: string;
  /** Where the value comes from instead: a key of an object, or `other`: a field of the pod. */
  readonly from?: { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string; readonly key: string; readonly optional: boolean } | 'other';
  readonly path: Path;
}

/** All keys of an object as variables. */
export interface Source {
  /** `other`: a file whose content is not read. */
  readonly kind: 'ConfigMap' | 'Secret' | 'other';
  readonly name: string;
  readonly prefix: string;
  readonly path: Path;
}

/** As which user it runs, as far as the template says it. */
export interface User {
  /** The kubelet refuses to start it as root. */
  readonly isRefusedAsRoot: boolean;
  /** Undefined: the one of the image. */
  readonly uid?: number;
  readonly path: Path;
}

/** An object with its containers, and what rules need of it besides. */
export interface Workload {
  readonly object: PolicyObject;
  /** `Deployment`, `CronJob`; `service` of a compose file. */
  readonly kind: string;
  /** Of its pods. */
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly Container[];
  /** Where its pod template is. */
  readonly template: Path;
  readonly isWindows: boolean;
}
