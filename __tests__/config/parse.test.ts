import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { settingsPath, type ParsedConfig } from '../../src/config/parse.js';
import { policyOf } from '../../src/config/sections/policy.js';
import { settingNames } from '../../src/config/settings.js';
import { actionNames, type ActionName } from '../../src/outcome/action.js';
import { ConfigError, describeProblem } from '../../src/outcome/errors.js';
import { parseTexts, type Texts } from './parse-texts.js';
import { anyCharacter } from '../any-character.js';

type Inputs = Readonly<Record<string, string>>;
const path = '.github/deploy.yml';
const digest = `sha256:${'a'.repeat(64)}`;

const parse = (inputs: Inputs, text?: string, more: Partial<Texts> = {}): ParsedConfig => parseTexts({ action: 'deploy', inputs, text, ...more });

/** The problems, as they are shown. */
function problems(inputs: Inputs, text?: string, more: Partial<Texts> = {}): readonly string[] {
  try {
    parse(inputs, text, more);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.code).toBe('config-invalid');
    return error.problems.map(describeProblem);
  }
}
const warnings = (...args: Parameters<typeof parse>): readonly string[] => parse(...args).warnings.map(describeProblem);

describe('a password that is in the environment of a terminal', () => {
  const password = { 'registry-password': 'p' };
  const ambient = { ambient: ['registry-password'] };
  const workloads = { workloads: 'deployment/api' };

  it.each<[ActionName, Inputs, string | undefined]>([
    ['rollback', { ...workloads }, undefined],
    ['rollback', { ...workloads }, 'registry-username: u'],
    ['build', { image: 'ghcr.io/acme/api' }, undefined],
  ])('is ignored by %s where nothing uses it: %j, %j', (action, inputs, text) => {
    expect(problems({ ...inputs, ...password }, text, { action })).toHaveLength(1);
    expect(parse({ ...inputs, ...password }, text, { action, ...ambient }).config.login).toBeUndefined();
  });
  it('is used where its user name is given', () => {
    expect(parse({ 'image': 'ghcr.io/acme/api', 'registry-username': 'u', ...password }, undefined, ambient).config.login).toEqual({ registry: 'ghcr.io', username: 'u', password: 'p' });
    expect(parse({ ...workloads, ...password }, 'registry-username: u\nimage: ghcr.io/acme/api', { action: 'rollback', ...ambient }).config.login).toMatchObject({ username: 'u' });
  });
});

