import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { createRepository, type Repository } from '../../scripts/live/hello.mjs';
import { createNamespace, type Namespace } from '../../scripts/live/namespace.mjs';
import { ask } from '../../scripts/live/program.mjs';
import { startSandbox, type SandboxEnvironment } from '../../scripts/live/sandbox.mjs';
import { signature } from '../../src/notify/webhook.js';
import { runAct, type ActOptions, type ActResult } from './harness/act.js';
import { eventually } from './harness/environment.js';
import { startGitHub } from './harness/github-api/server.js';
import { closeHooks, serveHooks } from './harness/hooks.js';
import { published } from './harness/published.js';
import { recipe } from './harness/recipe.js';

/*
 * The recipes of docs/workflows.md, run as GitHub would run them, in a repository that has nothing but its own files. What act does
 * not model (approvals, permissions, concurrency) is tested by its rules in __tests__/workflows/.
 */

let env: SandboxEnvironment;
let home: string;
let actions: Readonly<Record<string, string>>;

beforeAll(async () => {
  env = await startSandbox();
  home = mkdtempSync(join(tmpdir(), 'act-'));
  actions = published(join(home, 'published'));
}, 600_000);
afterAll(async () => {
  rmSync(home, { recursive: true, force: true });
  await closeHooks();
});

const build = 'CGO_ENABLED=0 go build -o build/hello-linux-amd64 .';

/** A repository with the app of the example, and what a test adds. */
interface Consumer extends Repository {
  write(path: string, content: string | object): void;
  act(workflow: string, words: readonly string[], more?: Partial<ActOptions>): Promise<ActResult>;
}

async function withConsumer(body: (consumer: Consumer) => Promise<void>): Promise<void> {
  const repository = await createRepository();
  const file = (path: string): string => join(repository.folder, path);
  try {
    rmSync(file('.github'), { recursive: true });
    await body({
      ...repository,
      write: (path, content) => {
        mkdirSync(dirname(file(path)), { recursive: true });
        writeFileSync(file(path), typeof content === 'string' ? content : stringify(content));
      },
      act: (workflow, words, more = {}) => runAct({
        folder: repository.folder, home, path: env.PATH, actions, ...more,
        words: [
          // Without a token, nothing is sent to GitHub; a test that has a GitHub gives one.
          '-s', 'GITHUB_TOKEN=', ...words, '-W', `.github/workflows/${workflow}`, '--actor', 'octocat',
          '--env', `BUILDX_BUILDER=${env.BUILDER}`, '--env', `DOCKER_CONFIG=${env.DOCKER_CONFIG}`,
        ],
      }),
    });
  } finally {
    repository.remove();
  }
}

/** Namespaces with the workload of the example, whose pods wait for the first image. */
async function withNamespaces(names: readonly string[], body: (namespaces: readonly Namespace[], image: string) => Promise<void>): Promise<void> {
  const namespaces: Namespace[] = [];
  try {
    for (const name of names) namespaces.push(await createNamespace(env, name));
    const repository = `${env.REGISTRY}/act/${namespaces[0]?.name}`;
    for (const { kubectl } of namespaces) await kubectl(['apply', '--filename=-'], manifest(repository));
    await body(namespaces, repository);
  } finally {
    for (const namespace of namespaces) await namespace.remove();
  }
}

const manifest = (image: string): string => readFileSync(join('examples', 'hello', 'k8s', 'hello.yaml'), 'utf8').replace('ghcr.io/acme/hello:first', `${image}:first`);
const imageOf = ({ kubectl }: Namespace, workload = 'deployment/hello'): Promise<string> => kubectl(['get', workload, '--output=jsonpath={.spec.template.spec.containers[0].image}']);
const digestOf = async (namespace: Namespace): Promise<string> => (await imageOf(namespace)).split('@')[1] ?? '';
/** What a person stores as the secret. */
const secret = (kubeconfig: string): string => readFileSync(kubeconfig).toString('base64');
const count = (text: string, words: string): number => text.split(words).length - 1;

