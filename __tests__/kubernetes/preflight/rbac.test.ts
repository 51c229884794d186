import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { workloadKinds, type Config } from '../../../src/config/config.js';
import { parseSmoke } from '../../../src/config/values/smoke.js';
import { covered, needsOf, needsToRead, type AllowedRule, type Need } from '../../../src/kubernetes/preflight/needs.js';

const docs = join(dirname(fileURLToPath(import.meta.url)), '../../../docs');
const file = join(docs, 'rbac.yaml');
const roleIn = (path: string) => parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS()).find(({ kind }) => kind === 'Role') as { rules: Required<AllowedRule>[] };
const role = roleIn(file);

const granted = role.rules.flatMap(({ apiGroups, resources, verbs }) =>
  apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group === '' ? '' : `${group}/`}${resource}`))));

/** Settings that ask for everything: every kind of workload, and a smoke check through the API server. */
function everything(): Pick<Config, 'workloads' | 'smoke' | 'app'> {
  const check = parseSmoke('service/web/ -> 200');
  if (!check.ok) throw new Error('the smoke check is not valid');
  return { app: 'app', workloads: workloadKinds.map((kind) => ({ kind, name: 'web' })) as unknown as Config['workloads'], smoke: [check.value] };
}

const wordsOf = ({ verb, group, resource }: Need): string => `${verb} ${group === '' ? '' : `${group}/`}${resource}`;

describe('docs/rbac-migrations.yaml', () => {
  const migrate = {
    text: 'migrate', run: ['migrate'], workload: undefined, database: 'main', backup: { off: 'a cache' }, rehearse: false as const, undo: undefined, force: false, timeoutMs: 1,
  };
  const more = needsOf({ ...everything(), migrate }).filter((need) => !covered(need, role.rules));

  it('grants what a migration needs beside docs/rbac.yaml, and nothing else', () => {
    const { rules } = roleIn(join(docs, 'rbac-migrations.yaml'));
    const words = rules.flatMap(({ apiGroups: [group = ''], resources: [resource = ''], verbs }) => verbs.map((verb) => wordsOf({ group, resource, verb })));
    expect([...words].sort()).toEqual(more.map(wordsOf).sort());
    expect(more.map(wordsOf)).toContain('create batch/jobs');
  });
  it('is not needed to plan', () => {
    expect(needsToRead({ ...everything(), migrate }).filter((need) => !covered(need, role.rules))).toEqual([]);
  });
  it('names the lock of its database', () => {
    const names = (config: Parameters<typeof needsOf>[0]) => needsOf(config).flatMap(({ resource, name }) => (resource === 'leases' && name !== undefined ? [name] : []));
    expect(new Set(names({ ...everything(), migrate }))).toEqual(new Set(['deploy-lock-app', 'deploy-database-app-main']));
    expect(new Set(names({ ...everything(), migrate: { ...migrate, database: undefined }, databases: [{ name: 'orders' }] as unknown as Config['databases'] }))).toEqual(new Set(['deploy-lock-app', 'deploy-database-app-orders']));
    expect(new Set(names({ ...everything(), migrate: { ...migrate, database: undefined } }))).toEqual(new Set(['deploy-lock-app', 'deploy-database-app-app']));
  });
});

describe('docs/rbac.yaml', () => {
  const asked = needsOf(everything());

  it('grants what the preflight asks for, whatever the settings', () => {
    expect(asked.filter((need) => !covered(need, role.rules))).toEqual([]);
  });
  it('grants nothing else', () => {
    expect([...granted].sort()).toEqual([...new Set(asked.map(({ verb, group, resource }) => `${verb} ${group === '' ? '' : `${group}/`}${resource}`))].sort());
  });
  it('grants nothing twice, and nothing by a wildcard', () => {
    expect(new Set(granted).size).toBe(granted.length);
    expect(granted.filter((each) => each.includes('*'))).toEqual([]);
  });
  it('says of each rule why it is there', () => {
    const lines = readFileSync(file, 'utf8').split('\n');
    const rules = lines.flatMap((line, index) => (line.startsWith('  - apiGroups:') ? [index] : []));
    const unexplained = rules.filter((index) => {
      const block = lines.slice(0, index).reverse();
      // The comment stands above it, or above the rule before it that it belongs with.
      return !block[block.findIndex((line) => line === '' || line.trim().startsWith('#') || line === 'rules:')]?.trim().startsWith('#');
    });
    expect(unexplained.map((index) => lines[index + 1])).toEqual([]);
  });
});