describe('a Config', () => {

  it('has defaults', () => {
    expect(parse({ image: 'ghcr.io/acme/My_Api'.toLowerCase() }).config).toEqual({
      app: 'my-api', image: 'ghcr.io/acme/my_api', dryRun: false, cluster: {}, workloads: [], timeoutMs: 600_000, smoke: [], rollback: 'auto',
      proveFirst: true, advice: true, lockTimeoutMs: 600_000, freeze: [], windows: [], notify: [], databases: [], policy: policyOf({}, '.', []),
      build: { context: '.', buildArgs: {}, buildSecrets: {}, platforms: [], labels: {}, cache: 'none' },
    });
  });

  it('names its app also where it is not valid', () => {
    const app = (inputs: Record<string, string>, file?: string) => {
      try {
        parse({ timeout: '10', ...inputs }, file, { facts: { defaultApp: 'acme/monorepo' } });
      } catch (error) {
        return (error as ConfigError).app;
      }
    };
    expect([app({}), app({ image: 'ghcr.io/acme/api' }), app({}, 'image: ghcr.io/acme/api'), app({ app: 'shop' }, 'image: ghcr.io/acme/api')]).toEqual([undefined, 'api', 'api', 'shop']);
  });

  it('has every input', () => {
    const { config, warnings: none } = parse({
      'environment': '', 'environment-url': 'https://shop.example/', 'app': 'shop', 'dry-run': 'true', 'test': '\n npm ci\r\n\r\nnpm test  \n', 'working-directory': 'web', 'image': 'r.example:5000/a/b',
      'context': 'web', 'dockerfile': 'web/Dockerfile', 'target': 'prod', 'build-args': 'A=1\nB=x=y', 'build-secrets': 'npm=token\nkey=env:KEY',
      'platforms': 'linux/amd64, linux/arm64/v8', 'labels': 'a.b=c', 'builder': 'b', 'cache': 'gha', 'tags': 'v1,latest\nv1',
      'registry-username': 'u', 'registry-password': ' p w \n', 'kubeconfig': '/etc/kube/config', 'kube-context': 'ctx', 'namespace': 'ns',
      'kubectl-url': 'https://m.example/{version}/kubectl', 'kubectl-sha256': 'b'.repeat(64), 'workloads': 'deploy/a, sts/b:c', 'timeout': '1h30m',
      'smoke': 'service/a:80/ -> 200,204 contains ok', 'rollback': 'off', 'prove-first': 'false', 'advice': 'off', 'lock-timeout': '0s',
      'freeze': 'Fri 16:00 – Mon 08:00 Europe/Paris\n22:00-06:00 UTC', 'windows': 'Sun 02:00-04:00 UTC', 'freeze-override': 'INC-1: the shop is down',
    }, undefined, { facts: { env: { KEY: 'one\nlonger line' } } });
    expect(config).toEqual({
      app: 'shop', environmentUrl: 'https://shop.example/', dryRun: true, gate: { commands: [' npm ci', '', 'npm test'], workingDirectory: 'web' }, image: 'r.example:5000/a/b', tags: ['v1', 'latest'],
      build: {
        context: 'web', dockerfile: 'web/Dockerfile', target: 'prod', buildArgs: { A: '1', B: 'x=y' }, buildSecrets: { npm: 'token', key: 'one\nlonger line' },
        platforms: ['linux/amd64', 'linux/arm64'], labels: { 'a.b': 'c' }, builder: 'b', cache: 'gha',
      },
      login: { registry: 'r.example:5000', username: 'u', password: ' p w ' },
      cluster: { kubeconfig: { path: '/etc/kube/config' }, context: 'ctx', namespace: 'ns', kubectlUrl: 'https://m.example/{version}/kubectl', kubectlSha256: 'b'.repeat(64) },
      workloads: [{ kind: 'deployment', name: 'a' }, { kind: 'statefulset', name: 'b', container: 'c' }],
      timeoutMs: 5_400_000, rollback: 'off', proveFirst: false, advice: false, lockTimeoutMs: 0, notify: [], databases: [], policy: policyOf({}, 'web', []),
      freeze: [
        { text: 'Fri 16:00 – Mon 08:00 Europe/Paris', fromMinute: 8160, toMinute: 1920, timeZone: 'Europe/Paris' },
        { text: '22:00-06:00 UTC', fromMinute: 1320, toMinute: 1800, days: 7, timeZone: 'UTC' },
      ],
      windows: [{ text: 'Sun 02:00-04:00 UTC', fromMinute: 120, toMinute: 240, timeZone: 'UTC' }], freezeOverride: 'INC-1: the shop is down',
      smoke: [{ text: 'service/a:80/ -> 200,204 contains ok', target: { type: 'service', name: 'a', port: '80', path: '/' }, statuses: [200, 204], contains: 'ok', at: { where: 'input smoke' } }],
    });
    expect(none).toEqual([]);
  });

  it('builds only where an image is to be built', () => {
    expect(parse({ image: 'a', digest, workloads: 'deploy/a' }).config.build).toBeUndefined();
    expect(parse({ image: 'a', digest, workloads: 'deploy/a' }, undefined, { action: 'rollout' }).config.build).toBeUndefined();
    expect(parse({ image: 'a' }, undefined, { action: 'rollback' }).config.build).toBeUndefined();
    expect(parse({ image: 'a' }, undefined, { action: 'build' }).config.build).toBeDefined();
  });

  it('goes back to the release that is named', () => {
    expect(parse({ app: 'a' }, undefined, { action: 'rollback' }).config).not.toHaveProperty('to');
    expect(parse({ app: 'a', to: ' 12 ' }, undefined, { action: 'rollback' }).config.to).toBe('12');
  });

  it('does not hold up a rollback by the calendar', () => {
    const file = 'app: a\nfreeze: 00:00-24:00 UTC\nwindows: [Sun 02:00-04:00 UTC]\nprove-first: false\nlock-timeout: 1m\n';
    expect(parse({}, file, { action: 'rollback' }).config).toMatchObject({ freeze: [], windows: [], proveFirst: false, lockTimeoutMs: 60_000 });
  });

  it.each([['nginx', 'docker.io'], ['index.docker.io/acme/api', 'docker.io'], ['localhost/api', 'localhost'], ['r.example:5000/api', 'r.example:5000']])('logs in for %s to %s', (image, registry) => {
    expect(parse({ image, 'registry-username': 'u', 'registry-password': 'p' }).config.login?.registry).toBe(registry);
  });

  it('names the app', () => {
    const app = (inputs: Inputs, defaultApp?: string) => parse({ test: 'x', ...inputs }, undefined, { facts: { defaultApp } }).config.app;
    expect([app({ app: 'x', image: 'a/b' }), app({ image: 'a/b' }, 'repo'), app({}, 'acme/My.Repo'), app({})]).toEqual(['x', 'b', 'my-repo', 'app']);
  });
});

