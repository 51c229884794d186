import { good } from '../kit/checked.js';
import { flag, line, word } from '../kit/text.js';
import { section, type Values } from '../setting.js';
import { isProductionName } from '../values/production.js';

/** A terminal knows no repository on GitHub and no workflow run, so it has none of these. */
export const github = section('GitHub', ['deploy', 'rollout', 'rollback'], {
  'github-token': {
    actions: ['deploy', 'rollout', 'rollback', 'pr-check'],
    secret: true, inFile: false, inTerminal: false,
    outsideHint: () => 'Remove it. If this was a real token, revoke it: it is in the history of the repository.',
    description: 'Token for the API of GitHub, for `github-deployments`: the job needs `permissions: deployments: write`. An empty value: nothing is sent to GitHub.',
    descriptionFor: { 'pr-check': 'Token for the API of GitHub: the job needs `permissions: pull-requests: write` for the comment, and `checks: write` for the check run. An empty value: nothing is sent to GitHub.' },
    default: 'the token of the job',
    inputDefault: '${{ github.token }}',
    kind: line(good, { expects: 'a token' }),
  },
  'github-deployments': {
    inTerminal: false,
    description: '`auto`: a run with an `environment` is recorded on GitHub as a deployment of that environment, with its verdict. `off`: it is not.',
    default: '`auto`, without a warning if the token is not allowed to',
    kind: word(['auto', 'off']),
  },
  'job-id': {
    inFile: false, inTerminal: false,
    outsideHint: () => 'Remove it: its value is different in every run.',
    description: 'Number of the job, by which `github-deployments` finds the deployment that GitHub has created for it. Leave it out.',
    default: 'that of the job, where GitHub has it in `job.check_run_id`',
    inputDefault: '${{ job.check_run_id }}',
    kind: line(good, { expects: 'a number' }),
  },
  'production-environment': {
    actions: ['deploy', 'rollout', 'rollback', 'pr-check'],
    inTerminal: false,
    description: '`true`: users interact with the environment directly. GitHub marks it as such, and the policy rule `debug-in-production` applies.',
    descriptionFor: { 'pr-check': '`true`: users interact with the environments directly, so the policy rule `debug-in-production` applies.' },
    default: '`true` if its name contains the word production, prod, prd or live, and no other such as pre, non, staging or test',
    kind: flag,
  },
  'transient-environment': {
    inTerminal: false,
    description: '`true`: the environment exists only for a time, such as a preview of a pull request. GitHub shows it as destroyed once its deployment is inactive.',
    fallback: 'false',
    kind: flag,
  },
});

/** What is done on GitHub, and with which token. Undefined without a token. */
export const githubOf = (values: Values<typeof github.settings> & { readonly environment?: string }) => {
  const { 'github-token': token, environment = '' } = values;
  return token === undefined ? undefined : {
    token,
    /** The number that addresses of the job end with. Undefined with runners and servers that do not have it. */
    job: /^\d+$/.test(values['job-id'] ?? '') ? values['job-id'] : undefined,
    /** Whether runs with an environment are recorded as deployments. `if-allowed`: it was not set, so a token without the permission is no warning. */
    deployments: values['github-deployments'] ?? 'if-allowed' as const,
    production: values['production-environment'] ?? isProductionName(environment),
    transient: values['transient-environment'] === true,
  };
};
