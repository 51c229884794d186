import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { readSettings } from '../../src/telemetry/otlp/settings.js';
import { wantsTrace } from '../../src/telemetry/wanted.js';
import { root } from '../docs/pages.js';

type Texts = Readonly<Record<string, string>>;
interface Step { readonly id?: string; readonly uses?: string; readonly run?: string; readonly with?: Texts; readonly env?: Texts }
interface Job {
  readonly 'uses'?: string;
  readonly 'permissions'?: object;
  readonly 'timeout-minutes'?: unknown;
  readonly 'concurrency'?: { readonly group: string; readonly 'cancel-in-progress': boolean };
  readonly 'environment'?: unknown;
  readonly 'steps'?: readonly Step[];
}
interface Input { readonly description?: string; readonly type?: string }
type Inputs = Readonly<Record<string, Input>>;
interface Workflow {
  readonly on: { readonly workflow_call?: { readonly inputs?: Inputs; readonly secrets?: Inputs; readonly outputs?: Inputs } };
  readonly permissions?: object;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folders = ['.github/workflows', '__tests__/workflows/frames'];
const files = folders.flatMap((folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.yml')).map((name) => `${folder}/${name}`));
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const read = (path: string): Workflow => parse(textOf(path)) as Workflow;
const jobsOf = (path: string): readonly (readonly [string, Job])[] => Object.entries(read(path).jobs);

describe.each(files)('%s', (path) => {
  it('gives nothing to the token but what a job needs', () => {
    expect(read(path).permissions).toEqual({});
    expect(jobsOf(path).filter(([, { permissions }]) => permissions === undefined).map(([id]) => id)).toEqual([]);
  });
  it('limits the time of every job', () => {
    expect(jobsOf(path).filter(([, job]) => job.uses === undefined && job['timeout-minutes'] === undefined).map(([id]) => id)).toEqual([]);
  });
  it('has no expression in a script', () => {
    expect(jobsOf(path).flatMap(([, { steps = [] }]) => steps.flatMap(({ run }) => (run?.includes('${{') ? [run] : [])))).toEqual([]);
  });
  it('describes what a caller gives and gets', () => {
    const { inputs = {}, secrets = {}, outputs = {} } = read(path).on.workflow_call ?? {};
    expect(Object.entries({ ...inputs, ...secrets, ...outputs }).filter(([, { description = '' }]) => description.length < 10)).toEqual([]);
    expect(Object.entries(inputs).filter(([, { type }]) => type === undefined)).toEqual([]);
  });
});

describe('actions of others', () => {
  const uses = [...files, 'all/action.yml'].flatMap((path) => [...textOf(path).matchAll(/uses: (\S+)(?: # (\S+))?/g)].map(([, action = '', version]) => ({ path, action, version })));
  const others = uses.filter(({ action }) => !action.startsWith('$/'));

  it('are pinned to a commit, with its version beside it', () => {
    expect(others.length).toBeGreaterThan(10);
    expect(others.filter(({ action, version = '' }) => !/@[0-9a-f]{40}$/.test(action) || !/^v\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
  it('have the same commit wherever they are used', () => {
    const byName = new Map<string, Set<string>>();
    for (const { action, version } of others) {
      const [name = '', commit] = action.split('@');
      const repository = name.split('/').slice(0, 2).join('/');
      byName.set(repository, (byName.get(repository) ?? new Set()).add(`${commit} ${version}`));
    }
    expect([...byName].filter(([, pins]) => pins.size > 1)).toEqual([]);
  });
});

describe('the workflows that others call', () => {
  const { deploy, then, finally: last } = read('.github/workflows/deploy.yml').jobs;
  const alike = (job: Job | undefined, name: string): unknown =>
    JSON.parse(JSON.stringify({ ...job, needs: '', if: '', name: '' }).replaceAll(`inputs.${name}`, 'inputs.environment'));

  it('deploy to each environment in the same way', () => {
    expect(alike(then, 'then')).toEqual(alike(deploy, 'environment'));
    expect(alike(last, 'finally')).toEqual(alike(deploy, 'environment'));
  });
  it('build once, and hand the digest on', () => {
    const all = jobsOf('.github/workflows/deploy.yml').flatMap(([id, { steps = [] }]) => steps.map((step) => [id, step.uses] as const));
    expect(all.filter(([, action]) => action === '$/build').map(([id]) => id)).toEqual(['build']);
    for (const job of [deploy, then, last]) expect(job?.steps?.find(({ uses }) => uses === '$/rollout')?.with?.digest).toBe('${{ inputs.digest || needs.build.outputs.digest }}');
  });
  it.each(['deploy', 'rollback'])('%s never stops a deployment half-way', (name) => {
    const limits = jobsOf(`.github/workflows/${name}.yml`).map(([, { concurrency }]) => concurrency);
    expect(limits.every((limit) => limit?.['cancel-in-progress'] === false)).toBe(true);
  });
  it.each(['deploy', 'rollback'])('%s queues an app for itself, whatever other apps of the repository do', (name) => {
    const groups = jobsOf(`.github/workflows/${name}.yml`).map(([, { concurrency }]) => concurrency?.group ?? '');
    expect(groups.filter((group) => !['config', 'app', 'image'].every((input) => group.includes(`\${{ inputs.${input} }}`)))).toEqual([]);
  });
  it('let a rollback start whatever waits to be deployed', () => {
    const groups = (name: string): readonly string[] => jobsOf(`.github/workflows/${name}.yml`).map(([, { concurrency }]) => concurrency?.group ?? '');
    expect(groups('deploy').filter((group) => groups('rollback').includes(group))).toEqual([]);
  });
  it.each([['\n'], ['\r\n'], ['\r']])('show the reason of a rollback as code, with the line break %j in it too', (lineBreak) => {
    const { run = '' } = read('.github/workflows/rollback.yml').jobs['rollback']?.steps?.[0] ?? {};
    const env = { ...process.env, REASON: `It is slow.${lineBreak}# @acme/all`, WHO: 'me' };
    const [, ...lines] = execFileSync('bash', ['-c', run.replace('>> "$GITHUB_STEP_SUMMARY"', '| cat')], { env, encoding: 'utf8' }).split(/\r\n?|\n/);
    expect(lines.filter((line) => line.trim() !== '')).toEqual(['    It is slow.', '    # @acme/all']);
  });
  it('refuse a rollback whose reason is only spaces, which the action takes as not given', () => {
    const { run = '' } = read('.github/workflows/rollback.yml').jobs['rollback']?.steps?.[0] ?? {};
    const { status, stdout } = spawnSync('bash', ['-c', run], { env: { ...process.env, REASON: ' \t          ', WHO: 'me', GITHUB_STEP_SUMMARY: '/dev/null' }, encoding: 'utf8' });
    expect([status, stdout]).toEqual([1, expect.stringMatching(/^::error title=No reason::The input reason is empty\./)]);
  });
  it('send the token of the job to ghcr.io alone', () => {
    for (const name of ['deploy', 'rollback', 'pr-checks']) {
      const steps = jobsOf(`.github/workflows/${name}.yml`).flatMap(([, { steps: own = [] }]) => own).filter((step) => step.with?.['registry-password'] !== undefined);
      expect(steps.length).toBeGreaterThan(0);
      for (const step of steps) {
        expect(step.with?.registry).toContain(`(inputs.registry-username == '' && inputs.ghcr && 'ghcr.io')`);
        expect(step.with?.['registry-password']).toContain(`(inputs.registry-username == '' && inputs.ghcr && github.token)`);
      }
    }
  });
  it.each(['deploy', 'rollback'])('%s passes each secret on by its name, to every step of this repository that reports how it ends', (name) => {
    const path = `.github/workflows/${name}.yml`;
    const passed = Object.keys(read(path).on.workflow_call?.secrets ?? {}).filter((secret) => !['KUBECONFIG', 'REGISTRY_PASSWORD'].includes(secret));
    expect(passed).toEqual(expect.arrayContaining(['SLACK_WEBHOOK', 'PUSHGATEWAY_PASSWORD', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS']));
    const steps = jobsOf(path).flatMap(([, { steps: own = [] }]) => own).filter(({ uses }) => ['$/build', '$/rollout', '$/rollback'].includes(uses ?? ''));
    expect(steps).toHaveLength(name === 'deploy' ? 4 : 1);
    for (const { env } of steps) expect(env).toEqual(Object.fromEntries(passed.map((secret) => [secret, `\${{ secrets.${secret} }}`])));
    const documented = textOf('docs/workflows.md');
    expect(passed.filter((secret) => !documented.includes(`\`${secret}\``) && !documented.includes(`env:${secret}\``))).toEqual([]);
  });
  it('leave a collector that the environment of a runner names as it is: an empty secret does not hide it', () => {
    const env = parse(textOf('.github/workflows/rollback.yml')) as Workflow;
    const names = Object.values(env.jobs).flatMap(({ steps = [] }) => steps.flatMap((step) => Object.keys(step.env ?? {}))).filter((name) => name.startsWith('OTEL_'));
    const runner = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a' };
    const step = { ...runner, ...Object.fromEntries(names.map((name) => [name, ''])) };
    expect([names.length, wantsTrace(step), readSettings(step)]).toMatchObject([2, true, { url: 'http://collector:4318/v1/traces', headers: { 'api-key': 'a' } }]);
  });
  it('cancel the check of a commit that a newer one has replaced', () => {
    const [[, check] = []] = jobsOf('.github/workflows/pr-checks.yml');
    expect(check?.concurrency).toMatchObject({ 'cancel-in-progress': true, 'group': expect.stringContaining('${{ github.event.pull_request.number || github.ref }}') });
  });
});
