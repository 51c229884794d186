import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import { deploy } from '../../src/workflow/deploy.js';
import { openTrace } from '../../src/telemetry/open-trace.js';
import { createAnnouncer } from '../../src/workflow/announcer.js';
import type { Run } from '../../src/workflow/run.js';
import { second, TestWorld, type StartOptions, type TestRun } from '../workflow/world.js';
import { readSpans, treeOf, type ReceivedSpan } from './collector.js';

const parent = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

interface Seen {
  readonly spans: readonly ReceivedSpan[];
  readonly verdict: string;
  /** The environment that programs got, by their name. */
  readonly given: ReadonlyMap<string, Readonly<Record<string, string | undefined>>>;
  /** Headers of the requests that the API server has passed on to a pod or a Service. */
  readonly proxied: readonly Readonly<Record<string, string>>[];
}

/** A run whose trace is received as JSON. */
async function traced({ run }: TestRun, env: Readonly<Record<string, string>> = {}, redact = (text: string): string => text): Promise<Seen> {
  let [spans, sent]: [readonly ReceivedSpan[], number] = [[], 0];
  const given = new Map<string, Readonly<Record<string, string | undefined>>>();
  const proxied: Readonly<Record<string, string>>[] = [];
  const { process, http } = run.ports;
  const ports: Run['ports'] = {
    ...run.ports, log: { ...run.ports.log, redact },
    env: { ...run.ports.env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', ...env },
    process: {
      run: (command) => { given.set(`${command.program} ${command.args.find((arg) => /^[a-z]+$/.test(arg))}`, command.env ?? {}); return process.run(command); },
      start: (command) => { given.set(command.program, command.env ?? {}); return process.start(command); },
    },
    http: {
      ...http,
      onSocket: (path) => {
        const socket = http.onSocket(path);
        return {
          request: (request) => {
            if (request.path.includes('/proxy/')) proxied.push(request.headers ?? {});
            return socket.request(request);
          },
        };
      },
      request: async ({ body = '' }) => {
        sent += 1;
        spans = readSpans(JSON.parse(Buffer.from(body).toString('utf8')));
        return { status: 200, headers: {}, body: (async function* () { yield Buffer.from('{}'); })() };
      },
    },
  };
  const trace = openTrace(ports, run, randomUUID);
  const { announce, close } = createAnnouncer(trace.ports, [trace.listener]);
  const outcome = await deploy({ ...run, ports: trace.ports, announce });
  announce({ kind: 'ended', outcome });
  await close();
  expect(sent).toBe(1);
  return { spans, verdict: outcome.verdict, given, proxied };
}

const whole = (world: TestWorld, settings: Partial<Config> = {}, options: StartOptions = {}) => world.whole(settings, options);
const named = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan => {
  const found = spans.find((span) => span.name === name);
  if (!found) throw new Error(`no span ${name} in:\n${treeOf(spans).join('\n')}`);
  return found;
};
/** Without programs that only read. */
const outline = (spans: readonly ReceivedSpan[]): string[] => treeOf(spans).filter((line) => !/git|inspect|version|login|info|proxy/.test(line));

describe('the trace of a deployment', () => {
  it('has a span for the run, one for each stage below it, and one for each program below these', async () => {
    const { spans, verdict } = await traced(whole(new TestWorld()));
    expect(verdict).toBe('deployed');
    expect(outline(spans)).toEqual([
      'RUN deploy-action', '  preflight', '  test', '    bash', '  build', '    docker buildx build', '  rollout', '    kubectl set image', '  smoke', '  tags', '    docker buildx imagetools create',
    ]);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(spans.filter(({ parentSpanId }) => parentSpanId === undefined).map(({ name }) => name)).toEqual(['RUN deploy-action']);
  });
  it('follows the semantic conventions for CI/CD, deployments and version control', async () => {
    const world = new TestWorld();
    const { spans } = await traced(whole(world, { environment: 'production' }), { GITHUB_WORKFLOW: 'ship', GITHUB_RUN_ID: '4711', GITHUB_ACTIONS: 'true', OTEL_RESOURCE_ATTRIBUTES: 'team=shop' });
    const run = named(spans, 'RUN ship');
    expect(run).toMatchObject({ kind: 2, code: 0 });
    expect(run.attributes).toMatchObject({
      'cicd.pipeline.action.name': 'RUN', 'cicd.pipeline.result': 'success', 'deployment.id': 'run-1', 'deployment.name': 'api', 'deployment.status': 'succeeded',
      'k8s.namespace.name': 'web', 'deploy_action.verdict': 'deployed', 'deploy_action.target': 'set-image', 'oci.manifest.digest': world.registry.digestOf(second),
    });
    expect(run.attributes).not.toHaveProperty('error.type');
    expect(run.resource).toMatchObject({
      'service.name': 'deploy-action', 'deployment.environment.name': 'production', 'cicd.pipeline.name': 'ship', 'cicd.pipeline.run.id': '4711', 'cicd.pipeline.run.url.full': 'https://runs.example/run-1',
      'vcs.provider.name': 'github', 'vcs.owner.name': 'acme', 'vcs.repository.name': 'api', 'vcs.repository.url.full': 'https://github.example/acme/api', 'vcs.ref.head.revision': second, 'vcs.ref.head.name': 'main', 'team': 'shop',
    });
    expect(named(spans, 'test')).toMatchObject({ kind: 1, attributes: { 'cicd.pipeline.task.name': 'test gate', 'cicd.pipeline.task.run.id': 'run-1/test', 'cicd.pipeline.task.run.result': 'success', 'cicd.pipeline.task.type': 'test' } });
    expect(named(spans, 'docker buildx build')).toMatchObject({ kind: 3, attributes: { 'process.executable.name': 'docker', 'process.exit.code': 0, 'deploy_action.command': 'docker buildx build' } });
  });
  it('has the cause and the message where it failed, and the rollback with its programs', async () => {
    const world = new TestWorld();
    world.behaviours.set(second, 'crash');
    const { spans, verdict } = await traced(world.deployment(second));
    expect(verdict).toBe('rolled-back');
    expect(outline(spans)).toEqual(['RUN deploy-action ✗', '  preflight', '  rollout ✗', '    kubectl set image', '  rollback']);
    expect(named(spans, 'rollout')).toMatchObject({ message: expect.stringMatching(/^crash-loop: /), attributes: { 'error.type': 'crash-loop', 'cicd.pipeline.task.run.result': 'failure' } });
    expect(named(spans, 'rollback')).toMatchObject({ code: 0, attributes: { 'cicd.pipeline.task.run.result': 'success' } });
    expect(named(spans, 'RUN deploy-action').attributes).toMatchObject({ 'cicd.pipeline.result': 'failure', 'error.type': 'crash-loop', 'deployment.status': 'failed', 'deploy_action.verdict': 'rolled-back' });
  });
  it('marks a program whose exit code failed its stage, and none that only had nothing to say', async () => {
    const { spans } = await traced(whole(new TestWorld(), {}, { gate: async () => ({ code: 3 }) }));
    expect(treeOf(spans).filter((line) => line.includes('✗'))).toEqual(['RUN deploy-action ✗', '  test ✗', '    bash ✗']);
    expect(named(spans, 'bash')).toMatchObject({ message: 'bash exited with code 3', attributes: { 'process.exit.code': 3 } });
    expect(spans.some(({ name, attributes }) => name === 'git config' && attributes['process.exit.code'] === 1)).toBe(true);
  });
  it('says that it was cancelled', async () => {
    const run = whole(new TestWorld(), {}, { gate: async () => { run.cancel(); return new Promise(() => undefined); } });
    const { spans } = await traced(run);
    expect(named(spans, 'RUN deploy-action').attributes).toMatchObject({ 'cicd.pipeline.result': 'cancellation', 'error.type': 'cancelled' });
  });
  it('hides in every text what is to be hidden', async () => {
    const world = new TestWorld();
    world.behaviours.set(second, 'crash');
    const { spans } = await traced(world.deployment(second), {}, (text) => text.replaceAll('crash', '***'));
    expect(JSON.stringify(spans.map(({ name, message, attributes }) => [name, message, attributes]))).not.toContain('crash');
  });
});

describe('a trace around the run', () => {
  const env = { TRACEPARENT: `00-${parent.traceId}-${parent.spanId}-01`, TRACESTATE: 'vendor=1' };

  it('is continued', async () => {
    const { spans } = await traced(whole(new TestWorld()), env);
    expect(named(spans, 'RUN deploy-action')).toMatchObject({ ...{ traceId: parent.traceId, parentSpanId: parent.spanId }, traceState: 'vendor=1', flags: 0x301 });
    expect(spans.every(({ traceId }) => traceId === parent.traceId)).toBe(true);
  });
  it('is handed to each program as that of its own span, the test gate among them', async () => {
    const { spans, given } = await traced(whole(new TestWorld()), env);
    expect(given.get('bash')).toMatchObject({ TRACEPARENT: `00-${parent.traceId}-${named(spans, 'bash').spanId}-01`, TRACESTATE: 'vendor=1' });
    expect([...given.values()].every(({ TRACEPARENT: text }) => /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/.test(text ?? ''))).toBe(true);
  });
  it('goes with the smoke requests, as the stage that sends them', async () => {
    const { spans, proxied } = await traced(new TestWorld().deployment(second), env);
    expect(proxied.length).toBeGreaterThan(0);
    const stages = new Set([named(spans, 'rollout'), named(spans, 'smoke'), named(spans, 'preflight')].map(({ spanId }) => `00-${parent.traceId}-${spanId}-01`));
    for (const headers of proxied) expect([stages.has(headers['traceparent'] ?? ''), headers['tracestate']]).toEqual([true, 'vendor=1']);
  });
});

describe('an export', () => {
  const grpc = { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['cannot be set up is one warning', { ...grpc, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, 'warning The OpenTelemetry trace failed: OTEL_EXPORTER_OTLP_ENDPOINT is not a URL. Write http://HOST:4318. The run is not affected.'],
    ['is set up for other programs is no warning', grpc, 'info The OpenTelemetry trace is not sent: OTEL_EXPORTER_OTLP_PROTOCOL names a protocol that is not supported. Set it to http/protobuf, and the endpoint to the port for OTLP over HTTP, which is usually 4318.'],
  ])('that %s, and the run is as without it', async (_, settings, line) => {
    const { run, lines } = new TestWorld().deployment(second);
    const ports = { ...run.ports, env: { ...run.ports.env, ...settings } };
    const trace = openTrace(ports, run, randomUUID);
    const { announce, close } = createAnnouncer(trace.ports, [trace.listener]);
    const outcome = await deploy({ ...run, ports: trace.ports, announce });
    announce({ kind: 'ended', outcome });
    await close();
    expect([outcome.verdict, lines.filter((each) => each.startsWith('warning') || each.includes('OpenTelemetry'))]).toEqual(['deployed', [line]]);
  });
});
