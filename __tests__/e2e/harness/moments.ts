import { eventually } from './environment.js';
import type { Space } from './namespace.js';

/** Something that is done once, in the middle of a run. */
export interface Moment {
  /** For `onLine` of the run. */
  readonly onLine: (line: string) => void;
  /** Resolves when it is done; throws when it never came to it. */
  readonly done: () => Promise<void>;
}

/** The command that sets the images is printed just before it is run: everything has been checked by then. */
export const aboutToChange = (line: string): boolean => line.includes('[command]kubectl') && line.includes(' set image ');
/** The images are set, and the first pods are looked at. */
export const rollingOut = (line: string): boolean => /^rollout +(deployment|statefulset|daemonset)\//.test(line);
/** Its first pods are created, and the Deployment is held meanwhile; asked of the cluster, as no line of the log says it. */
export const held = (space: Space, name = 'web'): Promise<unknown> =>
  eventually(`deployment/${name} is held`, async () => (await space.get('Deployment', name)).spec.paused === true, 240_000);
/** The controllers have finished, and the new version has not been proven yet. */
export const rolledOut = (line: string): boolean => line.startsWith('rolled out in ');

/** Acts at the first line of output for which `at` holds. */
export function once(at: (line: string) => boolean, act: () => Promise<unknown>): Moment {
  let acting: Promise<unknown> | undefined;
  return {
    onLine: (line) => {
      if (at(line)) acting ??= act();
    },
    done: async () => {
      if (!acting) throw new Error('the moment never came');
      await acting;
    },
  };
}
