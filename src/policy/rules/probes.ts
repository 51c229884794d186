import type { PolicyObject } from '../input.js';
import { at, textOf, textsOf } from '../objects/read.js';
import type { Container, Workload } from '../objects/container.js';
import { isService } from '../objects/workloads.js';
import { containerStart, inContainer, type Found, type Rule, type RuleInput } from '../rule.js';

export const probes: Rule = {
  fix: 'Add the probe to the container. Without a readinessProbe, new pods get requests before they can answer them.',
  check: (input) => input.workloads.flatMap((workload) => serving(workload, input).flatMap((container) => lacking(workload, container, input.settings.probes))),
};

/** The containers that get requests. */
function serving(workload: Workload, { facts, objects }: RuleInput): readonly Container[] {
  const apps = workload.containers.filter(({ role }) => role === 'app');
  const withPorts = apps.filter(({ hasPorts }) => hasPorts);
  if (workload.object.form === 'compose-service') return withPorts;
  const selectors = [...facts.selectors, ...objects.flatMap(selectorOf)];
  if (!isService(workload) || !selectors.some((selector) => selects(selector, workload.labels))) return [];
  return withPorts.length > 0 || apps.length > 1 ? withPorts : apps;
}

/** Of a Service in a file. */
const selectorOf = ({ form, object }: PolicyObject): Readonly<Record<string, string>>[] =>
  (form === 'kubernetes' && textOf(at(object, 'kind')) === 'Service' ? [textsOf(at(object, 'spec', 'selector'))] : []);

const selects = (selector: Readonly<Record<string, string | undefined>>, labels: Readonly<Record<string, string>>): boolean =>
  Object.keys(selector).length > 0 && Object.entries(selector).every(([name, value]) => labels[name] === value);

function lacking(workload: Workload, container: Container, wanted: readonly string[]): Found[] {
  if (workload.object.form === 'compose-service') {
    return container.probes.size > 0 ? [] : [{ ...inContainer(workload, container), message: `${workload.object.subject} has ports and no healthcheck.`, fix: 'Add a `healthcheck` to the service.' }];
  }
  return wanted.filter((probe) => !container.probes.has(probe)).map((probe) => ({
    ...inContainer(workload, container), item: probe, message: `${containerStart(workload, container)} serves requests and has no ${probe}Probe.`,
  }));
}
