import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { workflowsOf } from '../../scripts/docs/snippets.mjs';

describe('the workflows of a page', () => {
  it.each<[string, string, unknown]>([
    ['that are whole', 'on: push\njobs:\n  a: { runs-on: x, steps: [{ uses: acci/deploy-action@v1 }] }', { on: 'push', jobs: { a: { 'runs-on': 'x', steps: [{ uses: './' }] } } }],
    ['that call a workflow', 'on: push\njobs:\n  a: { uses: acci/deploy-action/.github/workflows/deploy.yml@v1 }', { on: 'push', jobs: { a: { uses: './.github/workflows/deploy.yml' } } }],
    ['that are jobs', 'jobs:\n  a: { runs-on: x }', { on: 'push', permissions: {}, jobs: { a: { 'runs-on': 'x' } } }],
    ['that are steps', '- uses: acci/deploy-action/build@v1\n  with: { image: a }', expect.objectContaining({ jobs: { snippet: expect.objectContaining({ steps: [{ uses: './build', with: { image: 'a' } }] }) } })],
  ])('%s', (_, text, expected) => {
    const [workflow] = workflowsOf('a.md', `\`\`\`yaml\n${text}\n\`\`\`\n`);
    expect([workflow?.name, parse(workflow?.text ?? '')]).toEqual(['a.md:2', expected]);
  });
  it('are not settings, manifests or other languages', () => {
    expect(workflowsOf('a.md', '```yaml\nimage: a\nworkloads: [deployment/a]\n```\n```sh\n- uses: x\n```\n')).toEqual([]);
  });
});
