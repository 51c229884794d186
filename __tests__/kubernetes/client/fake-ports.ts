import type { Clock } from '../../../src/ports/clock.js';
import type { Disk } from '../../../src/ports/disk.js';
import type { Files } from '../../../src/ports/files.js';
import type { OpenGitHub } from '../../../src/ports/github.js';
import type { Http } from '../../../src/ports/http.js';
import type { Log } from '../../../src/ports/log.js';
import type { Mail } from '../../../src/ports/mail.js';
import type { Machine } from '../../../src/ports/machine.js';
import type { Ports } from '../../../src/ports/ports.js';
import type { OpenPipe } from '../../../src/ports/pipe.js';
import type { ProcessRunner } from '../../../src/ports/process.js';
import { passedOn } from '../../../src/ports/trace.js';
import { swiftClock } from './hand-clock.js';

/** A world without anything in it, that remembers what was said and written. */
export interface FakePorts extends Ports {
  /** `info text`, `warning text`, `progress stage subject state`, `command line`, `output line`. */
  readonly lines: readonly string[];
  /** Path → text and mode. */
  readonly written: ReadonlyMap<string, { readonly text: string; readonly mode: number | undefined }>;
}

export interface FakeWorld {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly executables?: readonly string[];
  /** Texts of the files that are there, by their paths. */
  readonly files?: Readonly<Record<string, string>>;
  readonly process?: Partial<ProcessRunner>;
  readonly pipe?: OpenPipe;
  readonly disk?: Disk;
  readonly http?: Partial<Http>;
  readonly github?: OpenGitHub;
  readonly mail?: Mail;
  readonly clock?: Clock;
  readonly machine?: Machine;
  readonly cancelled?: AbortSignal;
}

const absent = (what: string) => (): never => {
  throw new Error(`${what} is not in this world`);
};

const noDisk: Disk = {
  spool: absent('a disk'), read: absent('a disk'), writeNew: absent('a disk'), freeBytes: absent('a disk'), stat: absent('a disk'), filesBelow: absent('a disk'), removeBelow: absent('a disk'),
};

export function fakePorts(world: FakeWorld = {}): FakePorts {
  const lines: string[] = [];
  const written = new Map<string, { text: string; mode: number | undefined }>();
  const say = (kind: string) => (...words: readonly unknown[]): void => void lines.push([kind, ...words.filter((word) => typeof word === 'string')].join(' '));
  const log: Log = {
    mask: () => undefined, keep: () => undefined, hides: () => true, redact: (text) => text, info: say('info'), warning: say('warning'), error: say('error'), output: say('output'), command: say('command'),
    progress: say('progress'), group: (_title, body) => body(),
  };
  const files: Files = {
    workingDirectory: '/work',
    readText: async (path) => written.get(path)?.text ?? world.files?.[path],
    readStart: async () => undefined,
    linkTarget: async () => undefined,
    namesIn: async () => undefined,
    realPath: async (path) => (written.has(path) || world.files?.[path] !== undefined ? path : undefined),
    isExecutable: async (path) => world.executables?.includes(path) ?? false,
    writeText: async (path, text, mode) => void written.set(path, { text, mode }),
    sha256: async () => undefined,
    writeVerified: absent('a download'),
    link: absent('a link'),
    temporaryFolder: absent('a temporary folder'),
    shortFolder: absent('a short folder'),
    remove: async (path) => void written.delete(path),
  };
  return {
    lines, written, log, files,
    disk: world.disk ?? noDisk,
    machine: world.machine ?? { system: 'linux', architecture: 'x64' },
    clock: world.clock ?? swiftClock(),
    process: { run: absent('a program'), start: absent('a program'), ...world.process },
    pipe: world.pipe ?? absent('a program'),
    http: { request: absent('the network'), certificate: absent('the network'), onSocket: absent('a socket'), ...world.http },
    github: world.github ?? absent('GitHub'),
    mail: world.mail ?? { send: absent('a mail server') },
    env: world.env ?? {},
    trace: passedOn(world.env ?? {}),
    cancelled: world.cancelled ?? new AbortController().signal,
  };
}
