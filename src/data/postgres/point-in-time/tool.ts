import type { Archiving } from './archiving.js';

/*
 * A tool that archives the WAL, as a backup sees it. It is recognized by the command with which the server archives; what it says of itself
 * is read by its own program, where the server is. Each is a file beside this one, tested with recordings of its output.
 */

export interface PointInTimeTool {
  readonly name: string;
  /** Its commands, if the server archives with it. */
  of(archiving: Archiving): ToolCommands | undefined;
}

export interface ToolCommands {
  /** Prints what backups there are; undefined where no program of the database can be asked. */
  readonly list?: readonly string[];
  /** Makes one. */
  readonly trigger?: readonly string[];
  /** How a person recovers to a moment; `TIME` is to be replaced. */
  readonly recover: string;
  /** When the first of its backups was complete, ms since 1970, and up to which WAL segment its archive reaches, if it says so. @throws JsonError */
  backups?(printed: string, archiving: Archiving): { readonly firstAt?: number; readonly lastAt?: number; readonly lastWal?: string };
}

/** The words of a command; undefined for one that only a shell understands. */
export function plainWords(command: string): readonly string[] | undefined {
  const words = [...command.matchAll(/"([^"\\$`]*)"|'([^']*)'|[^\s"']+/g)].map(([word, double, single]) => double ?? single ?? word);
  return /[;&|<>()$`\\*?#~]/.test(command.replace(/%%/g, '')) ? undefined : words;
}
