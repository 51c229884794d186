/** What only `setup` does to the machine of a job. */
export interface Toolbox {
  /** Unpacks a .tar.gz into a folder, which is created. */
  unpack(archive: string, folder: string): Promise<void>;
  /** Puts a folder first on PATH, for this process and all later steps of the job. */
  addPath(folder: string): void;
  /** Sets an environment variable, for this process and all later steps of the job. */
  setVariable(name: string, value: string): void;
}
