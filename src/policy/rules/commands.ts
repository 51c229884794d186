import type { Rule } from '../rule.js';

export const commands: Rule = {
  looksAt: 'The exit code of each command of `policy.commands`. It gets the path of a YAML file in `DEPLOY_OBJECTS`: all objects as they would be after the change, one document each, without `managedFields` and `status`. '
    + 'The values of Secrets are empty in it. `DEPLOY_ENVIRONMENT` is the name of the environment. A command can take 2 minutes, and its last lines are in the log and in the report. What it finds is one finding, however many violations it lists.',
  example: 'policy:\n  commands:\n    - conftest test --policy policy "$DEPLOY_OBJECTS"\n    - kyverno apply policies/ --resource "$DEPLOY_OBJECTS"',
  fix: 'Fix what the command reports, or change its policies.',
  check: ({ facts }) => facts.commands.flatMap(({ command, failure, hint, output }) =>
    (failure === undefined ? [] : [{ subject: command, message: failure, fix: hint, output }])),
};