describe('promotion', () => {
  it('deploys one digest to each environment, and a form rolls one of them back', () => withConsumer((consumer) =>
    withNamespaces(['dev', 'staging', 'production'], async (namespaces, image) => {
      const [, , production] = namespaces;
      if (!production) throw new Error('no namespace');
      consumer.write('.github/deploy.yml', {
        image, test: build, workloads: ['deployment/hello'], smoke: ['service/hello/ -> 200 contains hello'],
        environments: Object.fromEntries(['dev', 'staging', 'production'].map((name, index) => [name, { namespace: namespaces[index]?.name }])),
      });
      consumer.write('.github/workflows/promotion.yml', recipe('Promotion', { 'environment: dev': 'environment: dev\n      ghcr: false' }));
      consumer.write('.github/workflows/rollback.yml', recipe('Rollback by a form', { 'reason: ${{ inputs.reason }}': 'reason: ${{ inputs.reason }}\n      ghcr: false' }));
      const kubeconfig = ['-s', `KUBECONFIG=${secret(env.KUBECONFIG)}`];

      const digests = [];
      for (const version of ['v1', 'v2']) {
        await consumer.release({ version });
        const result = await consumer.act('promotion.yml', ['push', ...kubeconfig]);
        expect([result.results, result.summaries.filter((text) => text.includes('✅ deployed: ')).length]).toEqual([['success', 'success', 'success', 'success'], 3]);
        // Each environment keeps its own report.
        expect(count(result.said, 'artifact deploy-report-')).toBe(3);
        const now = await Promise.all(namespaces.map(digestOf));
        expect([now[0], new Set(now).size]).toEqual([expect.stringMatching(/^sha256:/), 1]);
        digests.push(now[0]);
      }
      expect(digests[0]).not.toBe(digests[1]);

      const back = await consumer.act('rollback.yml', ['workflow_dispatch', '--input', 'environment=production', '--input', 'reason=INC-7: <!-- @all --> orders fail', ...kubeconfig]);
      expect([back.results, back.summaries[0]]).toEqual([['success'], 'Rollback requested by octocat:\n\n    INC-7: <!-- @all --> orders fail\n']);
      expect(await Promise.all(namespaces.map(digestOf))).toEqual([digests[1], digests[1], digests[0]]);
      const records = await production.kubectl(['get', 'configmaps', '--output=jsonpath={.items[*].data.ledger\\.json}']);
      expect(JSON.parse(records).run.reason).toBe('INC-7: <!-- @all --> orders fail');
    })), 900_000);
});

describe('one app', () => {
  it('is deployed, and restored when a run is cancelled half-way', () => withConsumer((consumer) =>
    withNamespaces(['one'], async ([namespace], image) => {
      if (!namespace) throw new Error('no namespace');
      const hooks = await serveHooks();
      consumer.write('.github/deploy.yml', {
        image, test: build, workloads: ['deployment/hello'], smoke: ['service/hello/ -> 200 contains hello'], environments: { production: { namespace: namespace.name } },
        notify: { webhook: { url: `${hooks.address}/hook`, secret: 'env:DEPLOY_WEBHOOK_SECRET', on: 'always' } },
      });
      const passed = 'KUBECONFIG: ${{ secrets.KUBECONFIG }}';
      consumer.write('.github/workflows/deploy.yml', recipe('One app', {
        'environment: production': 'environment: production\n      ghcr: false', [passed]: `${passed}\n      ${passed.replaceAll('KUBECONFIG', 'DEPLOY_WEBHOOK_SECRET')}`,
      }));
      const words = ['push', '-s', `KUBECONFIG=${secret(namespace.kubeconfig)}`, '-s', 'DEPLOY_WEBHOOK_SECRET=signature-s3cret'];
      await consumer.release({ version: 'v1' });
      const good = await consumer.act('deploy.yml', words);
      expect(good.results).toEqual(['success', 'success']);
      const before = await imageOf(namespace);

      // It never becomes ready, so there is time to cancel it.
      await consumer.release({ version: 'v2', greetingFile: '/no/such/file' });
      const cancelled = await consumer.act('deploy.yml', words, { cancelAt: (line) => /^rollout +deployment\/hello/.test(line) });
      expect([cancelled.results, cancelled.summaries.at(-1)]).toEqual([['success', 'failure'], expect.stringContaining('↩️ rolled-back: ')]);
      expect(cancelled.said).toContain('The main step was stopped during a rollout: restoring the previous version.');
      expect(await imageOf(namespace)).toBe(before);
      // The job that builds notifies as well, and of the cancelled deployment its post step does.
      expect(hooks.to('/hook').map(({ json }) => json.verdict)).toEqual(['built', 'deployed', 'built', 'rolled-back']);
      expect(hooks.to('/hook').map(({ body, headers }) => headers['x-hub-signature-256'] === signature(body, 'signature-s3cret'))).toEqual([true, true, true, true]);
      await namespace.kubectl(['rollout', 'status', 'deployment/hello', '--timeout=120s']);
    })), 900_000);
});

describe('several apps', () => {
  it('are deployed by a matrix, each by its own settings', () => withConsumer((consumer) =>
    withNamespaces(['apps'], async ([namespace], image) => {
      if (!namespace) throw new Error('no namespace');
      for (const app of ['api', 'web']) {
        await namespace.kubectl(['apply', '--filename=-'], manifest(`${image}-${app}`).replaceAll(/\bhello\b/g, app).replace(`/${app}:first`, '/hello:first'));
        consumer.write(`services/${app}/deploy.yml`, { app, image: `${image}-${app}`, test: build, namespace: namespace.name, workloads: [`deployment/${app}`], smoke: [`service/${app}/healthz`] });
      }
      consumer.write('.github/workflows/apps.yml', recipe('Several apps in one repository', { 'environment: production': 'environment: production\n      ghcr: false' }));
      await consumer.release({ version: 'v1' });
      const result = await consumer.act('apps.yml', ['push', '-s', `KUBECONFIG=${secret(namespace.kubeconfig)}`]);
      expect(result.results).toEqual(['success', 'success', 'success', 'success']);
      for (const app of ['api', 'web']) expect(await imageOf(namespace, `deployment/${app}`)).toContain(`${image}-${app}@sha256:`);
    })), 900_000);
});