describe('the layers', () => {
  const file = `
image: ghcr.io/acme/api
build-args: {A: file, B: file, N: 1.20, T: true}
labels: {a: b}
tags: [1.20, main]
workloads: |
  deployment/api
smoke: [https://a.example]
test: [npm ci, "npm test"]
environments:
  prod:
    build-args: {B: prod, C: prod}
    smoke:
      - {target: service/api:80/x, status: [200, 404], contains: "ok"}
      - {target: https://b.example, status: 204}
    timeout: 15m
  empty:
  bare: {smoke: [], workloads: [], freeze: []}
  patient: {patience: {not-ready: 0s, unschedulable: 10m}}
freeze: |
  Fri 16:00 – Mon 08:00 Europe/Paris
patience: {not-ready: 2m, crash-loop: 30s}
`;
  it('overlay the top of the file by the environment, and both by inputs', () => {
    const { config } = parse({ 'environment': 'prod', 'build-args': 'C=input', 'timeout': '20m', 'tags': 'v1' }, file);
    expect(config.build?.buildArgs).toEqual({ A: 'file', B: 'prod', C: 'input', N: '1.20', T: 'true' });
    expect(config.timeoutMs).toBe(1_200_000);
    expect(config.tags).toEqual(['v1']);
    expect(config.gate?.commands).toEqual(['npm ci', 'npm test']);
    expect(config.environment).toBe('prod');
    expect(config.smoke.map(({ text, statuses }) => [text, statuses])).toEqual([
      ['service/api:80/x -> 200,404 contains ok', [200, 404]], ['https://b.example -> 204', [204]],
    ]);
  });

  it('take an empty environment and take back lists', () => {
    expect(parse({ environment: 'empty' }, file).config.tags).toEqual(['1.20', 'main']);
    expect(parse({ environment: 'bare' }, file).config).toMatchObject({ smoke: [], workloads: [], freeze: [] });
    expect(parse({ environment: 'empty' }, file).config.freeze).toHaveLength(1);
  });

  it('join patience cause by cause', () => {
    expect(parse({}, file).config.patienceMs).toEqual({ 'not-ready': 120_000, 'crash-loop': 30_000 });
    expect(parse({ environment: 'patient' }, file).config.patienceMs).toEqual({ 'not-ready': 0, 'crash-loop': 30_000, 'unschedulable': 600_000 });
  });

  it('take every scalar of the file as the text that an input would be', () => {
    const config = (text: string) => parse({ workloads: 'deploy/a' }, text).config;
    expect(config('image: 5\nprove-first: "false"\nnamespace: 1e3\ntags: [1.20, true, 0x10]')).toMatchObject({
      image: '5', proveFirst: false, cluster: { namespace: '1e3' }, tags: ['1.20', 'true', '0x10'],
    });
    expect(config('image: a\nsmoke: [{target: https://a.example, status: "204", contains: 5}]').smoke).toMatchObject([{ text: 'https://a.example -> 204 contains 5' }]);
    expect(config('image: a\ntest: [true, 7]').gate?.commands).toEqual(['true', '7']);
  });

  it('give each action what it has as inputs', () => {
    const { config } = parse({ digest }, file, { action: 'rollout' });
    expect([config.gate, config.build, config.tags, config.workloads.length]).toEqual([undefined, undefined, undefined, 1]);
  });

  it('know where the file is', () => {
    expect([settingsPath({}), settingsPath({ config: ' a.yml ' })]).toEqual(['.github/deploy.yml', 'a.yml']);
  });
});

