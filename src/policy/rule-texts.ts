import type { PolicyRuleName } from '../config/values/policy-rules.js';

/** What docs/policy.md says of a rule beside what it finds and what to do. */
interface RuleText {
  /** In sentences in Markdown. */
  readonly looksAt: string;
  /** What it finds something in, or how its settings look, as YAML. */
  readonly example: string;
}

/** Apart from the rules, because every run that deploys loads those. @public for scripts/generate */
export const ruleTexts: Readonly<Record<PolicyRuleName, RuleText>> = {
  'env': {
    looksAt: 'The environment variables of the containers that get the image, from `env` and from `envFrom`, with the values of ConfigMaps. Values of Secrets are never used: '
      + 'for a variable from a Secret, it is only checked whether it is set. Where the account is not allowed to read a ConfigMap or Secret, a finding says so and is a warning. '
      + '`is` requires a value; `is not` also accepts a variable that is not set. Names are case-sensitive; `true` and `false` are compared without regard to case. '
      + 'Init containers need not have a variable, but must not have a forbidden one.',
    example: 'policy:\n  env:\n    ENABLE_DEBUG: is false\n    ENVIRONMENT: is production\n    DATABASE_URL: set\n    LEGACY_TOKEN: unset\n    LOG_LEVEL: is not debug|trace',
  },
  'debug-in-production': {
    looksAt: 'In production, which is an environment with the word `production`, `prod`, `prd` or `live` in its name, and no other such as `pre`, `non`, `staging` or `test`, or with `production-environment: true`: '
      + 'the environment variables of all containers and the build arguments: a name that ends with `DEBUG` and is switched on, a name such as `NODE_ENV`, `APP_ENV`, `ENVIRONMENT`, '
      + '`ASPNETCORE_ENVIRONMENT` or `SPRING_PROFILES_ACTIVE` that names development, test or staging, `GIN_MODE=debug`. And commands and options that open a debugger or reload the code: `--inspect`, `--reload`, '
      + '`-agentlib:jdwp`.',
    example: 'env:\n  - name: ENABLE_DEBUG\n    value: "true"\n  - name: NODE_ENV\n    value: development',
  },
  'plain-secrets': {
    looksAt: 'Values in the pod templates, in the ConfigMaps that they use, in compose files and in the build arguments: by the name of the variable (`DB_PASSWORD`, `API_KEY`), by their look (tokens of GitHub, AWS, '
      + 'Slack and others, long random texts), and logins in URLs (`postgres://user:password@host`). Commands and arguments as well, and Secrets with their values in `policy.files`, unless they are encrypted by SOPS. '
      + 'References such as `$(NAME)`, `${NAME}` or `vault:…` are not secrets, nor are commits and digests, keys of tables and caches (`SORT_KEY`), and what a name calls public (`NEXT_PUBLIC_STRIPE_KEY`). Findings show the name and never the value.',
    example: 'env:\n  - name: DATABASE_URL\n    value: postgres://shop:s3cret@db/shop',
  },
  'mutable-tags': {
    looksAt: 'The images of all containers, with what the run sets. A tag without a digit in it (`latest`, `main`, `stable-alpine`) moves to other images. With the pull policy `IfNotPresent`, a node that has '
      + 'an image of that name does not pull the new one, so pods of one workload can run different versions. An image with a digest cannot move, and this action deploys by digest: findings are about other containers. '
      + 'Without a pull policy, Kubernetes pulls `latest` always, and every other tag only if it is not present.',
    example: 'containers:\n  - name: proxy\n    image: registry.example/proxy:stable\n    imagePullPolicy: IfNotPresent',
  },
  'probes': {
    looksAt: 'The containers of Deployments, StatefulSets and DaemonSets whose pods a Service selects: those that declare a port, or the only one. Each must have the probes of `policy.probes`, which are `readiness` unless '
      + 'the settings name others. Init containers, sidecars, Jobs and CronJobs need none. In a compose file, a service with ports must have a `healthcheck`. '
      + 'A missing readinessProbe is also part of the advice on rollouts; with this rule on, only the rule reports it.',
    example: 'policy:\n  rules:\n    probes: deny\n  probes: [readiness, liveness]',
  },
  'resources': {
    looksAt: 'The `resources` of all containers but init containers: each must have those of `policy.resources`, which are `requests.cpu`, `requests.memory` and `limits.memory` unless the settings name others. '
      + 'A LimitRange of the namespace sets its defaults on pods and not on templates: switch the rule off if you rely on one. In a compose file, `deploy.resources`, `mem_limit` and `cpus` count.',
    example: 'policy:\n  rules:\n    resources: warn\n  resources: [requests.memory, limits.memory]',
  },
  'non-root': {
    looksAt: 'The securityContext of all containers and of their pod: `runAsNonRoot: true`, or a `runAsUser` other than 0. If neither is set, the user of the image decides, which is read from the registry for the image that the run deploys, '
      + 'if it exists already. Pods for Windows are left out. In a compose file, `user` counts.',
    example: 'policy:\n  rules:\n    non-root: deny',
  },
  'deprecated-apis': {
    looksAt: 'The `apiVersion` of the objects in `policy.files`, and of the manifest with which `kubectl apply` created a workload (its annotation `kubectl.kubernetes.io/last-applied-configuration`), against the version of the cluster: '
      + 'an API version that the cluster no longer serves, or that a later version removes. Such a manifest cannot be applied (any more). The table below lists the API versions.',
    example: 'apiVersion: batch/v1beta1\nkind: CronJob',
  },
  'egress': {
    looksAt: 'The NetworkPolicies in `policy.files`. One that lists `Egress` in `policyTypes` and has no `egress` rule cuts its pods off from everything, DNS and databases included, unless another NetworkPolicy of the files allows them something. '
      + 'A NetworkPolicy for all pods (`podSelector: {}`) without rules is the usual default and is left out.',
    example: 'kind: NetworkPolicy\nspec:\n  podSelector: { matchLabels: { app: api } }\n  policyTypes: [Ingress, Egress]\n  ingress: [{}]',
  },
  'certificates': {
    looksAt: 'The certificates that the hosts of `environment-url` and of smoke checks by `https://` present in a TLS handshake, through the proxy of the environment if there is one; nothing is requested from them. '
      + 'With `policy.certificates.ingresses: true`, also `tls.crt` in the Secrets of the Ingresses that lead to Services of the workloads, if the account is allowed to read them, which the documented Role does not include. '
      + 'A host that does not answer is not a finding: a line of the log says so, and a warning if the level is `deny`.',
    example: 'policy:\n  rules:\n    certificates: deny\n  certificates:\n    days: 21\n    ingresses: true',
  },
  'connections': {
    looksAt: 'The most connections that the workloads of the run can open at the same time: (pods + pods of a rollout) × `processes` × `pool`, summed over all workloads. Pods are the `maxReplicas` of a HorizontalPodAutoscaler if there is one, '
      + 'and `replicas` otherwise; those of a rollout are the `maxSurge` of that number. A DaemonSet counts with its nodes, a CronJob with its `parallelism`. `pool` and `processes` are numbers, or environment variables of the containers: `$(DB_POOL_SIZE)`. '
      + 'The account needs `list horizontalpodautoscalers` to see autoscalers; without it, the rule counts `replicas` and a warning says so. Other apps of the database, and connections of people, are not counted.',
    example: 'policy:\n  connections:\n    limit: 97           # max_connections 100, less 3 for administrators\n    pool: $(DB_POOL_SIZE)\n    processes: 4         # workers of one container',
  },
  'environments': {
    looksAt: 'The environments of the settings file against the one of the run: build arguments, variables of `policy.env`, workloads, a test gate and smoke checks that another environment has and this one lacks. '
      + 'With `policy.compare-with`, also the names of the environment variables of the same workloads in the namespaces of these environments, in both directions, if the account is allowed to read the workloads there. Values are not compared: they differ on purpose.',
    example: 'policy:\n  rules:\n    environments: warn\n  compare-with: [staging]',
  },
  'commands': {
    looksAt: 'The exit code of each command of `policy.commands`. It gets the path of a YAML file in `DEPLOY_OBJECTS`: all objects as they would be after the change, one document each, without `managedFields` and `status`. '
      + 'The values of Secrets are empty in it. `DEPLOY_ENVIRONMENT` is the name of the environment. A command can take 2 minutes, and its last lines are in the log and in the report. What it finds is one finding, however many violations it lists.',
    example: 'policy:\n  commands:\n    - conftest test --policy policy "$DEPLOY_OBJECTS"\n    - kyverno apply policies/ --resource "$DEPLOY_OBJECTS"',
  },
  'exceptions': {
    looksAt: 'The exceptions in `policy.allow`. One that has expired no longer allows its finding, and is a finding itself. From 14 days before its end it is a warning, and so is one that matches nothing: a misspelt name, or something that is fixed. '
      + 'An exception applies on its last day, in UTC. If the same file serves several environments, put an exception under the environment that needs it.',
    example: 'policy:\n  allow:\n    - rule: non-root\n      subject: deployment/legacy:app\n      reason: "INC-1234: the vendor image needs root until 2.0"\n      until: 2027-01-31',
  },
};
