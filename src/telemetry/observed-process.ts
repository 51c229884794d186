import type { OpenPipe } from '../ports/pipe.js';
import type { Command, Exited, ProcessRunner, Running } from '../ports/process.js';

/** How a program ended. */
export type ProgramEnd =
  | { readonly kind: 'exited'; /** As a shell counts. */ readonly code: number }
  /** It could not be started, or was stopped. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** One program, from its start to its end. */
export interface Observation {
  /** Added to the environment of the program. */
  readonly env: Readonly<Record<string, string>>;
  ended(how: ProgramEnd): void;
}

/** Hears of each program as it is started. */
export type Observe = (command: Pick<Command, 'program' | 'args'>) => Observation;

/** The same programs, each reported to `observe`. What the caller gets is unchanged. */
export const observedProcess = (process: ProcessRunner, observe: Observe): ProcessRunner => ({
  run: (command) => {
    const seen = observe(command);
    return followed(process.run(withEnv(command, seen)), seen);
  },
  start: (command): Running => {
    const seen = observe(command);
    const running = process.start(withEnv(command, seen));
    // Whoever only stops it does not handle its result, which must not become an unhandled rejection here.
    followed(running.exited, seen).catch(() => undefined);
    return running;
  },
});

/** The same for programs whose input and output stay open. */
export const observedPipe = (open: OpenPipe, observe: Observe): OpenPipe => (command) => {
  const seen = observe(command);
  const pipe = open({ ...command, env: { ...command.env, ...seen.env } });
  // Whoever only stops it does not handle its result, which must not become an unhandled rejection here.
  followed(pipe.exited, seen).catch(() => undefined);
  return pipe;
};

const withEnv = (command: Command, { env }: Observation): Command => ({ ...command, env: { ...command.env, ...env } });

function followed<T extends Pick<Exited, 'code'>>(exited: Promise<T>, seen: Observation): Promise<T> {
  return exited.then((how) => {
    seen.ended({ kind: 'exited', code: how.code });
    return how;
  }, (error: unknown) => {
    seen.ended({ kind: 'failed', error });
    throw error;
  });
}
