import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { blocksOf } from '../../scripts/docs/markdown.mjs';
import { parseConfig } from '../../src/config/parse.js';
import { readSettingsText } from '../../src/config/settings-file.js';
import { table } from '../../src/report/markdown.js';
import { runbookOf, type RunbookStep } from '../../src/workflow/disaster-runbook.js';
import { read } from './pages.js';

const page = read('docs/disaster-recovery.md');

/** The settings of the page, as a recovery reads them, with the objects that they speak of. */
function runbook(): readonly RunbookStep[] {
  const [settings = ''] = blocksOf(page).filter(({ language }) => language === 'yaml').map(({ text }) => text);
  const text = JSON.stringify({ ...parse(settings) as object, environments: { production: { namespace: 'production' } } });
  const { config } = parseConfig({
    action: 'restore', inputs: { disaster: 'true', environment: 'production' },
    file: { path: 'deploy.yml', reading: readSettingsText('deploy.yml', text) }, facts: { secretsAreElsewhere: true },
  });
  const pods = (kind: string, name: string, labels: Readonly<Record<string, string>>) =>
    ({ kind, metadata: { name }, spec: { template: { metadata: { labels } } } });
  return runbookOf({
    environment: config.environment, namespace: 'production', namespaceExists: false, smoke: config.smoke,
    paths: (config.disaster?.objects ?? []).map((path) => ({ path, isKustomized: false })),
    objects: [
      pods('StatefulSet', 'postgresql', { 'app.kubernetes.io/name': 'postgresql' }), pods('Deployment', 'redis', { 'app.kubernetes.io/name': 'redis' }),
      { kind: 'Service', metadata: { name: 'api' } }, pods('Deployment', 'api', { app: 'api' }),
    ],
    databases: config.databases.map((each) => ({ config: each, ...!each.isCache && { backup: '2026-11-30T16-23-00Z-3f9a07' } })),
    typed: (args) => ['kubectl', '--namespace=production', ...args].join(' '),
  });
}

describe('the runbook for a disaster', () => {
  const steps = runbook();
  it('has the steps of the code', () => {
    expect(page).toContain(`${table(['', 'step', 'what happens'], steps.map(({ label, title }, index) => [`${index + 1}`, label, title]))}\n`);
  });
  it('has the commands of the code', () => {
    expect(page).toContain(`\`\`\`sh\n${steps.flatMap(({ label, commands }) => [`# ${label}`, ...commands]).join('\n')}\n\`\`\`\n`);
  });
});
