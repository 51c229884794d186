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
    const due = inTurn[(seed * 7 + number) % inTurn.length] ?? 'good';
    const shape = shapeFor(chosen, due);
    const count = Math.min(casesPerApp, runs - number * casesPerApp);
    const cases = Array.from({ length: count }, (_, step) =>
      chooseCase(chosen, shape, { number: number * casesPerApp + step + 1, step, release: step === dueStep ? due : chooseRelease(chosen, shape) }));
    return { number, shape, cases };
  });
}

/** Common enough by themselves. Of the others each app has one that is due, so that 200 cases come to all of them. */
const common: readonly ReleaseName[] = ['good', 'good, slow', 'crash'];
const inTurn = releaseNames.filter((name) => !common.includes(name));
/** Not the first: there has to be something to go back to. */
const dueStep = 1;

/** A shape with which the release makes sense. */
function shapeFor(chosen: Choices, release: ReleaseName): Shape {
  for (;;) {
    const shape = chooseShape(chosen);
    if (suits(release, shape)) return shape;
  }
}

const suits = (name: ReleaseName, shape: Shape): boolean =>
  (releases[name].fits?.(shape) ?? true) && (shape.place === 'anywhere' || inPlace[shape.place].includes(name));

function chooseRelease(chosen: Choices, shape: Shape): ReleaseName {
  return chosen.weighted(releaseNames.filter((name) => suits(name, shape)).map((name) => [releases[name].weight, name] as const));
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
  const { lost, image, before, atChange, kept, back, good, broken } = releases[name];
  if (type === 'none' || type === 'clock') return true;
  // What is there after a fault is not what was good before.
  if (broken) return false;
  // What was to be left cannot be told from what was left by mistake.
  if (kept) return type === 'registry';
  if (changesNothing.includes(name)) return type === 'cancel' || type === 'SIGTERM' || type === 'kill';
  switch (type) {
    // It would suffer from the same, or not know the repository that stands there meanwhile, or which release is the one before.
    case 'another run': return lost === undefined && image?.repository === undefined && !before && !atChange && !back && place === 'anywhere';
    // Pods that go do not come back while something is broken; where there is one place, the one who is first has it.
    case 'other': return !before && !atChange && !back && place === 'anywhere' && (good !== true || common.includes(name));
    case 'registry': return lost === undefined;
    default: return true;
  }
}

function chooseCase(chosen: Choices, shape: Shape, { number, step, release: name }: Pick<Case, 'number' | 'step' | 'release'>): Case {
  const { good, mode } = releases[name];
  const drawn = chooseFault(chosen, good === true);
  const pointless = drawn.type === 'other' && drawn.change === 'Service turned away' && shape.smoke === 'none';
  const fault = fits(name, drawn, shape) && !pointless ? drawn : { type: 'none' as const };
  // A change by others shows something only in a rollout that lasts.
  const release = fault.type === 'other' && good === true ? 'good, slow' : name;
  const whereDrawn = chosen.pick(['all', 'all', 'web', 'worker'] as const);
  const needsWeb = release.startsWith('wrong') || release === 'every third answer wrong';
  const where = shape.workloads.length === 1 || mode === undefined || good !== false || (needsWeb && whereDrawn === 'worker') ? 'all' : whereDrawn;
  return { number, step, release, where, fault };
}
