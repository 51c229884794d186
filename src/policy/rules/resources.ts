import { both } from '../../config/kit/checked.js';
import { containersIn } from '../objects/workloads.js';
import { containerStart, inContainer, type Rule } from '../rule.js';

export const resources: Rule = {
  fix: 'Set them under `resources` of the container. Without requests, the scheduler does not know how much room a pod needs; without a memory limit, one pod can take the memory of a whole node.',
  check: ({ workloads, settings }) => containersIn(workloads).filter(({ container }) => container.role !== 'init').flatMap(({ workload, container }) => {
    const lacking = settings.resources.filter((name) => !container.resources.has(name) && !isImplied(name, container.resources));
    return lacking.length === 0 ? [] : [{
      ...inContainer(workload, container), message: `${containerStart(workload, container)} has no ${both(lacking)}.`,
    }];
  }),
};

/** A limit without a request is the request as well. https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/ */
const isImplied = (name: string, has: ReadonlySet<string>): boolean => name.startsWith('requests.') && has.has(name.replace('requests.', 'limits.'));
