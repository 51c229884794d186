/** The few things that are done with files. Paths are absolute or relative to the working directory. */
export interface Files {
  /** Undefined when there is no such file. Throws on any other trouble (a directory, no permission). */
  readText(path: string): Promise<string | undefined>;
  /** The path with all its links followed; undefined when nothing is there. Throws on any other trouble. */
  realPath(path: string): Promise<string | undefined>;
  /** True for a regular file that this process may execute; false for anything else. */
  isExecutable(path: string): Promise<boolean>;
  /** `mode` defaults to 0644. Written beside and renamed into place. */
  writeText(path: string, text: string, mode?: number): Promise<void>;
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
