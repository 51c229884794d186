import type { PolicyObject } from '../input.js';
import { at, listOf, recordOf, textOf, textsOf } from '../objects/read.js';
import type { Found, Rule } from '../rule.js';

export const egress: Rule = {
  fix: 'Allow what the pods need under `egress`, at least DNS (port 53, UDP and TCP), or remove `Egress` from `policyTypes`.',
  check: ({ objects }) => {
    const policies = objects.filter(({ form, object }) => form === 'kubernetes' && textOf(at(object, 'kind')) === 'NetworkPolicy');
    return policies.filter((each) => cutsOff(each) && !policies.some((other) => allows(other, each))).map(({ subject, ...rest }): Found => ({
      subject, object: { subject, ...rest }, path: ['spec', 'policyTypes'], message: `${subject} lists Egress and has no egress rule, so its pods can reach nothing, not even DNS.`,
    }));
  },
};

const rulesOf = ({ object }: PolicyObject): readonly unknown[] => listOf(at(object, 'spec', 'egress'));
const selectorOf = ({ object }: PolicyObject): unknown => at(object, 'spec', 'podSelector');
const isForAll = (policy: PolicyObject): boolean =>
  Object.values(recordOf(selectorOf(policy))).every((part) => Object.keys(recordOf(part)).length === 0 && listOf(part).length === 0);
const labelsOf = (policy: PolicyObject): Readonly<Record<string, string>> => textsOf(at(selectorOf(policy), 'matchLabels'));
const namespaceOf = ({ object }: PolicyObject): string | undefined => textOf(at(object, 'metadata', 'namespace'));

const cutsOff = (policy: PolicyObject): boolean =>
  !isForAll(policy) && listOf(at(policy.object, 'spec', 'policyTypes')).includes('Egress') && rulesOf(policy).length === 0;

/** Whether another policy has egress rules for all pods of this one. What it selects by expressions is not compared. */
function allows(other: PolicyObject, policy: PolicyObject): boolean {
  if (rulesOf(other).length === 0 || namespaceOf(other) !== namespaceOf(policy)) return false;
  const [wider, own] = [labelsOf(other), labelsOf(policy)];
  return isForAll(other) || (Object.keys(wider).length > 0 && Object.entries(wider).every(([name, value]) => own[name] === value));
}
