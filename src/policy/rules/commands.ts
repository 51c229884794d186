import type { Rule } from '../rule.js';

export const commands: Rule = {
  fix: 'Fix what the command reports, or change its policies.',
  check: ({ facts }) => facts.commands.flatMap(({ command, failure, hint, output }) =>
    (failure === undefined ? [] : [{ subject: command, message: failure, fix: hint, output }])),
};
