import { shellWord } from '../../outcome/wording.js';
import type { Ports } from '../../ports/ports.js';
import type { Place, StartOptions } from '../place.js';
import { started } from './start.js';

/**
 * This machine.
 * @param folder programs of this folder are found first; undefined: those of PATH
 * @param before a program with its arguments that starts the shell: as another user
 */
export function localPlace(ports: Ports, folder: string | undefined, before: readonly string[]): Place {
  const path = folder === undefined ? ports.env.PATH : `${folder}:${ports.env.PATH ?? '/usr/bin:/bin'}`;
  return {
    words: 'this machine',
    start: (script: string, { args = [], secrets = [], signal }: StartOptions) => {
      const [program = 'sh', ...rest] = [...before, 'sh', '-c', script, 'sh', ...args];
      return started(ports.pipe({ program, args: rest, env: { PATH: path }, signal }), secrets);
    },
    typed: (command) => command.map(shellWord).join(' '),
  };
}
