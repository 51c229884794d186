/** Runs programs. Arguments are arrays: no string from outside ever reaches a shell through here. */
export interface ProcessRunner {
  /**
   * Runs a program to its end. Resolves with whatever exit code it had; rejects with CommandError only when it could
   * not be started, or was killed by `timeoutMs`; rejects with the signal's reason when `signal` aborts it.
   */
  run(command: Command): Promise<Exited>;
  /** Starts a program that runs until it is stopped or this process is gone, for whatever reason: `kubectl proxy`. */
  start(command: Command): Running;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /**
   * Added to the environment of this process. Programs never get the action's own variables (inputs, state, tokens of the
   * runner); undefined removes a name.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  /** Called for each complete line as it comes. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Kills the whole process group: SIGTERM, and SIGKILL 2 s later. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface Exited {
  readonly code: number;
  /** At most the last 1 MiB of each. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number | undefined;
  /** Resolves when the program ends, however it ended. Rejects when it could not be started. */
  readonly exited: Promise<Exited>;
  stop(): Promise<void>;
}
