import type { Config } from '../config/config.js';
import type { ActionName } from '../outcome/action.js';
import type { Ports } from '../ports/ports.js';
import type { RunFacts } from '../ports/run-facts.js';

/** One run of one action: what it was asked to do, and the world it does it in. */
export interface Run {
  readonly action: ActionName;
  readonly ports: Ports;
  readonly config: Config;
  readonly facts: RunFacts;
  /** Tells this run from every other one; the post step of the same run has the same. */
  readonly id: string;
  /** Private folder (0700) for the socket, the kubeconfig and secrets. Whoever made it removes it. */
  readonly folder: string;
  /** Start of the run: monotonic ms, and ms since 1970. */
  readonly startedAt: number;
  readonly startedAtWall: number;
  /** Whether a post step follows that can finish what is left. */
  readonly hasPost: boolean;
  /** Keeps a value for the post step. */
  keep(name: string, value: string): Promise<void>;
}

/** Names under which a main step keeps what its post step needs. */
export const kept = {
  /** Id of the run while a release has been begun and not been finished; empty otherwise. */
  release: 'release',
} as const;

export const msSince = (run: Run): number => Math.round(run.ports.clock.monotonic() - run.startedAt);

/** The reference `name:tag@digest`, or without tag when there is none. */
export const deployReference = (image: string, tag: string | undefined, digest: string): string => `${image}${tag === undefined ? '' : `:${tag}`}@${digest}`;
