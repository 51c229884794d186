import { describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { blocksOf } from '../../scripts/docs/markdown.mjs';
import { didYouMean } from '../../src/config/kit/did-you-mean.js';
import { commands } from '../../src/config/commands.js';
import { parseConfig } from '../../src/config/parse.js';
import { readSettingsText } from '../../src/config/settings-file.js';
import { rulesForData } from '../../src/data/rights.js';
import { readArguments } from '../../src/host/terminal.js';
import { read } from './pages.js';

const pages = ['docs/backup.md', 'docs/disaster-recovery.md'];
const blocks = (wanted: string): readonly string[] =>
  pages.flatMap((page) => blocksOf(read(page)).filter(({ language }) => language === wanted).map(({ text }) => text));

/** The words of a line of a shell; none of these has more than double quotes. */
const wordsOf = (line: string): readonly string[] => [...line.matchAll(/(?:"[^"]*"|[^\s"])+/g)].map(([word]) => word.replaceAll('"', ''));

describe('the pages about backups', () => {
  const typed = blocks('sh').flatMap((text) => text.split('\n')).filter((line) => line.startsWith('deploy-action ')).map((line) => line.replace(/ +#.*| > .*/, ''));
  it.each(typed)('have a command that exists: %s', (line) => {
    expect(() => readArguments(wordsOf(line).slice(1), commands, { env: {}, program: 'deploy-action', suggest: didYouMean })).not.toThrow();
  });
  it('have many', () => expect(typed.length).toBeGreaterThan(12));

  const settings = blocks('yaml').map((text) => {
    const { databases = { main: { engine: 'postgres', pod: 'app=postgresql' } }, ...rest } = parse(text) as Record<string, unknown>;
    return { text, whole: JSON.stringify({ databases, backup: { to: './backups' }, ...rest }) };
  });
  it.each(settings)('have settings that are valid: $text', ({ whole }) => {
    const reading = readSettingsText('deploy.yml', whole);
    const { config, warnings } = parseConfig({ action: 'backup', inputs: {}, file: { path: 'deploy.yml', reading }, facts: { secretsAreElsewhere: true } });
    expect([config.backup === undefined, warnings]).toEqual([false, []]);
  });
});

describe('the policies for S3', () => {
  interface Statement { readonly Effect: string; readonly Action: string | readonly string[]; readonly Resource: string; readonly Condition?: object }
  const policies = blocksOf(read('docs/backup.md')).filter(({ language }) => language === 'json').map(({ text }) => JSON.parse(text) as { readonly Statement: readonly Statement[] });
  const actionsOf = (index: number): readonly string[] => (policies[index]?.Statement ?? []).flatMap(({ Action }) => Action).sort();

  it('are one for writing and one for reading', () => {
    expect(actionsOf(0)).toEqual(['s3:AbortMultipartUpload', 's3:DeleteObject', 's3:GetObject', 's3:ListBucket', 's3:ListBucketMultipartUploads', 's3:PutObject']);
    expect(actionsOf(1)).toEqual(['s3:GetObject', 's3:ListBucket']);
  });
  it('are for one prefix of one bucket', () => {
    for (const { Effect, Action, Resource, Condition } of policies.flatMap(({ Statement }) => Statement)) {
      const isOfBucket = [Action].flat().every((action) => action.startsWith('s3:ListBucket'));
      expect([Effect, Resource, Condition]).toEqual(['Allow', isOfBucket ? 'arn:aws:s3:::acme-backups' : 'arn:aws:s3:::acme-backups/api/*', isOfBucket ? { StringLike: { 's3:prefix': ['api/*'] } } : undefined]);
    }
  });
});

describe('the Roles for backups', () => {
  const objects = parseAllDocuments(read('docs/rbac-backup.yaml')).map((document) => document.toJS() as { readonly kind: string; readonly metadata: { readonly name: string }; readonly rules?: readonly object[] });
  it('are two, each with its own account', () => {
    expect(objects.map(({ kind, metadata: { name } }) => `${kind} ${name}`)).toEqual(['ServiceAccount backup', 'Role backup', 'RoleBinding backup', 'ServiceAccount restore', 'Role restore', 'RoleBinding restore']);
  });
  it('have for a backup the rules that a CronJob gets', () => {
    expect(objects[1]?.rules).toEqual(rulesForData({ usesPods: true, usesScratch: true, secrets: ['postgresql'], locks: ['deploy-database-my-app-main'] }));
  });
});
