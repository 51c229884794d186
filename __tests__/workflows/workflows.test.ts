import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
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

const files = readdirSync(join(root, '.github/workflows')).filter((name) => name.endsWith('.yml')).map((name) => `.github/workflows/${name}`);
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const read = (path: string): Workflow => parse(textOf(path)) as Workflow;
/** The keys of an S3 service have the names that all its programs know, and each purpose has its own keys. */
const nameForProgram = (secret: string): string => secret.replace(/^(?:BACKUP|RESTORE)_(?=(?:SECRET_)?ACCESS_KEY)/, 'AWS_');
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
  it.each(['deploy', 'rollback', 'backup', 'restore', 'restore-drill'])('%s never stops its work half-way', (name) => {
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
  it.each([['deploy', 4], ['rollback', 1], ['backup', 2], ['restore', 2], ['restore-drill', 1]])('%s passes each secret on by its name, to every step of this repository that reports how it ends', (name, count) => {
    const path = `.github/workflows/${name}.yml`;
    const passed = Object.keys(read(path).on.workflow_call?.secrets ?? {}).filter((secret) => !/KUBECONFIG$|^REGISTRY_PASSWORD$/.test(secret));
    expect(passed).toEqual(expect.arrayContaining(['SLACK_WEBHOOK', 'PUSHGATEWAY_PASSWORD', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS']));
    const steps = jobsOf(path).flatMap(([, { steps: own = [] }]) => own).filter(({ uses }) => ['$/build', '$/rollout', '$/rollback', '$/backup', '$/restore'].includes(uses ?? ''));
    expect(steps).toHaveLength(count);
    for (const { env } of steps) expect(env).toEqual(Object.fromEntries(passed.map((secret) => [nameForProgram(secret), `\${{ secrets.${secret} }}`])));
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

describe('the workflows for data', () => {
  const { jobs: { backup } } = read('.github/workflows/backup.yml');
  const { jobs: { drill } } = read('.github/workflows/restore-drill.yml');
  const uploads = [backup, drill].flatMap((job) => job?.steps ?? []).filter(({ uses }) => uses?.startsWith('actions/upload-artifact@'));

  it('upload reports and the badge, and never a backup', () => {
    expect(uploads.map((step) => step.with?.path)).toEqual([
      '${{ steps.backup.outputs.report || steps.check.outputs.report }}', '${{ steps.drill.outputs.report }}', '${{ runner.temp }}/restore-drill-badge.json',
    ]);
  });
  it.each([['backup', backup], ['restore drill', drill]])('%s: list no deployment, and wait for no approval of the environment that is deployed to', (_, job) => {
    expect(job?.environment).toEqual({ name: '${{ inputs.secrets-environment }}', deployment: false });
  });
  it('keep the keys apart: a backup cannot decrypt, a drill can neither write to the store nor sign', () => {
    const namesOf = (job: Job | undefined): readonly string[] => [...new Set((job?.steps ?? []).flatMap(({ env = {}, with: given = {} }) => [...JSON.stringify([env, given]).matchAll(/secrets\.(\w+)/g)].map(([, name = '']) => name)))];
    expect(namesOf(backup).filter((name) => /IDENTITY|RESTORE/.test(name))).toEqual([]);
    expect(namesOf(drill).filter((name) => /BACKUP_(?:SECRET_)?ACCESS|SIGNING/.test(name))).toEqual([]);
  });
  it('never replace the live data: a drill is always one', () => {
    const { with: given } = drill?.steps?.find(({ uses }) => uses === '$/restore') ?? {};
    expect([given?.['into'], Object.keys(given ?? {}).filter((name) => ['confirm', 'fence'].includes(name))]).toEqual(['scratch', []]);
  });
  it('restore only after the plan was printed, and with the same settings', () => {
    const { jobs: { plan, restore } } = read('.github/workflows/restore.yml') as { jobs: Readonly<Record<string, Job & { readonly needs?: string; readonly if?: string; readonly outputs?: Texts }>> };
    const [dry, real] = [plan, restore].map((job) => job?.steps?.find(({ uses }) => uses === '$/restore'));
    expect([restore?.needs, restore?.if, plan?.environment]).toEqual(['plan', '${{ !inputs.dry-run }}', { name: '${{ inputs.plan-environment }}', deployment: false }]);
    // The backup is the one of the plan that was approved, whatever was backed up since.
    expect([plan?.outputs, real?.with?.['backup']]).toEqual([{ backup: '${{ steps.plan.outputs.backup }}' }, '${{ needs.plan.outputs.backup || inputs.backup }}']);
    expect([dry?.with, real?.env]).toEqual([{ ...real?.with, 'backup': '${{ inputs.backup }}', 'dry-run': 'true' }, dry?.env]);
    expect([plan, restore].flatMap((job) => job?.steps ?? []).filter(({ uses }) => uses?.startsWith('actions/upload')).map((step) => step.with?.['path'])).toEqual(['${{ steps.plan.outputs.report }}', '${{ steps.restore.outputs.report }}']);
  });
  it('refuse a restore without a reason, and show it as code', () => {
    const { run = '' } = read('.github/workflows/restore.yml').jobs['plan']?.steps?.[0] ?? {};
    const runWith = (REASON: string): ReturnType<typeof spawnSync> => spawnSync('bash', ['-c', run.replace('>> "$GITHUB_STEP_SUMMARY"', '| cat')], { env: { ...process.env, REASON, WHO: 'me' }, encoding: 'utf8' });
    expect(runWith(' \t ')).toMatchObject({ status: 1, stdout: expect.stringMatching(/^::error title=No reason::/) });
    expect(runWith('# @acme/all')).toMatchObject({ status: 0, stdout: 'Restore requested by me:\n\n    # @acme/all\n' });
  });
  it('look at the age of the last backup if that is all that is wanted, or if a backup has failed', () => {
    const conditions = (backup?.steps ?? []).filter(({ uses }) => uses === '$/backup').map((step) => [step.with?.['check'], (step as { readonly if?: string }).if]);
    expect(conditions).toEqual([['false', '${{ !inputs.check }}'], ['true', "${{ !cancelled() && (inputs.check || steps.backup.outcome == 'failure') }}"]]);
  });
  it('let a check start whatever waits, and nothing replace it', () => {
    expect(backup?.concurrency?.group).toContain("${{ inputs.check && github.run_id || '' }}");
  });
});

describe('the script of a restore drill', () => {
  const steps = read('.github/workflows/restore-drill.yml').jobs['drill']?.steps ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'drill-'));
  afterAll(() => { rmSync(folder, { recursive: true }); });
  /** Runs a step as the runner does. */
  const runStep = (id: string, env: Texts): { readonly code: number | null; readonly said: string; readonly written: string } => {
    const [output, summary] = [join(folder, 'output'), join(folder, 'summary')];
    for (const path of [output, summary]) writeFileSync(path, '');
    const script = steps.find((step) => step.id === id)?.run ?? 'exit 99';
    const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-e', '-c', script], { env: { PATH: process.env['PATH'], GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary, RUNNER_TEMP: folder, ...env }, encoding: 'utf8' });
    return { code: status, said: `${stdout}${stderr}`.trim(), written: `${readFileSync(output, 'utf8')}${readFileSync(summary, 'utf8')}` };
  };
  const figures = (env: Texts): ReturnType<typeof runStep> => runStep('figures', { OUTCOME: 'success', RTO: '181', RPO: '7200', RTO_LIMIT: '3600', RPO_LIMIT: '21600', ...env });
  const badge = (): unknown => JSON.parse(readFileSync(join(folder, 'restore-drill-badge.json'), 'utf8'));

  it('reads the limits', () => {
    expect(runStep('limits', { RTO: '90m', RPO: '08h' })).toEqual({ code: 0, said: '', written: 'rto=5400\nrpo=28800\n' });
    expect(runStep('limits', { RTO: '1d', RPO: '6h' }).written).toBe('rto=86400\nrpo=21600\n');
  });
  it.each(['', '6', '1h30m', '-1h', '1h$(id)', '6h\n7h'])('refuses the limit %j before anything is restored', (limit) => {
    expect(runStep('limits', { RTO: '1h', RPO: limit })).toMatchObject({ code: 1, said: '::error title=Invalid limit::The input rpo is not a number with a unit. Write it as 90m, 6h or 2d.' });
  });
  it('is green within the limits, with the figures in the summary', () => {
    const { code, said, written } = figures({});
    expect([code, said, badge()]).toEqual([0, '', { schemaVersion: 1, label: 'restore drill', message: 'restored in 4 min', color: 'brightgreen', isError: false }]);
    expect(written).toBe('| | measured | limit |\n| --- | --- | --- |\n| time to restore (RTO) | 4 min | 60 min |\n| age of the backup (RPO) | 120 min | 360 min |\n');
  });
  it.each<[string, Texts, string, string]>([
    ['RTO', { RTO: '3601' }, 'too slow', '::error title=RTO exceeded::The restore took 61 min, and the limit is 60 min.'],
    ['RPO', { RPO: '25200' }, 'backup too old', '::error title=RPO exceeded::The newest verified backup is 420 min old, and the limit is 360 min.'],
    ['RTO and RPO', { RTO: '3601', RPO: '25200' }, 'too slow, backup too old', 'title=RPO exceeded'],
    ['drill that failed', { OUTCOME: 'failure', RTO: '', RPO: '' }, 'failed', '::error title=Restore drill::The backup was not restored'],
    ['drill without figures', { RTO: '' }, 'failed', '::error title=Restore drill::The backup was not restored'],
  ])('is red after a missed %s', (_, env, message, said) => {
    const result = figures(env);
    expect([result.code, badge()]).toEqual([1, { schemaVersion: 1, label: 'restore drill', message, color: 'red', isError: true }]);
    expect(result.said).toContain(said);
  });
});
