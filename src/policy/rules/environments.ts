import { both, quote } from '../../config/kit/checked.js';
import type { OtherEnvironment } from '../input.js';
import { containersIn, workloadsIn, type Placed } from '../objects/workloads.js';
import { containerStart, inContainer, type Found, type Rule, type RuleInput } from '../rule.js';

export const environments: Rule = {
  fix: 'Set it here too, move it to the top of the settings file, or add an exception if it is meant to differ.',
  check: (input) => [...inSettings(input), ...input.facts.others.flatMap((other) => inObjects(input, other))],
};

function inSettings({ settings: { environments: all }, facts: { environment } }: RuleInput): Found[] {
  const own = all.find(({ name }) => name === environment);
  if (!own) return [];
  const lacking = new Map<string, string[]>();
  for (const { name, keys } of all) {
    for (const key of Object.keys(keys).filter((each) => !Object.hasOwn(own.keys, each))) lacking.set(key, [...lacking.get(key) ?? [], name]);
  }
  return [...lacking].map(([key, others]) => ({
    subject: `environment/${own.name}`, item: key, message: `The environment ${quote(own.name)} has no \`${key}\`, which ${both(others.map(quote))} ${others.length === 1 ? 'has' : 'have'}.`,
  }));
}

/** Names of variables that one of two environments lacks, container by container. */
function inObjects({ workloads }: RuleInput, other: OtherEnvironment): Found[] {
  const theirs = containersIn(workloadsIn(other.objects));
  return containersIn(workloads.filter(({ object }) => object.origin.kind === 'cluster')).flatMap((placed) => {
    const twin = theirs.find((each) => isTwin(each, placed));
    if (!twin) return [];
    const [own, others] = [namesOf(placed), namesOf(twin)];
    const differing = [
      ...missing(others, own).map((name) => [name, `does not have the environment variable ${name}, which it has in ${other.name}`] as const),
      ...missing(own, others).map((name) => [name, `has the environment variable ${name}, which it does not have in ${other.name}`] as const),
    ];
    return differing.map(([name, what]) => ({ ...inContainer(placed.workload, placed.container), item: name, message: `${containerStart(placed.workload, placed.container)} ${what}.` }));
  });
}

const isTwin = (a: Placed, b: Placed): boolean => a.workload.object.subject === b.workload.object.subject && a.container.name === b.container.name;

/** Of the template alone: ConfigMaps of the other namespace are not read. */
const namesOf = ({ container }: Placed): readonly string[] => [...new Set(container.variables.map(({ name }) => name))];

const missing = (from: readonly string[], than: readonly string[]): readonly string[] => from.filter((name) => !than.includes(name));
