import { placeWords, settingText } from '../outcome/place-words.js';
import { CommandError } from '../outcome/errors.js';
import type { Machine } from '../ports/machine.js';

/** A program that this action can download, in the version that it downloads unless the settings name another one. */
export interface Program {
  readonly name: 'kubectl' | 'helm';
  readonly version: string;
  /** Address of a version, with `{version}`, `{os}` and `{arch}`. */
  readonly url: string;
  /** SHA-256 of what is there for Linux, by architecture, as its publisher states it. */
  readonly sha256: Readonly<Record<string, string>>;
  /** Name of the file that is kept: the program, or an archive of it. */
  readonly file: string;
}

/** What the settings say of a program. */
export interface Wanted {
  readonly version?: string;
  readonly url?: string;
  readonly sha256?: string;
}

/** One file to download. */
export interface Download {
  readonly name: Program['name'];
  readonly version: string;
  readonly url: string;
  /** What the file must have, in hexadecimal digits. */
  readonly sha256: string;
  readonly file: string;
  /** As Kubernetes and Helm call it: `amd64`. */
  readonly arch: string;
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64' };

/**
 * The file that has the program for this machine.
 * @param why it is downloaded: the beginning of a sentence
 * @throws CommandError tool-missing when no checksum is known for this machine, config-invalid when none is known for the version
 */
export function downloadOf(program: Program, wanted: Wanted, { system, architecture }: Machine, why: string): Download {
  const { name, file } = program;
  const arch = architectures[architecture] ?? architecture;
  const version = wanted.version ?? program.version;
  const isPinned = version === program.version;
  const url = (wanted.url ?? program.url).replaceAll('{version}', version).replaceAll('{os}', 'linux').replaceAll('{arch}', arch);
  const sha256 = wanted.sha256 ?? (isPinned ? program.sha256[arch] : undefined);
  if (system === 'linux' && sha256 !== undefined) return { name, version, url, sha256, file, arch };
  if (system !== 'linux' || isPinned) {
    throw new CommandError('tool-missing', `${why}, and there is no pinned version for ${system}/${arch}.`, { hint: placeWords().install(name) });
  }
  throw new CommandError('config-invalid', `${why}, and only ${program.version} has a checksum in this action.`, {
    hint: `Set ${settingText(`${name}-sha256`)} to the SHA-256 that is published for ${url}.`,
  });
}
