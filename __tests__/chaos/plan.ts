import { chooseFault, type Fault } from './fault.js';
import { choices, type Choices } from './random.js';
import { releaseNames, releases, type ReleaseName, type Where } from './release.js';
import { chooseShape, type Shape } from './shape.js';

/** One deployment, with what is done to it. */
export interface Case {
  readonly number: number;
  readonly release: ReleaseName;
  /** Which of two workloads is bad. */
  readonly where: Where;
  readonly fault: Fault;
  /** Its place among the cases of the app: its version is derived from it. */
  readonly step: number;
}

/** Deployments of one app, one after another, in one namespace. */
export interface App {
  readonly number: number;
  readonly shape: Shape;
  readonly cases: readonly Case[];
}

export const casesPerApp = 4;

/** What a seed does: the same for the same seed, for as many runs. */
export function plan(seed: number, runs: number): App[] {
  return Array.from({ length: Math.ceil(runs / casesPerApp) }, (_, number) => {
    const chosen = choices(seed, number);
    const shape = chooseShape(chosen);
    const count = Math.min(casesPerApp, runs - number * casesPerApp);
    const cases = Array.from({ length: count }, (_, step) => chooseCase(chosen, shape, number * casesPerApp + step + 1, step));
    return { number, shape, cases };
  });
}

const untroubled: readonly ReleaseName[] = ['unchanged', 'dry run', 'invalid name', 'frozen', 'key missing', 'key goes', 'quota full', 'not admitted'];

/** What can be released where no new pod finds a place. */
const standsAlone: readonly ReleaseName[] = ['nowhere to run', 'unchanged', 'dry run', 'invalid name', 'frozen', 'image absent', 'key missing'];

/** Whether it makes sense to have the fault with the release. */
function fits(name: ReleaseName, { type }: Fault): boolean {
  const { lost, image } = releases[name];
  // Another run would not know the repository that stands there meanwhile, or which release is the one before.
  if (type === 'another run') return lost === undefined && image?.repository === undefined && name !== 'go back';
  // Where there is one place, others who scale or delete decide which version has it.
  return type === 'none' || !(untroubled.includes(name) || (type === 'other' && (name === 'go back' || name === 'nowhere to run')));
}

function chooseCase(chosen: Choices, shape: Shape, number: number, step: number): Case {
  const fitting = releaseNames.filter((name) => (releases[name].fits?.(shape) ?? true) && (!shape.alone || standsAlone.includes(name)));
  const name = chosen.weighted(fitting.map((each) => [releases[each].weight, each] as const));
  const { good, mode } = releases[name];
  const drawn = chooseFault(chosen, good === true);
  const fault = fits(name, drawn) ? drawn : { type: 'none' as const };
  // A change by others shows something only in a rollout that lasts.
  const release = fault.type === 'other' && good === true ? 'good, slow' : name;
  const whereDrawn = chosen.pick(['all', 'all', 'web', 'worker'] as const);
  const needsWeb = release === 'wrong answer' || release === 'wrong text';
  const where = shape.workloads.length === 1 || mode === undefined || good !== false || (needsWeb && whereDrawn === 'worker') ? 'all' : whereDrawn;
  return { number, step, release, where, fault };
}
