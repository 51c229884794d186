import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../environment.js';

export interface DatabaseImage {
  /** By digest, in the registry of the sandbox. */
  readonly image: string;
  /** `15.20` */
  readonly version: string;
  /** A folder for PATH: the same programs for this machine. */
  readonly programs: string;
}

/** What `npm run sandbox data` gets: databases and an S3 server. */
export interface Lab {
  readonly postgres: DatabaseImage;
  readonly redis: DatabaseImage;
  /** Path of the program. */
  readonly versitygw: string;
}

let known: Promise<Lab> | undefined;

/** Gets all of it: half a minute and the compilation of the S3 server the first time, half a second later. Throws what the sandbox says. */
export function lab(): Promise<Lab> {
  known ??= promisify(execFile)(process.execPath, [join(root, 'sandbox/sandbox.mjs'), 'data'])
    .then(({ stdout }) => JSON.parse(stdout) as Lab, (error: { stderr?: string }) => {
      throw new Error(`npm run sandbox data: ${error.stderr?.trim() ?? String(error)}`);
    });
  return known;
}
