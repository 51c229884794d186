import type { Pipe } from '../../ports/pipe.js';
import type { DataError } from '../error.js';
import type { DataContext, Login } from '../engine.js';
import type { Place } from '../place.js';
import * as scripts from '../script/run.js';
import { explain } from './explain.js';
import { environmentOf, sessionName } from './login.js';
import { preamble } from './shell.js';

/** A database, as scripts reach it. */
export interface At {
  readonly context: DataContext;
  readonly place: Place;
  readonly login: Login;
}

/** Starts a script at the place of a database, with what its programs need to log in. */
export function startScript({ context, place, login }: At, script: string, args: readonly string[], signal: AbortSignal): Pipe {
  return place.start(preamble + script, {
    args: [...environmentOf(login, sessionName(context)), '--', ...args], secrets: [login.password ?? ''], signal,
  });
}

export const shellOf = (at: At): scripts.Shell => ({
  context: at.context, place: at.place, start: (script, args, signal) => startScript(at, script, args, signal),
  explain: (stderr) => explain(stderr, { failure: at.context.failure, place: at.place, login: at.login }),
});

export const runScript = (at: At, script: string, doing: string, options: scripts.ScriptOptions): Promise<scripts.Ran> =>
  scripts.runScript(shellOf(at), script, doing, options);

export const brokenOff = (at: At, doing: string, pipe: Pipe, signal: AbortSignal): Promise<unknown> => scripts.brokenOff(shellOf(at), doing, pipe, signal);

export const failed = (at: At, doing: string, stderr: string, code: number): DataError => scripts.failed(shellOf(at), doing, stderr, code);