describe('problems', () => {
  it('are reported all at once, with their places', () => {
    const text = ['image: Acme/api', 'plattforms: [linux/amd64]', 'timeout: 10', 'workloads:', '  - deplyoment/api', '  - 5', 'smoke:', '  - {target: ftp:x, stats: 200}',
      'environments:', '  prod:', '    cache: regsitry', '    environment: x'].join('\n');
    expect(problems({ 'platforms': 'linux/amd64\nlinux/amd46', 'dry-run': 'ja' }, text)).toEqual([
      'input platforms, line 2: has the platform "linux/amd46", which is not a known platform. Did you mean "linux/amd64"?',
      'input dry-run: is "ja", but must be true or false',
      `${path}:1:1: image: is "Acme/api", but image names have no upper-case letters. Did you mean "acme/api"?`,
      `${path}:2:1: settings file: unknown key "plattforms". Did you mean "platforms"?`,
      `${path}:3:1: timeout: is "10", which has no unit. Did you mean "10s" or "10m"?`,
      `${path}:5:5: workloads[0]: has the kind "deplyoment", which cannot be rolled out. Did you mean "deployment"? Kinds are deployment, statefulset, daemonset and cronjob.`,
      `${path}:6:5: workloads[1]: has "5", which has no kind. Did you mean "deployment/5"?`,
      `${path}:8:6: smoke[0].target: has the target "ftp:x", which is neither a URL nor a Service. Write https://HOST/PATH or service/NAME:PORT/PATH.`,
      `${path}:8:21: smoke[0]: unknown key "stats". Did you mean "status"?`,
      `${path}:11:5: environments.prod.cache: is "regsitry", but must be none, registry or gha. Did you mean "registry"?`,
      `${path}:12:5: environments.prod.environment: cannot be set in the settings file. Give it as an input of the step.`,
    ]);
  });

  const inFile: readonly (readonly [string, string])[] = [
    ['image: [a]', 'image: must be the name of an image, not a list'],
    ['image:', 'image: has no value. Give the name of an image, or remove the line.'],
    ['image: " "', 'image: is empty. Give the name of an image, or remove the line.'],
    ['image: ghcr.io/${{ github.repository }}', 'image: has a "${{" expression, which is not evaluated in this file. Give this setting as an input of the step, where expressions work.'],
    ['build-args: [A=1]', 'build-args: must be a map of names and values, not a list'],
    ['tags: []', 'tags: has no entry. Give a tag such as 1.4.2, or leave it out.'],
    ['tags: {a: b}', 'tags: must be a list of tags, not a map'],
    ['tagz: []', 'settings file: unknown key "tagz". Did you mean "tags"?'],
    ['zzzzzz: 1', 'settings file: unknown key "zzzzzz". All settings are listed in docs/settings.md.'],
    ['test: {a: b}', 'test: must be commands, as text or as a list, not a map'],
    ['environments: [a]', 'environments: must be a map of environments, not a list'],
    ['environment: { production: { namespace: web } }', 'environment: cannot be set in the settings file. Did you mean "environments"?'],
    ['environment: production', 'environment: cannot be set in the settings file. Give it as an input of the step.'],
    ['dry-run: true', 'dry-run: cannot be set in the settings file. Give it as an input of the step.'],
    ['freeze-override: the shop is down', 'freeze-override: cannot be set in the settings file. Give it as an input of the step.'],
    ['to: 12', 'to: cannot be set in the settings file. Give it as an input of the step.'],
    ['prove-first: no', 'prove-first: is "no", but must be true or false. Did you mean "false"?'],
    ['prove-first: 1', 'prove-first: is "1", but must be true or false. Did you mean "true"?'],
    ['prove-first: []', 'prove-first: must be true or false, not a list'],
    ['prove-first: ${{ inputs.x }}', 'prove-first: has a "${{" expression, which is not evaluated in this file. Give this setting as an input of the step, where expressions work.'],
    ['lock-timeout: 0', 'lock-timeout: is "0", which has no unit. Did you mean "0s" or "0m"?'],
    ['patience: 2m', 'patience: must be a map of causes and durations, not text'],
    ['freeze: {Fri: Mon}', 'freeze: must be a list of periods, not a map'],
    [
      'registry-password: hunter2',
      'registry-password: cannot be set in the settings file. Give it as the input `registry-password` from a secret. '
      + 'If this was a real password, replace it: it is in the history of the repository.',
    ],
    [
      'kubeconfig: "{clusters: [{name: x}]}"',
      'kubeconfig: can only be a path in this file. Give it as the input `kubeconfig` from a secret. '
      + 'If this was a real one, replace its credentials: they are in the history of the repository.',
    ],
  ];
  it.each(inFile)('in the file: %s', (text, message) => expect(problems({ image: 'a' }, text)).toEqual([`${path}:1:1: ${message}`]));

  it('of patience name the cause', () => {
    const text = 'patience:\n  crash-lop: 1m\n  smoke-failed: 1m\n  not-ready: 5\n  unschedulable: 25h\n';
    expect(problems({ image: 'a' }, text)).toEqual([
      `${path}:2:3: patience.crash-lop: "crash-lop" is not a cause that is detected during a rollout. Did you mean "crash-loop"?`,
      `${path}:3:3: patience.smoke-failed: "smoke-failed" is not a cause that is detected during a rollout. `
      + 'Use image-not-found, image-pull-denied, image-pull-failed, image-platform-missing, image-name-invalid, crash-loop, out-of-memory, '
      + 'probe-killed, hook-failed, evicted, container-start, init-failed, container-config, volume-mount, unschedulable, quota-exceeded, admission-denied, '
      + 'not-ready or wrong-version-serving.',
      `${path}:4:3: patience.not-ready: is "5", which has no unit. Did you mean "5s" or "5m"?`,
      `${path}:5:3: patience.unschedulable: is "25h", which is longer than 24 hours. Give at most 24h.`,
    ]);
  });

  it('of a build secret in the file do not show it', () => {
    const [message] = problems({ image: 'a' }, 'build-secrets:\n  npm: hunter2');
    expect(message).toMatch(/^\.github\/deploy\.yml:2:3: build-secrets\.npm: is not "env:NAME", and the value of a secret does not belong in a file\./);
    expect(message).not.toContain('hunter2');
  });

  it.each<readonly [Inputs, string]>([
    [{ plattforms: 'x' }, 'inputs: unknown input "plattforms". Did you mean "platforms"?'],
    [{ image: 'a\nb' }, 'input image: has 2 lines, but must have one. Write the value on one line.'],
    [{ namespace: 'a\u0000b' }, 'input namespace: has the invisible character U+0000. Type the value again instead of pasting it.'],
    [{ image: 'a'.repeat(1024 * 1024) }, 'input image: is 1024 KiB large, and the limit is 64 KiB. Put the content into a file of the repository and name that instead.'],
    [{ test: 'a'.repeat(257 * 1024) }, 'input test: is 257 KiB large, and the limit is 256 KiB. Put the content into a file of the repository and name that instead.'],
    [{ test: 'a\u001b[2J' }, 'input test: has the invisible character U+001B. Type the value again instead of pasting it.'],
    [{ tags: 'x'.repeat(5000) }, 'input tags: has an entry of 5000 characters. An entry has at most 4096.'],
    [{ tags: ',' }, 'input tags: has no entry. Give a tag such as 1.4.2, or leave it out.'],
    [{ platforms: 'linux/arm64,linux/arm64/v8' }, 'input platforms: has "linux/arm64" twice. Remove one of them.'],
    [{ workloads: 'deploy/a\ndeployment/a' }, 'input workloads, line 2: has "deployment/a" twice. Remove one of them.'],
    [
      { workloads: 'deploy/a\ndeploy/a:b' },
      'input workloads, line 2: names "deployment/a" both with a container and without. '
      + 'Without a container, it means every container that runs the image. Keep one of the two.',
    ],
    [{ 'build-args': 'A=1\nA=2' }, 'input build-args, line 2: has "A" twice. Remove one of them.'],
    [{ patience: 'not-ready=2m' }, 'input patience: can only be set in the settings file. Put `patience:` there.'],
    [{ workload: 'deploy/a' }, 'inputs: unknown input "workload". Did you mean "workloads"?'],
    [{ kube_context: 'prod' }, 'inputs: unknown input "kube_context". Did you mean "kube-context"?'],
    [{ to: '12' }, 'inputs: unknown input "to". It is an input of acci/deploy-action/rollback, not of acci/deploy-action.'],
    [
      { cluster: 'prod' },
      'inputs: unknown input "cluster". Remove it: docs/settings.md lists all inputs. If "INPUT_CLUSTER" is a variable of your own under `env:`, '
      + 'rename it: the runner passes inputs in variables with this prefix.',
    ],
    [{ freeze: 'Sun 02:00-04:00 UTC\n\nFri 16:00 - Mon 08:00' }, 'input freeze, line 3: has "Fri 16:00 - Mon 08:00", which names no time zone. Add one at its end, e.g. Europe/Paris or UTC.'],
    [{ windows: 'Sun 02:00-04:00 UTC\nSun  02:00-04:00 UTC' }, 'input windows, line 2: has "Sun 02:00-04:00 UTC" twice. Remove one of them.'],
    [{ 'freeze-override': 'yes', 'freeze': '22:00-06:00 UTC' }, 'input freeze-override: is too short: a reason has at least 10 characters. Explain in a few words why it cannot wait, e.g. "INC-1234: the checkout is down".'],
    [{ 'kubectl-sha256': 'x' }, 'input kubectl-sha256: is not a SHA-256. Give 64 hexadecimal digits in lower case, as `sha256sum` prints them.'],
    [{ kubeconfig: 'a: b' }, 'input kubeconfig: is not a kubeconfig: it has no `clusters`. Give the content of a kubeconfig, its base64 form, or the path of a file.'],
  ])('in inputs: %j', (inputs, message) => expect(problems({ image: 'a', ...inputs })).toEqual([message]));

  it.each<readonly [ActionName, Inputs, readonly string[]]>([
    ['build', { image: 'a', workloads: 'deploy/a', namespace: 'web' }, [
      'inputs: unknown input "workloads". It is an input of acci/deploy-action, acci/deploy-action/rollout, acci/deploy-action/rollback, acci/deploy-action/pr-check and acci/deploy-action/restore, not of acci/deploy-action/build.',
      'inputs: unknown input "namespace". It is an input of acci/deploy-action, acci/deploy-action/rollout, acci/deploy-action/rollback, acci/deploy-action/pr-check, acci/deploy-action/backup and acci/deploy-action/restore, not of acci/deploy-action/build.',
    ]],
    ['rollback', { app: 'a', digst: 'x' }, ['inputs: unknown input "digst". "digest" is an input of acci/deploy-action, acci/deploy-action/rollout and acci/deploy-action/pr-check, not of acci/deploy-action/rollback.']],
    ['rollout', { workload: 'deploy/a', timeout: 'soon' }, [
      'inputs: unknown input "workload". Did you mean "workloads"?',
      'input timeout: is "soon", which is not a duration. Write a number with a unit, e.g. 90s, 10m or 1h30m.',
    ]],
    ['deploy', {}, ['settings: nothing to do. Set `test`, `image` or `workloads`, as an input or in the settings file.']],
    ['build', {}, ['settings: nothing to do. Set `test` or `image`, as an input or in the settings file.']],
    ['rollback', {}, ['settings: nothing to roll back. Set `workloads`, `image` or `app`, as an input or in the settings file.']],
    ['rollout', {}, [
      'input image: is missing. Name the repository of the image, e.g. ghcr.io/acme/api.',
      'input digest: is missing. Give the output `digest` of the build that pushed the image.',
      'input workloads: is missing. Name the workloads that run the image, e.g. deployment/api.',
    ]],
    ['deploy', { workloads: 'deploy/a:b' }, ['input workloads: needs `image`, which is not given. Name the repository of the image that they run, e.g. ghcr.io/acme/api.']],
    ['deploy', { test: 'x', digest }, ['input digest: needs `image`, which is not given. Name the repository that has this digest.']],
    ['deploy', { image: 'a', digest }, [
      'settings: nothing to do: with `digest` nothing is built, and there are no `workloads`. Name the workloads to roll out, or remove `digest` to build the image.',
    ]],
    ...([
      { kubeconfig: '/k' }, { 'kube-context': 'c' }, { namespace: 'ns' }, { timeout: '5m' }, { smoke: 'https://a.example' }, { rollback: 'off' }, { 'prove-first': 'false' },
      { 'lock-timeout': '0s' }, { freeze: '22:00-06:00 UTC' }, { windows: '22:00-06:00 UTC' }, { 'kubectl-sha256': 'a'.repeat(64) }, { test: 'x', digest },
    ] as readonly Inputs[]).map((input): [ActionName, Inputs, string[]] => ['deploy', { image: 'a', ...input }, [
      `input ${Object.keys(input).at(-1)}: nothing is rolled out, because there are no \`workloads\`. Name the workloads that run the image, e.g. deployment/api. To only test and build, remove it.`,
    ]]),
    ['deploy', { test: 'x', kubeconfig: '/k', namespace: 'web', smoke: 'https://a.example' }, [
      'inputs kubeconfig, namespace and smoke: nothing is rolled out, because there are no `workloads`. Name the workloads that run the image, e.g. deployment/api. '
      + 'To only test and build, remove them.',
    ]],
    ['deploy', { namespace: 'web' }, ['settings: nothing to do. Set `test`, `image` or `workloads`, as an input or in the settings file.']],
    ['deploy', { 'image': 'a', 'registry-username': 'u', 'registry-password': '  ' }, [
      'input registry-username: needs `registry-password`, which is not given or empty. A secret that does not exist, or that this run is not allowed to read (as in a pull request from a fork), is empty.',
    ]],
    ['build', { 'image': 'a', 'registry-password': 'p' }, ['input registry-password: needs `registry-username`, which is not given. For ghcr.io it is ${{ github.actor }}.']],
    ['deploy', { 'image': 'a', 'build-secrets': 'x=env:MISSING' }, [
      'input build-secrets, x: its environment variable is not set or empty. Set it under `env:` of the step (with a reusable workflow under `secrets:` of the job), from a secret that exists and that this run is allowed to read.',
    ]],
    ['deploy', { image: 'a', workloads: 'deploy/a', kubeconfig: 'clusters: [{name: c}]\ncontexts: [{name: prod}]' }, [
      'input kubeconfig: has no `current-context`, so kubectl cannot choose a cluster. Set `kube-context`. It has "prod".',
    ]],
    ['rollback', { 'app': 'a', 'kube-context': 'prd', 'kubeconfig': 'clusters: [{name: c}]\ncontexts: [{name: prod}]' }, [
      'input kubeconfig: has no context "prd". Did you mean "prod"?',
    ]],
  ])('together: %s %j', (action, inputs, messages) => expect(problems(inputs, undefined, { action })).toEqual(messages));

  it('of the environment and of the file', () => {
    const text = 'image: a\nenvironments:\n  production: {}\n  staging: {}\n';
    expect(problems({ environment: 'prodution' }, text)).toEqual([
      `input environment: "prodution" is not in ${path}. Did you mean "production"? The file has "production", "staging".`,
    ]);
    expect(problems({ config: 'a.yml', image: 'a' }, undefined, { path: 'a.yml' })).toEqual([
      'input config: the file "a.yml" does not exist. Check the path, which is relative to the root of the repository, and that an earlier step checks out the repository.',
    ]);
    expect(problems({ image: 'a' })).toEqual([]);
    expect(problems({ image: 'a' }, 'build-secrets: {x: env:MISSING}')).toEqual([
      `${path}:1:1: build-secrets.x: the environment variable MISSING is not set or empty. Set it under \`env:\` of the step (with a reusable workflow under \`secrets:\` of the job), from a secret that exists and that this run is allowed to read.`,
    ]);
  });

  it('of a kubeconfig in the file come with those of the input', () => {
    expect(problems({ image: 'a', kubeconfig: 'no\nfile' }, 'kubeconfig: {}', { action: 'build' })).toEqual([
      'inputs: unknown input "kubeconfig". It is an input of acci/deploy-action, acci/deploy-action/rollout, acci/deploy-action/rollback, acci/deploy-action/pr-check, acci/deploy-action/backup and acci/deploy-action/restore, not of acci/deploy-action/build.',
      `${path}:1:1: kubeconfig: must be the path of a kubeconfig, not a map`,
    ]);
  });

  it('are no more than anybody reads', () => {
    const found = problems({ workloads: 'x/y\n'.repeat(1000) });
    expect(found).toHaveLength(51);
    expect(found.at(-1)).toBe('settings: have 950 more problems. Fix the problems above first.');
  });
});

