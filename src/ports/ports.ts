import type { Clock } from './clock.js';
import type { Disk } from './disk.js';
import type { Files } from './files.js';
import type { OpenGitHub } from './github.js';
import type { Http } from './http.js';
import type { Log } from './log.js';
import type { Machine } from './machine.js';
import type { Mail } from './mail.js';
import type { OpenPipe } from './pipe.js';
import type { ProcessRunner } from './process.js';
import type { Trace } from './trace.js';

/** The outside world, as one value that is passed down. */
export interface Ports {
  readonly process: ProcessRunner;
  readonly pipe: OpenPipe;
  readonly clock: Clock;
  readonly files: Files;
  readonly disk: Disk;
  readonly http: Http;
  readonly mail: Mail;
  readonly log: Log;
  readonly github: OpenGitHub;
  readonly machine: Machine;
  readonly trace: Trace;
  /** The environment variables of the process, read only. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted with a CancelledError when the runner or the user asks to stop. */
  readonly cancelled: AbortSignal;
}
