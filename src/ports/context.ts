import type { Ports } from './ports.js';
import type { RunFacts } from './run-facts.js';

/** One run of one action: its identity and its surroundings. What it does is in the settings. */
export interface Context {
  readonly ports: Ports;
  readonly facts: RunFacts;
  /** Unique to this run; the post step of the same run has the same id. */
  readonly id: string;
  /**
   * Private folder (0700) for the socket, the kubeconfig, secrets, and the record of a target that cannot keep one. The post
   * step of the same run uses and removes it; in a terminal the run itself removes it.
   */
  readonly folder: string;
  /** Whether a post step follows that can finish what is left. */
  readonly hasPost: boolean;
}
