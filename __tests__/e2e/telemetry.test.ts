import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { startCollector, treeOf, type Collector, type Misbehave, type ReceivedSpan } from '../telemetry/collector.js';
import { closeApi, type Any } from './harness/api.js';
import { inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding } from './harness/ending.js';
import { environment, root } from './harness/environment.js';
import { closeImages } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import type { Space } from './harness/namespace.js';
import { runAction, type ActionResult } from './harness/run-action.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

type Env = Readonly<Record<string, string>>;

/** Runs a test with a collector of its own. */
const collected = (misbehave: Misbehave | undefined, body: (collector: Collector, env: Env) => Promise<void>) => async (): Promise<void> => {
  const collector = await startCollector(misbehave);
  try {
    await body(collector, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  } finally {
    await collector.close();
  }
};

const inBoth = (label: string, body: (space: Space, collector: Collector, env: Env) => Promise<void>) => (): Promise<void> =>
  inSpace(label, (space) => collected(undefined, (collector, env) => body(space, collector, env))())();

/** Without what only reads. */
const outline = (spans: readonly ReceivedSpan[]): string[] => treeOf(spans).filter((line) => !/git|proxy|docker|config|version/.test(line));
const warnings = ({ commands }: ActionResult): string[] => commands.filter(({ name }) => name === 'warning').map(({ message }) => message);
const named = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan | undefined => spans.find((span) => span.name === name);

describe('the trace of a run on the cluster', () => {
  it.concurrent('has its stages and programs, continues the trace around it, and goes with smoke requests', inBoth('trace', async (space, collector, env) => {
    await startHealthy(space);
    const asked: string[] = [];
    const site = createServer((request, response) => {
      asked.push(String(request.headers['traceparent']));
      response.end('v2');
    });
    await new Promise<void>((resolve) => { site.listen(0, '127.0.0.1', resolve); });
    const [traceId, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
    const inputs = rolloutInputs(space, await variant('v2'));
    const result = await runAction({
      action: 'rollout', env: { ...env, TRACEPARENT: `00-${traceId}-${parent}-01`, GITHUB_WORKFLOW: 'ship' },
      inputs: { ...inputs, smoke: `${inputs['smoke']}\nhttp://127.0.0.1:${(site.address() as AddressInfo).port}/ -> 200 contains v2` },
    });
    site.close();
    expectEnding(result, { verdict: 'deployed' });
    expect([collector.faults, collector.requests.length]).toEqual([[], 1]);
    expect(outline(collector.spans)).toEqual(['RUN ship', '  preflight', '  rollout', '    kubectl set image', '  smoke']);
    expect(collector.spans.every((span) => span.traceId === traceId)).toBe(true);
    expect(named(collector.spans, 'RUN ship')).toMatchObject({ parentSpanId: parent, attributes: { 'deploy_action.verdict': 'deployed', 'k8s.namespace.name': space.name } });
    expect(asked.length).toBeGreaterThan(0);
    const stages = collector.spans.filter(({ kind }) => kind === 1).map(({ spanId }) => `00-${traceId}-${spanId}-01`);
    expect(asked.filter((header) => !stages.includes(header))).toEqual([]);
    // A secret of the kubeconfig is in no attribute.
    expect(JSON.stringify(collector.spans.map(({ attributes, message }) => [attributes, message]))).not.toContain('token');
  }));

  it.concurrent('that was rolled back says why and how, and the record and the history say the same', inBoth('traceback', async (space, collector, env) => {
    await startHealthy(space);
    const result = await runAction({ action: 'rollout', inputs: rolloutInputs(space, await variant('v2', 'crash')), env: { ...env, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' } });
    expectEnding(result, { verdict: 'rolled-back', cause: 'crash-loop', stage: 'rollout' });
    expect(collector.faults).toEqual([]);
    expect(outline(collector.spans).filter((line) => !line.includes('kubectl'))).toEqual(['RUN deploy ✗', '  preflight', '  rollout ✗', '  rollback']);
    expect(named(collector.spans, 'rollout')).toMatchObject({ message: expect.stringMatching(/^crash-loop: /), attributes: { 'error.type': 'crash-loop' } });
    expect((await ledgerOf(space)).past).toEqual([expect.objectContaining({ result: 'restored', cause: 'crash-loop' })]);
    expect(result.report.figures).toMatchObject({ changes: 1, deployments: 0, failures: 1, failureRate: null });

    const { exitCode, stdout, stderr } = await cli(['history', '--app', 'app', '--namespace', space.name, '--kubeconfig', space.kubeconfig, '--json']);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ app: 'app', namespace: space.name, runs: [{ verdict: 'rolled-back', cause: 'crash-loop' }], figures: { changes: 1, failures: 1 } });
    expect(await cli(['history'])).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/^error: settings: no app is named\. Set `--app` or `--image`/) });
    expect((await cli(['history', '--app', 'app', '--namespace', space.name, '--kubeconfig', space.kubeconfig])).stdout).toMatch(/^app in namespace \S+\n\nrun .*\n.* rolled-back .* crash-loop$/m);
  }));

  it.concurrent('that was killed is continued by the post step', inBoth('tracepost', async (space, collector, env) => {
    await startHealthy(space);
    const result = await runAction({
      action: 'rollout', inputs: rolloutInputs(space, await variant('v2')), env,
      signals: { at: (line) => line.includes('set image'), send: [{ signal: 'SIGKILL', afterMs: 0, alone: true }] },
    });
    const [, traceId, parent] = /^00-(\w+)-(\w+)-01$/.exec(result.state['traceparent'] ?? '') ?? [];
    expect(result.post?.exitCode).toBe(0);
    expect(collector.faults).toEqual([]);
    expect(outline(collector.spans).filter((line) => !line.includes('kubectl'))).toEqual(['RUN deploy ✗', '  rollback']);
    expect(named(collector.spans, 'RUN deploy')).toMatchObject({ traceId, parentSpanId: parent });
  }));
});

