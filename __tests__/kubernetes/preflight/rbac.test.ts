import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { workloadKinds, type Config } from '../../../src/config/config.js';
import { parseSmoke } from '../../../src/config/values/smoke.js';
import { covered, needsOf, type AllowedRule } from '../../../src/kubernetes/preflight/needs.js';

const file = join(dirname(fileURLToPath(import.meta.url)), '../../../docs/rbac.yaml');
const role = parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS()).find(({ kind }) => kind === 'Role') as { rules: Required<AllowedRule>[] };

const granted = role.rules.flatMap(({ apiGroups, resources, verbs }) =>
  apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group === '' ? '' : `${group}/`}${resource}`))));

/** Settings that ask for everything: every kind of workload, and a smoke check through the API server. */
function everything(): Pick<Config, 'workloads' | 'smoke' | 'app'> {
  const check = parseSmoke('service/web/ -> 200');
  if (!check.ok) throw new Error('the smoke check is not valid');
  return { app: 'app', workloads: workloadKinds.map((kind) => ({ kind, name: 'web' })) as unknown as Config['workloads'], smoke: [check.value] };
}

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
