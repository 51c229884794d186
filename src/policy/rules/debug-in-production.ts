import { quote } from '../../config/kit/checked.js';
import { environmentOf } from '../objects/variables.js';
import { containersIn, type Placed } from '../objects/workloads.js';
import type { PolicyFacts } from '../input.js';
import { containerStart, inContainer, type Found, type Rule } from '../rule.js';

export const debugInProduction: Rule = {
  fix: 'Switch it off in production, or add an exception while you need it.',
  check: ({ workloads, settings, facts }) => (settings.production
    ? [...containersIn(workloads).flatMap((placed) => [...inVariables(placed, facts), ...inWords(placed)]), ...inBuildArgs(facts)] : []),
};

const debugName = /(?:^|_)DEBUG(?:_(?:MODE|ENABLED?))?$/i;
const isOn = /^(?:true|1|yes|y|on|enabled?|t)$/i;
const environmentName = /^(?:(?:NODE|APP|APPLICATION|RAILS|RACK|FLASK|DJANGO|GO|MIX|DEPLOY|SENTRY|ASPNETCORE|DOTNET)_)?ENV(?:IRONMENT)?$|^SPRING_PROFILES_ACTIVE$/i;
const otherEnvironment = /^(?:dev|develop|development|debug|local|localhost|test|testing|staging|stage)$/i;
const debuggerOption = /(?:^|[\s"'])(--reload|--inspect(?:-brk|-wait)?(?:=\S*)?|-agentlib:jdwp(?:=\S*)?)(?=$|[\s"'])/;

interface Debugging {
  /** The part of the value that matters. The rest is not shown: options of Java often have passwords. */
  readonly part: string;
  readonly what: 'switches a debug mode on' | 'is not production' | 'opens a debugger';
}

/** What is wrong with the value of a variable; undefined if nothing is. */
export function debugValue(name: string, given: string): Debugging | undefined {
  const value = given.trim();
  if ((debugName.test(name) && isOn.test(value)) || (/^GIN_MODE$/i.test(name) && /^debug$/i.test(value))) return { part: value, what: 'switches a debug mode on' };
  const other = environmentName.test(name) ? value.split(',').map((each) => each.trim()).find((each) => otherEnvironment.test(each)) : undefined;
  if (other !== undefined) return { part: other, what: 'is not production' };
  const [, option] = /(?:^|_)(?:NODE_OPTIONS|JAVA_TOOL_OPTIONS|JAVA_OPTS|JDK_JAVA_OPTIONS)$/.test(name) ? debuggerOption.exec(value) ?? [] : [];
  return option === undefined ? undefined : { part: option, what: 'opens a debugger' };
}

/** `NODE_ENV="test"`, and `NODE_OPTIONS with "--inspect"` where there is more in it. */
const assigned = (name: string, value: string, part: string): string => `${name}${value.trim() === part ? '=' : ' with '}${quote(part)}`;

const inVariables = ({ workload, container }: Placed, { sources }: PolicyFacts): Found[] =>
  [...environmentOf(container, sources).variables].flatMap(([name, { value, from, path }]) => {
    const found = debugValue(name, value ?? '');
    const where = from === undefined ? '' : ` (from ${from})`;
    return found === undefined ? [] : [{
      ...inContainer(workload, container, path), item: name,
      message: `${containerStart(workload, container)} has ${assigned(name, value ?? '', found.part)}${where}, which ${found.what}.`,
    }];
  });

const inWords = ({ workload, container }: Placed): Found[] => container.words.flatMap(({ text, path }) => {
  const [, option] = debuggerOption.exec(text) ?? [];
  return option === undefined ? [] : [{
    ...inContainer(workload, container, path), item: option.split('=')[0],
    message: `${containerStart(workload, container)} runs with ${quote(option)}, which is for development.`,
  }];
});

const inBuildArgs = ({ buildArgs }: PolicyFacts): Found[] => Object.entries(buildArgs).flatMap(([name, value]) => {
  const found = debugValue(name, value);
  return found === undefined ? [] : [{ subject: 'build-args', item: name, message: `The build argument ${assigned(name, value, found.part)} ${found.what}.` }];
});
