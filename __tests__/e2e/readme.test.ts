import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createRepository } from '../../scripts/live/hello.mjs';
import { createNamespace } from '../../scripts/live/namespace.mjs';
import { startSandbox } from '../../scripts/live/sandbox.mjs';
import { blocksOf } from '../../scripts/docs/markdown.mjs';
import { read, root } from '../docs/pages.js';
import { runAct, stub } from './harness/act.js';

/** The workflow of a page, with the names that a reader puts in their place. */
function workflowOf(page: string, names: Readonly<Record<string, string>>): string {
  const text = blocksOf(read(page)).find((block) => block.text.startsWith('# .github/workflows/deploy.yml'))?.text ?? '';
  return Object.entries(names).reduce((workflow, [from, to]) => {
    if (!workflow.includes(from)) throw new Error(`${page} does not have ${from}.`);
    return workflow.replaceAll(from, to);
  }, text);
}

describe.each([['README.md', 'api', '/healthz'], ['docs/first-deployment/en.md', 'hello', '/']])('the workflow of %s', (page, app, path) => {
  it('deploys a repository under act, as it stands there', async () => {
    const env = await startSandbox();
    const [namespace, repository] = [await createNamespace(env, 'act'), await createRepository()];
    const home = mkdtempSync(join(tmpdir(), 'act-'));
    try {
      const image = `${env.REGISTRY}/act/${namespace.name}`;
      const workflow = workflowOf(page, {
        'npm ci && npm test': 'go test ./... && CGO_ENABLED=0 go build -o build/hello-linux-amd64 .', [`ghcr.io/acme/${app}`]: image,
        [`deployment/${app}`]: 'deployment/hello', [`service/${app}${path}`]: `service/hello${path}`,
      });
      rmSync(join(repository.folder, '.github', 'deploy.yml'));
      writeFileSync(join(repository.folder, '.github', 'workflows', 'deploy.yml'), workflow);
      await repository.release({ version: 'v1' });
      const manifest = readFileSync(join(repository.folder, 'k8s', 'hello.yaml'), 'utf8').replace('ghcr.io/acme/hello:first', `${image}:first`);
      await namespace.kubectl(['apply', '--filename=-'], manifest);

      const secret = readFileSync(namespace.kubeconfig).toString('base64');
      const result = await runAct({
        folder: repository.folder, home, path: env.PATH,
        words: [
          'push', '--actor', 'octocat', '-s', 'GITHUB_TOKEN=none', '-s', `KUBECONFIG=${secret}`,
          '--env', `BUILDX_BUILDER=${env.BUILDER}`, '--env', `DOCKER_CONFIG=${env.DOCKER_CONFIG}`,
        ],
        // The sandbox has a builder, and act has the work tree.
        actions: { 'acci/deploy-action@v1': root, 'docker/setup-buildx-action@v4': stub(join(home, 'buildx')), 'actions/checkout@v6': stub(join(home, 'checkout')) },
      });
      expect(result).toEqual({ jobs: { deploy: 'success' }, results: ['success'], summaries: [expect.stringContaining('✅ deployed: ')], said: expect.any(String) });
    } finally {
      rmSync(home, { recursive: true, force: true });
      repository.remove();
      await namespace.remove();
    }
  }, 600_000);
});
