/** The few things that are done with files. Paths are absolute or relative to the working directory. */
export interface Files {
  /** Absolute. */
  readonly workingDirectory: string;
  /** Undefined when there is no such file. Throws on any other trouble (a directory, no permission). */
  readText(path: string): Promise<string | undefined>;
  /** The first bytes of a file, fewer when it is shorter; undefined when there is no such file. */
  readStart(path: string, bytes: number): Promise<Uint8Array | undefined>;
  /** The path with all its links followed; undefined when nothing is there. Throws on any other trouble. */
  realPath(path: string): Promise<string | undefined>;
  /** What a symbolic link says, whether that is there or not; undefined for anything else. */
  linkTarget(path: string): Promise<string | undefined>;
  /** True for a regular file that this process may execute; false for anything else. */
  isExecutable(path: string): Promise<boolean>;
  /** `mode` defaults to 0644. Written beside and renamed into place. */
  writeText(path: string, text: string, mode?: number): Promise<void>;
  /** SHA-256 of a file, in hexadecimal digits; undefined when it cannot be read. */
  sha256(path: string): Promise<string | undefined>;
  /**
   * Writes what comes, with the folders above, and puts it in place only when it has this SHA-256. Rejects also with what
   * `pieces` rejects with.
   * @returns the SHA-256 that it has
   */
  writeVerified(path: string, pieces: AsyncIterable<Uint8Array>, sha256: string, mode: number): Promise<string>;
  /** Makes `path` a symbolic link to `target`, which need not exist. */
  link(target: string, path: string): Promise<void>;
  /** A new private folder (0700), removed by `remove`: below the folder of the run, once there is one. Throws a DeployError config-invalid. */
  temporaryFolder(): Promise<string>;
  /**
   * A new private folder (0700) whose path has at most so many bytes, for a socket; removed by `remove`, or when this process ends.
   * Throws a DeployError config-invalid where there is none.
   */
  shortFolder(maxBytes: number): Promise<string>;
  remove(path: string): Promise<void>;
}
