import { shellWord } from '../../outcome/wording.js';
import { DataError } from '../error.js';
import type { DataContext } from '../engine.js';
import type { Place, ScratchPlace } from '../place.js';
import { hold, holdScript } from './hold.js';
import { ownerOf } from './owner.js';
import { scratchPlace } from './scratch.js';
import { started } from './start.js';

const label = 'deploy-action.scratch';
let containers = 0;

/**
 * A container with the same image and without a network. It ends when its input does, and with it when this process is gone; its data is
 * within it.
 */
export async function openDockerScratch(context: DataContext, source: Place, signal: AbortSignal, _bytes: number): Promise<ScratchPlace> {
  const { ports, app, id, failure } = context;
  if (source.image === undefined) throw new DataError(failure, `The image of ${source.words} is not known, so no scratch server can run it.`, { hint: 'Set `verify: archive`.' });
  await sweep(context, signal);
  const owner = await ownerOf(context, source, signal);
  containers += 1;
  const name = `deploy-action-scratch-${id.replace(/[^\w.-]/g, '-')}-${containers}`;
  const args = [
    'run', '--rm', '--interactive', `--name=${name}`, '--network=none', `--user=${owner.user}:${owner.group}`, '--cap-drop=ALL', '--security-opt=no-new-privileges',
    `--label=${label}=${app}`, `--label=${label}.run=${id}`, '--env=TMPDIR=/tmp', '--entrypoint=sh', source.image, '-c', holdScript, 'sh', '/tmp', '',
  ];
  const held = await hold(ports.clock, ports.pipe({ program: 'docker', args, signal }), 'The scratch container', failure, signal);
  const place: Place = {
    words: 'the scratch container', image: source.image,
    start: (script, { args: more = [], secrets = [], signal: over }) =>
      started(ports.pipe({ program: 'docker', args: ['exec', '--interactive', name, 'sh', '-c', script, 'sh', ...more], signal: over }), secrets),
    typed: (words) => ['docker', 'exec', '--interactive', name, ...words].map(shellWord).join(' '),
  };
  return scratchPlace(place, held.folder, held.release);
}

/** Those of earlier runs of the app that have ended, and were not removed. One that runs is of a run in progress: it ends with its input. */
async function sweep({ ports, app, id }: DataContext, signal: AbortSignal): Promise<void> {
  const docker = (args: readonly string[]) => ports.process.run({ program: 'docker', args, timeoutMs: 60_000, signal });
  const { stdout } = await docker(['ps', '--all', `--filter=label=${label}=${app}`, '--filter=status=exited', `--format={{.ID}} {{.Label "${label}.run"}}`]);
  const others = stdout.split('\n').map((line) => line.split(' ')).filter(([container, run]) => container && run !== id).map(([container = '']) => container);
  if (others.length > 0) await docker(['rm', '--force', ...others]);
}
