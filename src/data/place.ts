import type { Sidecar } from '../kubernetes/job/sidecar.js';
import type { Pipe } from '../ports/pipe.js';

/**
 * Where the programs of a database run: a container of a pod, a service of compose, or this machine. Everything that is done to a
 * database is a script of the project that is started there.
 */
export interface Place {
  /** `container postgresql of pod postgresql-0`, `service db`, `this machine`. */
  readonly words: string;
  /** The image of the container, `name@sha256:…` where it is known; undefined on this machine. */
  readonly image?: string;
  /**
   * Starts `sh -c script` there; `args` are its $1, $2, …, and are visible to others. Nothing else reaches the command line.
   *
   * Each of `secrets` is written as one line to its input before anything else: the script reads them with `IFS= read -r`. They must
   * not contain a line break. What is written to the pipe follows. When this process is gone, the script reads the end of its input: one
   * that must not outlive it watches for that.
   *
   * The exit code of the pipe proves nothing: `kubectl exec` also ends with 0 when its connection broke. The script prints what proves it.
   */
  start(script: string, options: StartOptions): Pipe;
  /** The command of `start` as a person would type it, for plans and hints. */
  typed(command: readonly string[]): string;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly secrets?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * A place with an empty disk and no network, with the same programs as the database has: a backup is restored there to see that it can
 * be. `close` removes it with all data in it; so does the end of this process, whatever ends it.
 */
export interface ScratchPlace extends Place {
  /** A folder for data, which only this place can read. */
  readonly folder: string;
  close(): Promise<void>;
}

/** What is known of how an app reaches its database. */
export interface CopyWish {
  /** Of the data. */
  readonly bytes: number;
  /** On which the server listens. */
  readonly serverPort: number;
  /** Names beyond those that are found. */
  readonly hosts: readonly string[];
  /** Undefined: the one that is found. */
  readonly port?: number;
}

/** A place for a copy of a database, which is there while a command runs. */
export interface CopyPlace {
  /** On which the copy must listen, with these addresses, all of which are of its own pod. */
  readonly port: number;
  readonly addresses: readonly string[];
  /** The names that lead to it. */
  readonly hosts: readonly string[];
  /** @param use called once each, with the place while it is there */
  sidecar(use: CopyUse): Sidecar;
}

export interface CopyUse {
  readonly timeoutMs: number;
  prepare(place: ScratchPlace, signal: AbortSignal): Promise<void>;
  /** The command has ended. */
  conclude(signal: AbortSignal): Promise<void>;
}

/** How a database is reached. */
export interface Reach {
  readonly place: Place;
  /**
   * Opens a scratch place for data of this size, and removes what earlier runs of the app have left behind.
   * @throws DeployError when none can be had, with what to do
   */
  scratch(signal: AbortSignal, bytes: number): Promise<ScratchPlace>;
  /**
   * Where a copy of the database can run beside a command that reaches it instead of the database, and nobody else does. Undefined where
   * the database is not reached in a pod. Reads only.
   * @throws DataError with what is missing
   */
  besideCommand?(wish: CopyWish, signal: AbortSignal): Promise<CopyPlace>;
  close?(): Promise<void>;
}
