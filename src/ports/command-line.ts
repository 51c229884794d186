/** One flag of a command of the terminal. */
export interface Flag {
  readonly name: string;
  /** What follows it: `FILE`; undefined for a switch. */
  readonly value?: string;
  readonly description: string;
  readonly default?: string;
  /** The heading under which the help lists it. */
  readonly group: string;
  /** May stand alone: `--dry-run` means `--dry-run=true`. */
  readonly isBoolean?: boolean;
  /** Its value is a secret, which the process list would show, so it is only taken from the environment. */
  readonly fromEnvironmentOnly?: boolean;
}

/** What each command does, in a sentence, its flags, and how it is used: without the name of the program. */
export type CommandTable<Name extends string = string> = Readonly<Record<Name, {
  readonly description: string;
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
}>>;
