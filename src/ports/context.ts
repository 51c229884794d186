import type { Ports } from './ports.js';
import type { RunFacts } from './run-facts.js';

/** One run of one action: who it is, and the world in which it does its work. What it was asked to do stands in the settings. */
export interface Context {
  readonly ports: Ports;
  readonly facts: RunFacts;
  /** Tells this run from every other one; the post step of the same run has the same. */
  readonly id: string;
  /**
   * Private folder (0700) for the socket, the kubeconfig, secrets, and the record of a target that can keep none. The post step
   * of the same run has the same, and removes it; at a terminal the run itself does.
   */
  readonly folder: string;
  /** Whether a post step follows that can finish what is left. */
  readonly hasPost: boolean;
}