describe('a collector', () => {
  const gate = { action: 'deploy', inputs: { test: 'echo "parent $TRACEPARENT"; echo "to $OTEL_EXPORTER_OTLP_ENDPOINT"; env | grep -c OTEL_EXPORTER_OTLP_HEADERS || true' } } as const;

  it.concurrent('gets the trace of a test gate, which can continue it', collected(undefined, async (collector, env) => {
    const result = await runAction({ ...gate, env: { ...env, OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=hunter2hunter2' } });
    expectEnding(result, { verdict: 'tested' });
    expect(outline(collector.spans)).toEqual(['RUN deploy', '  preflight', '  test', '    bash']);
    const bash = named(collector.spans, 'bash');
    expect(result.log).toContain(`parent 00-${bash?.traceId}-${bash?.spanId}-01`);
    expect(result.log).toContain(`to ${collector.url}`);
    expect(collector.requests[0]?.headers['x-api-key']).toBe('hunter2hunter2');
    expect(result.raw.replace('::add-mask::hunter2hunter2', '')).not.toContain('hunter2');
  }));

  it.concurrent.each<[string, Misbehave | undefined, readonly string[]]>([
    ['gets the commands of a build, and nothing of their arguments', undefined, []],
    // With the variables of OpenTelemetry, buildx itself would wait for it after each build.
    ['that never answers does not delay the commands of a build', () => 'done', [expect.stringMatching(/^The OpenTelemetry trace failed: /) as unknown as string]],
  ])('%s', (_, misbehave, warned) => collected(misbehave, async (collector, env) => {
    const workspace = mkdtempSync(join(tmpdir(), 'deploy-traced-'));
    writeFileSync(join(workspace, 'Dockerfile'), 'FROM scratch\nARG CODE\nCOPY Dockerfile /\n');
    try {
      const { registry, builder } = environment();
      const inputs = { image: `${registry}/traced-${randomBytes(4).toString('hex')}/app`, builder, 'build-args': 'CODE=hunter2hunter2' };
      const result = await runAction({ action: 'build', workspace, inputs, env: { ...env, OTEL_EXPORTER_OTLP_TIMEOUT: '1000' } });
      expectEnding(result, { verdict: 'built' });
      expect(warnings(result).filter((message) => message.includes('OpenTelemetry'))).toEqual(warned);
      if (misbehave) return;
      expect(collector.faults).toEqual([]);
      expect(treeOf(collector.spans)).toEqual(expect.arrayContaining(['RUN deploy', '  build', '    docker buildx build']));
      expect(JSON.stringify(collector.spans.map(({ name, attributes }) => [name, attributes]))).not.toContain('hunter2');
    } finally {
      rmSync(workspace, { recursive: true, force: true });
    }
  })());

  it.concurrent.each<[string, Misbehave]>([
    ['that never answers', () => 'done'], ['that refuses everything', (_, response) => (response.writeHead(500).end('full'), 'done')],
    ['that is a web page', (_, response) => (response.writeHead(404, { 'content-type': 'text/html' }).end('<html>::error::x'), 'done')],
  ])('%s costs a warning, and nothing else', (_, misbehave) => collected(misbehave, async (_collector, env) => {
    const result = await runAction({ ...gate, env: { ...env, OTEL_EXPORTER_OTLP_TIMEOUT: '1000' } });
    expectEnding(result, { verdict: 'tested' });
    expect(warnings(result)).toEqual([expect.stringMatching(/^The OpenTelemetry trace failed: .* The run is not affected\.$/)]);
  })());

  it.concurrent('is not requested where the environment says so', collected(undefined, async (collector, env) => {
    for (const [name, value] of [['OTEL_SDK_DISABLED', 'true'], ['OTEL_TRACES_EXPORTER', 'none']] as const) expectEnding(await runAction({ ...gate, env: { ...env, [name]: value } }), { verdict: 'tested' });
    expect(collector.requests).toEqual([]);
  }));
});

describe('a log of JSON', () => {
  it.concurrent('has an object for each line beside the commands of the runner, and the ids of run and trace', collected(undefined, async (collector, env) => {
    const result = await runAction({ action: 'deploy', inputs: { test: 'echo fine; echo "::error::not one"', log: 'json', 'registry-password': 'hunter2hunter2', 'registry-username': 'me' }, env });
    expectEnding(result, { verdict: 'tested' });
    const objects = result.raw.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Any);
    const others = result.raw.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    expect(others.filter((line) => !/^::(?:add-mask|warning|group|endgroup)\b/.test(line))).toEqual([]);
    expect(new Set(objects.map(({ run }: Any) => run)).size).toBe(1);
    expect(new Set(objects.map(({ trace_id }: Any) => trace_id))).toEqual(new Set([collector.spans[0]?.traceId]));
    expect(objects.every(({ time, level, message }: Any) => /^\d{4}-.*Z$/.test(time) && ['info', 'warning', 'error'].includes(level) && typeof message === 'string')).toBe(true);
    expect(objects).toContainEqual(expect.objectContaining({ stage: 'test', type: 'output', message: 'fine' }));
    expect(objects.at(-1)).toMatchObject({ type: 'verdict', verdict: 'tested' });
  }));

  it.concurrent('is alone on stdout of a terminal, and beside the report with --json', async () => {
    const only = await cli(['deploy', '--test', 'echo fine', '--log', 'json']);
    expect([only.exitCode, only.stderr]).toEqual([0, '']);
    for (const line of only.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toMatchObject({ time: expect.any(String), run: expect.any(String) });
    const both = await cli(['deploy', '--test', 'echo fine', '--log', 'json', '--json']);
    expect(JSON.parse(both.stdout)).toMatchObject({ verdict: 'tested' });
    expect(both.stderr.trimEnd().split('\n').map((line) => JSON.parse(line).type)).toContain('verdict');
    expect(await cli(['deploy', '--test', 'true', '--log', 'xml'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--log: is "xml", but must be text or json') });
  });
});

/** The command line in an empty folder. */
async function cli(args: readonly string[]): Promise<{ readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-terminal-'));
  try {
    const child = spawn(process.execPath, [join(root, 'dist/cli.js'), ...args], {
      cwd: folder, env: { PATH: process.env.PATH, HOME: folder, DOCKER_CONFIG: environment().dockerConfig }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
    return { exitCode: await new Promise((resolve) => child.on('close', resolve)), ...said };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
