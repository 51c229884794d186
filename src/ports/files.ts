/** File operations. Paths are absolute or relative to the working directory. */
export interface Files {
  /** Absolute. */
  readonly workingDirectory: string;
  /** Undefined when there is no such file. Throws on any other error (a directory, no permission). */
  readText(path: string): Promise<string | undefined>;
  /** The first bytes of a file, fewer when it is shorter; undefined when there is no such file. */
  readStart(path: string, bytes: number): Promise<Uint8Array | undefined>;
  /** The path with all links resolved; undefined when it does not exist. Throws on any other error. */
  realPath(path: string): Promise<string | undefined>;
  /** The target of a symbolic link, whether it exists or not; undefined for anything else. */
  linkTarget(path: string): Promise<string | undefined>;
  /** The names in a folder; undefined when it is no folder, or cannot be read. */
  namesIn(folder: string): Promise<readonly string[] | undefined>;
  /** True for a regular file that this process can execute; false for anything else. */
  isExecutable(path: string): Promise<boolean>;
  /** `mode` defaults to 0644. Written to a temporary file and renamed into place; a pipe or a device is written to. */
  writeText(path: string, text: string, mode?: number): Promise<void>;
  /** SHA-256 of a file, in hexadecimal digits; undefined when it cannot be read. */
  sha256(path: string): Promise<string | undefined>;
  /**
   * Writes the pieces, creating missing folders, and renames the file into place only when it has this SHA-256. Also rejects
   * with what `pieces` rejects with.
   * @returns the actual SHA-256
   */
  writeVerified(path: string, pieces: AsyncIterable<Uint8Array>, sha256: string, mode: number): Promise<string>;
  /** Makes `path` a symbolic link to `target`, which need not exist. */
  link(target: string, path: string): Promise<void>;
  /** A new private folder (0700), removed by `remove`: below the folder of the run, once there is one. Throws a DeployError config-invalid. */
  temporaryFolder(): Promise<string>;
  /**
   * A new private folder (0700) whose path has at most so many bytes, for a socket; removed by `remove`, or when this process ends.
   * Throws a DeployError config-invalid if none can be created.
   */
  shortFolder(maxBytes: number): Promise<string>;
  remove(path: string): Promise<void>;
}
