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

/** Nothing is changed, so that there is nothing to be done meanwhile but to stop them. */
const changesNothing: readonly ReleaseName[] = ['unchanged', 'dry run', 'invalid name', 'frozen', 'no permission', 'go back to nothing', 'tests red', 'build breaks', 'no such platform', 'push fails', 'login refused'];

/** What can be released where no new pod finds a place, or an image. */
const inPlace: Readonly<Record<Exclude<Shape['place'], 'anywhere'>, readonly ReleaseName[]>> = {
  'alone': ['nowhere to run', 'unchanged', 'dry run', 'invalid name', 'frozen', 'no permission', 'image absent', 'key missing'],
  'without pulls': ['not on the node', 'unchanged', 'dry run', 'invalid name', 'frozen', 'no permission', 'image absent', 'key missing'],
};

/** What the next run releases after one that died. */
export function followerOf({ place }: Shape, fault: Fault): ReleaseName {
  if (place === 'alone') return 'nowhere to run';
  if (place === 'without pulls') return 'not on the node';
  return fault.type === 'runner gone' ? fault.next : 'good';
}

/** Whether it makes sense to have the fault with the release. */
function fits(name: ReleaseName, { type }: Fault, { place }: Shape): boolean {
  const { lost, image, before, atChange, kept, back } = releases[name];
  if (type === 'none' || type === 'clock') return true;
  // What was to be left cannot be told from what was left by mistake.
  if (kept) return type === 'registry';
  if (changesNothing.includes(name)) return type === 'cancel' || type === 'SIGTERM' || type === 'kill';
  switch (type) {
    // It would suffer from the same, or not know the repository that stands there meanwhile, or which release is the one before.
    case 'another run': return lost === undefined && image?.repository === undefined && !before && !atChange && !back && place === 'anywhere';
    // Pods that go do not come back while something is broken; where there is one place, the one who is first has it.
    case 'other': return !before && !atChange && !back && place === 'anywhere';
    case 'registry': return lost === undefined;
    default: return true;
  }
}

function chooseCase(chosen: Choices, shape: Shape, number: number, step: number): Case {
  const { place, smoke } = shape;
  const fitting = releaseNames.filter((name) => (releases[name].fits?.(shape) ?? true) && (place === 'anywhere' || inPlace[place].includes(name)));
  const name = chosen.weighted(fitting.map((each) => [releases[each].weight, each] as const));
  const { good, mode } = releases[name];
  const drawn = chooseFault(chosen, good === true);
  const pointless = drawn.type === 'other' && drawn.change === 'Service turned away' && smoke === 'none';
  const fault = fits(name, drawn, shape) && !pointless ? drawn : { type: 'none' as const };
  // A change by others shows something only in a rollout that lasts.
  const release = fault.type === 'other' && good === true ? 'good, slow' : name;
  const whereDrawn = chosen.pick(['all', 'all', 'web', 'worker'] as const);
  const needsWeb = release.startsWith('wrong') || release === 'every third answer wrong';
  const where = shape.workloads.length === 1 || mode === undefined || good !== false || (needsWeb && whereDrawn === 'worker') ? 'all' : whereDrawn;
  return { number, step, release, where, fault };
}
