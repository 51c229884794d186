import { stat } from 'node:fs/promises';
import { CommandError } from '../outcome/errors.js';
import { placeWords } from '../outcome/place-words.js';
import type { Command } from '../ports/process.js';

/** Why a program could not be started, and what to do. */
export async function notStarted(command: Pick<Command, 'program' | 'cwd'>, error: NodeJS.ErrnoException): Promise<CommandError> {
  const { program, cwd } = command;
  // Node reports a missing folder as if the program were missing.
  if (error.code === 'ENOENT' && cwd !== undefined && !(await isFolder(cwd))) {
    return new CommandError('config-invalid', `${program} could not be started in ${cwd}: the folder does not exist.`,
      { hint: 'Check the path: it is relative to the workspace, and the repository must be checked out.', cause: error });
  }
  // Node's own message quotes the value, which may be a secret.
  const tooMuch: Readonly<Record<string, string>> = {
    E2BIG: `${program} could not be started: its arguments and environment are larger than the system allows.`,
    ERR_INVALID_ARG_VALUE: `${program} could not be started: an argument or a variable of its environment contains a NUL character.`,
  };
  const settings = tooMuch[error.code ?? ''];
  if (settings !== undefined) {
    return new CommandError('config-invalid', settings, {
      hint: 'Check the settings, and the environment of the run.', cause: error.code === 'E2BIG' ? error : undefined,
    });
  }
  const absent: Readonly<Record<string, string>> = {
    ENOENT: program.includes('/') ? `${program} does not exist.` : `${program} is not installed, or not on PATH.`,
    EACCES: `${program} is not executable for this user.`,
  };
  return new CommandError('tool-missing', absent[error.code ?? ''] ?? `${program} could not be started: ${error.message}.`, {
    hint: placeWords().install(program), cause: error,
  });
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isDirectory(), () => false);
}
