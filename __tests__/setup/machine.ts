import type { Command, Exited } from '../../src/ports/process.js';
import type { Toolbox } from '../../src/ports/toolbox.js';
import { fakePorts, type FakePorts, type FakeWorld } from '../kubernetes/client/fake-ports.js';

/** What a program answers; undefined for what it does not know. */
export type Answer = (args: readonly string[], command: Command) => Partial<Exited> | undefined;

export interface Machine extends FakePorts {
  /** Every command line, in order. */
  readonly ran: readonly string[];
}

/** A machine on which only these programs exist. */
export function machine(programs: Readonly<Record<string, Answer>>, world: FakeWorld = {}): Machine {
  const ran: string[] = [];
  const ports = fakePorts({
    env: { PATH: '/bin', HOME: '/home/me' }, ...world,
    process: {
      run: async (command) => {
        ran.push([command.program, ...command.args].join(' '));
        const answer = programs[command.program]?.(command.args, command);
        if (answer === undefined) throw new Error(`not expected: ${ran.at(-1)}`);
        return { code: 0, stdout: '', stderr: '', ...answer };
      },
    },
  });
  return { ...ports, ran };
}

/** Remembers what was unpacked, put on PATH and set. */
export function fakeToolbox(): Toolbox & { readonly did: readonly string[] } {
  const did: string[] = [];
  return { did, unpack: async (archive, folder) => void did.push(`unpack ${archive} ${folder}`), addPath: (folder) => void did.push(`path ${folder}`), setVariable: (name, value) => void did.push(`${name}=${value}`) };
}

/** The text of `docker buildx inspect`. */
export const described = (name: string, driver: string, platforms: string): string =>
  `Name:          ${name}\nDriver:        ${driver}\n\nNodes:\nName:      ${name}0\nEndpoint:  x\nStatus:    running\nPlatforms: ${platforms}\n`;
