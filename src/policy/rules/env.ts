import { quote } from '../../config/kit/checked.js';
import { mayHoldSecret } from '../../config/plain-secret.js';
import { requirementText, type Requirement } from '../../config/values/requirement.js';
import { containersIn, type Placed } from '../objects/workloads.js';
import { environmentOf, type Environment, type Resolved } from '../objects/variables.js';
import { containerStart, containerText, inContainer, type Found, type Rule } from '../rule.js';

export const env: Rule = {
  fix: 'Change the variable in the pod template, or in the ConfigMap or Secret that it comes from.',
  check: ({ workloads, settings, facts }) => containersIn(workloads).filter(({ container }) => container.isDeployed).flatMap((placed) => {
    const environment = environmentOf(placed.container, facts.sources);
    return Object.entries(settings.env).filter(([, requirement]) => placed.container.role !== 'init' || forbids(requirement))
      .flatMap(([name, requirement]) => checkOne(placed, environment, name, requirement));
  }),
};

const forbids = ({ must }: Requirement): boolean => must === 'be-unset' || must === 'not-be';

/** Values as programs read them: a switch may be written `False`. */
const isSame = (value: string, wanted: string): boolean =>
  value === wanted || (/^(?:true|false)$/i.test(wanted) && value.toLowerCase() === wanted.toLowerCase());

function checkOne({ workload, container }: Placed, environment: Environment, name: string, requirement: Requirement): Found[] {
  const found = environment.variables.get(name);
  const where = { ...inContainer(workload, container, found?.path), item: name };
  const start = containerStart(workload, container);
  const uncertain = (why: string): Found[] => [{
    ...where, isUncertain: true, message: `It cannot be checked that ${name} ${requirementWords(requirement)} in ${containerText(workload, container)}: ${why}.`,
    fix: 'Set the variable in the pod template or in a ConfigMap that the account is allowed to read, or add an exception.',
  }];
  if (!found) {
    if (environment.unknown.length > 0) return uncertain(`${environment.unknown.join(' and ')} may set it, and could not be read`);
    if (forbids(requirement)) return [];
    return [{ ...where, message: `${start} does not have the environment variable ${name}, which must ${requirementText(requirement) === 'set' ? 'be set' : `be ${alternatives(requirement)}`}.${otherCase(environment, name)}` }];
  }
  const from = found.from === undefined ? '' : `, from ${found.from}`;
  if (!('values' in requirement)) return requirement.must === 'be-set' ? [] : [{ ...where, message: `${start} has the environment variable ${name}${from}, which must not be set.` }];
  if (found.value === undefined) return uncertain(`its value comes from ${found.from ?? 'another variable'} and is not known`);
  return compare(found.value, requirement)
    ? [] : [{ ...where, message: `${start} has ${name} ${shown(name, found)}${from}, which must ${requirement.must === 'be' ? '' : 'not '}be ${alternatives(requirement)}.` }];
}

const compare = (value: string, requirement: Extract<Requirement, { readonly values: readonly string[] }>): boolean =>
  requirement.values.some((wanted) => isSame(value, wanted)) === (requirement.must === 'be');

const alternatives = (requirement: Requirement): string => ('values' in requirement ? requirement.values.map((value) => quote(value)).join(' or ') : '');

const requirementWords = (requirement: Requirement): string => ('values' in requirement
  ? `is ${requirement.must === 'be' ? '' : 'not '}${alternatives(requirement)}` : requirement.must === 'be-set' ? 'is set' : 'is not set');

/** The value, unless it may be secret or have a secret in it. */
const shown = (name: string, { value = '' }: Resolved): string => (mayHoldSecret(name, value) ? 'set to another value' : value === '' ? 'set to an empty text' : `set to ${quote(value)}`);

function otherCase({ variables }: Environment, name: string): string {
  const other = [...variables.keys()].find((known) => known.toLowerCase() === name.toLowerCase());
  return other === undefined ? '' : ` It has ${other}, but names are case-sensitive.`;
}
