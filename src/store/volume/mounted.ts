import type { Pipe } from '../../ports/pipe.js';

/** A volume in reach of scripts. It is given by whoever knows the cluster. */
export interface MountedVolume {
  /** `the pod api-volume-1a2b3c4d5e-x7x2k`. */
  readonly words: string;
  /** Where the volume is mounted. */
  readonly folder: string;
  /**
   * Starts `sh -c script` there; `args` are its $1, $2, …. The exit code of the pipe proves nothing: `kubectl exec` also ends with 0
   * when its connection broke.
   */
  start(script: string, args: readonly string[], signal?: AbortSignal): Pipe;
  close(): Promise<void>;
}

/**
 * Mounts a PersistentVolumeClaim of the cluster.
 * @param image of the pod that mounts it; undefined: a usual one
 * @throws DeployError when that is not possible
 */
export type MountVolume = (claim: string, image: string | undefined, signal: AbortSignal) => Promise<MountedVolume>;