describe('warnings', () => {
  it('name what has no effect', () => {
    expect(warnings({ image: 'a', digest, workloads: 'deploy/a', dockerfile: 'x' })).toEqual(['input dockerfile: has no effect: `digest` is given, so nothing is built. Remove it.']);
    expect(warnings({ image: 'a', digest, workloads: 'deploy/a', tags: 'v1' })).toEqual(['input tags: has no effect: `digest` is given, so nothing is built. Remove it.']);
    expect(warnings({ digest, workloads: 'deploy/a' }, 'image: a\ndockerfile: x')).toEqual([]);
    expect(warnings({ test: 'x', tags: 'v1' })).toEqual(['input tags: has no effect: there is no `image` to build. Remove it.']);
    expect(warnings({ 'test': 'x', 'registry-username': 'u', 'registry-password': 'p' })).toEqual(['input registry-username: has no effect: there is no `image` to build. Remove it.']);
    expect(warnings({ 'image': 'a', 'working-directory': 'x' })).toEqual(['input working-directory: has no effect: there is no `test`. Remove it.']);
    expect(warnings({ image: 'a', registry: 'ghcr.io' })).toEqual(['input registry: has no effect: there is no `registry-username` to log in with. Remove it.']);
    expect(warnings({ 'image': 'a', 'registry': 'ghcr.io', 'registry-username': 'u', 'registry-password': 'p' })).toEqual([
      'input registry: is ghcr.io, but the image is at docker.io. Remove `registry` (in a reusable workflow, set `ghcr: false`) to use no login there, and log in to the registry of the image.',
    ]);
    expect(warnings({ image: 'a' }, 'smoke: https://a.example')).toEqual([
      `${path}:1:1: smoke: is not run, because there are no \`workloads\` to roll out. Name the workloads, or remove it.`,
    ]);
    expect(warnings({ 'image': 'a', 'workloads': 'deploy/a', 'freeze-override': 'the shop is down' })).toEqual([
      'input freeze-override: has no effect: neither `freeze` nor `windows` is set. Remove it.',
    ]);
    expect(warnings({ 'image': 'a', 'workloads': 'deploy/a', 'freeze-override': 'the shop is down', 'windows': 'Sun 02:00-04:00 UTC' })).toEqual([]);
    expect(warnings({ image: 'a', environment: 'prod' })).toEqual(['input environment: "prod" is only a label of the run: there is no settings file']);
    expect(warnings({ environment: 'prod' }, 'image: a')).toEqual([`input environment: "prod" is only a label of the run: ${path} has no \`environments:\``]);
  });
});