describe('a preview', () => {
  it('is made for a pull request, and removed with it', () => withConsumer(async (consumer) => {
    // No other pull request has this number.
    const number = Math.floor(Math.random() * 1e9);
    const image = `${env.REGISTRY}/act/preview-${number}`;
    const kubectl = (args: readonly string[]): Promise<string> => ask('kubectl', args, { env });
    const event = (action: string): string => {
      const path = join(home, `${action}-${number}.json`);
      const repository = { full_name: 'acme/hello', default_branch: 'main' };
      writeFileSync(path, JSON.stringify({ action, number, repository, pull_request: { number, head: { ref: 'topic', repo: repository }, base: { ref: 'main', repo: repository } } }));
      return path;
    };
    consumer.write('k8s/hello.yaml', manifest(image));
    consumer.write('.github/workflows/preview.yml', recipe('A preview for each pull request', {
      'ghcr.io/acme/api': image, 'deployment/api': 'deployment/hello', 'service/api/healthz': 'service/hello/healthz',
      '          registry-username: ${{ github.actor }}\n          registry-password: ${{ github.token }}\n': `          test: ${build}\n`,
    }));
    await consumer.release({ version: 'v1' });
    const words = ['pull_request', '--env', 'GITHUB_REPOSITORY=acme/hello', '-s', `PREVIEW_KUBECONFIG=${secret(env.KUBECONFIG)}`];
    try {
      const opened = await consumer.act('preview.yml', [...words, '-e', event('opened')]);
      expect([opened.results, opened.summaries]).toEqual([['success'], [expect.stringContaining('✅ deployed: ')]]);
      expect(count(opened.said, 'artifact deploy-report-')).toBe(1);
      const closed = await consumer.act('preview.yml', [...words, '-e', event('closed')]);
      expect(closed.results).toEqual(['success']);
      await eventually('the namespace is gone', async () => (await kubectl(['get', 'namespaces', '--output=name'])).includes(`preview-${number}\n`) === false);
    } finally {
      await kubectl(['delete', 'namespace', `preview-${number}`, '--ignore-not-found', '--wait=false']);
    }
  }), 900_000);
});

describe('a pull request', () => {
  it('gets a comment with what a deployment would do, and one from a fork what needs no secret', () => withConsumer((consumer) =>
    withNamespaces(['pull'], async ([namespace], image) => {
      if (!namespace) throw new Error('no namespace');
      const github = await startGitHub({ repository: 'acme/hello' });
      try {
        consumer.write('.github/deploy.yml', {
          image, test: build, workloads: ['deployment/hello'], smoke: ['service/hello/ -> 200 contains hello'], environments: { production: { namespace: namespace.name } },
        });
        consumer.write('.github/workflows/pull-request.yml', recipe('Checks of pull requests', { '    secrets:\n': '    with: { ghcr: false }\n    secrets:\n' }));
        const base = await consumer.release({ version: 'v1' });
        const head = await consumer.release({ version: 'v2' });
        github.state.pulls.push({ number: 7, title: 'A topic', headSha: head, files: ['release.go'] });
        const event = (from: string): readonly string[] => {
          const path = join(home, `pull-${from.replace('/', '-')}.json`);
          const repository = { full_name: 'acme/hello', default_branch: 'main' };
          const ends = { head: { sha: head, ref: 'topic', repo: { ...repository, full_name: from } }, base: { sha: base, ref: 'main', repo: repository } };
          writeFileSync(path, JSON.stringify({ action: 'opened', number: 7, repository, pull_request: { number: 7, ...ends } }));
          return ['pull_request', '-e', path, '--env', 'GITHUB_REPOSITORY=acme/hello', '--env', `GITHUB_API_URL=${github.url}`, '-s', 'GITHUB_TOKEN=ghs_of_the_job'];
        };

        const own = await consumer.act('pull-request.yml', [...event('acme/hello'), '-s', `KUBECONFIG_READ=${secret(namespace.kubeconfig)}`]);
        expect([own.results, own.summaries]).toEqual([['success'], [expect.stringContaining('☑️ checked: ')]]);
        expect(github.state.comments.map(({ body }) => body)).toEqual([expect.stringContaining('`deployment/hello`')]);
        expect(github.state.checkRuns).toHaveLength(1);

        github.state.comments.length = 0;
        github.permissions = { contents: 'read', issues: 'read', pull_requests: 'read', checks: 'read' };
        const fork = await consumer.act('pull-request.yml', event('mallory/hello'));
        expect([fork.results, fork.summaries]).toEqual([['success'], [expect.stringContaining('**Not checked**')]]);
        expect([github.state.comments, github.problems]).toEqual([[], []]);
        expect(await imageOf(namespace)).toBe(`${image}:first`);
      } finally {
        await github.close();
      }
    })), 900_000);
});
