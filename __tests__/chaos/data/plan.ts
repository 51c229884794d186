import { choices, type Choices } from '../random.js';
import { chooseFault, type Action, type EngineName, type Fault } from './fault.js';

/** One run of `backup` or `restore`, with what goes wrong in it. */
export interface DataCase {
  readonly number: number;
  readonly action: Action;
  readonly engine: EngineName;
  readonly fault: Fault;
  readonly verify: 'restore' | 'archive';
  /** Whether the run is followed by its post step, as it is unless the whole machine is gone. */
  readonly hasPost: boolean;
  /** Whether the backup is named, or the newest is taken. */
  readonly isNamed: boolean;
}

/** How the place of several cases is set up. */
export interface DataShape {
  /** A dump that is stored in parts. */
  readonly isLarge: boolean;
  readonly isEncrypted: boolean;
  readonly isSigned: boolean;
  readonly retention: boolean;
}

export interface DataPlace {
  readonly number: number;
  readonly shape: DataShape;
  readonly cases: readonly DataCase[];
}

export const casesPerPlace = 10;

/** What a seed does: the same for the same seed. */
export function planData(seed: number, count: number): DataPlace[] {
  return Array.from({ length: Math.ceil(count / casesPerPlace) }, (_, number) => {
    const chosen = choices(seed, 100_000 + number);
    const shape = { isLarge: number % 5 === 4, isEncrypted: chosen.chance(0.8), isSigned: chosen.chance(0.5), retention: chosen.chance(0.5) };
    const cases = Array.from({ length: Math.min(casesPerPlace, count - number * casesPerPlace) }, (_, index) => {
      const of = number * casesPerPlace + index + 1;
      return chooseCase(choices(seed, of), of, shape);
    });
    return { number, shape, cases };
  });
}

function chooseCase(chosen: Choices, number: number, shape: DataShape): DataCase {
  const action = chosen.weighted<Action>([[45, 'backup'], [15, 'drill'], [40, 'restore']]);
  const engine = chosen.weighted<EngineName>([[75, 'postgres'], [25, 'redis']]);
  const drawn = chooseFault(chosen, action, engine);
  const fault: Fault = drawn.type === 'wrong key' && !shape.isEncrypted ? { type: 'none' } : drawn;
  return { number, action, engine, fault, verify: chosen.chance(0.7) ? 'restore' : 'archive', hasPost: !fault.type.startsWith('killed') || chosen.chance(0.5), isNamed: chosen.chance(0.5) };
}

export const describeDataShape = ({ isLarge, isEncrypted, isSigned, retention }: DataShape): string =>
  [isLarge ? 'large' : 'small', ...isEncrypted ? ['encrypted'] : [], ...isSigned ? ['signed'] : [], ...retention ? ['with retention'] : []].join(', ');
