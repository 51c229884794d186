import type { Rule } from '../rule.js';

/** Its findings are about those of all other rules: src/policy/exceptions.ts. */
export const exceptions: Rule = {
  looksAt: 'The exceptions in `policy.allow`. One that has expired no longer allows its finding, and is a finding itself. From 14 days before its end it is a warning, and so is one that matches nothing: a misspelt name, or something that is fixed. '
    + 'An exception applies on its last day, in UTC. If the same file serves several environments, put an exception under the environment that needs it.',
  example: 'policy:\n  allow:\n    - rule: non-root\n      subject: deployment/legacy:app\n      reason: "INC-1234: the vendor image needs root until 2.0"\n      until: 2027-01-31',
  fix: 'Fix the finding, or extend the exception after a review.',
  check: () => [],
};