describe('what only a rollout uses', () => {
  const cluster = 'namespace: web\nkubeconfig: /k\ntimeout: 5m\nrollback: "off"\nfreeze: 22:00-06:00 UTC\n';
  it('may stand in the file, which other steps read too', () => {
    expect(warnings({ image: 'a' }, cluster)).toEqual([]);
    expect(warnings({ image: 'a' }, `${cluster}workloads: deploy/a\nsmoke: https://a.example\n`, { action: 'build' })).toEqual([]);
    expect(warnings({ test: 'x' }, `image: a\ndigest: ${digest}\n`)).toEqual([]);
  });
  it('may be given where an environment says that it rolls nothing out', () => {
    expect(warnings({ image: 'a', environment: 'ci', namespace: 'web' }, 'workloads: deploy/a\nenvironments: {ci: {workloads: []}}')).toEqual([]);
  });
  it('is told of the environments that roll something out, when none is chosen', () => {
    const file = 'image: a\nenvironments: {prod: {workloads: deploy/a}, ci: {}, staging: {workloads: deploy/b}}';
    expect(problems({ kubeconfig: '/k' }, file)).toEqual([
      'input kubeconfig: nothing is rolled out, because there are no `workloads`. The settings file names workloads for the environments "prod" and "staging": set `environment`. '
      + 'To only test and build, remove it.',
    ]);
    expect(warnings({}, file)).toEqual([
      'input environment: is not set, and only environments of the settings file name `workloads`: nothing is rolled out. To roll out, set `environment`. The file has workloads for "prod" and "staging".',
    ]);
    expect([warnings({}, file, { action: 'build' }), warnings({ environment: 'prod' }, file), warnings({ workloads: 'deploy/a' }, file)]).toEqual([[], [], []]);
  });
});

describe('any settings', () => {
  const word = fc.oneof(fc.string({ unit: anyCharacter, maxLength: 20 }), fc.constantFrom('true', 'a/b', '10m', 'deployment/a', 'x=y', 'linux/amd64', `sha256:${'a'.repeat(64)}`));
  it('give a Config or a list of problems', () => {
    fc.assert(fc.property(fc.constantFrom(...actionNames), fc.dictionary(fc.constantFrom(...settingNames), word), fc.option(word), (action, inputs, text) => {
      for (const problem of problems(inputs, text ?? undefined, { action })) expect(problem).not.toMatch(/[\r\n\0]/);
    }), { numRuns: 500 });
  });
});
