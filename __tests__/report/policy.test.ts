import { describe, expect, it } from '@jest/globals';
import type { PolicyFinding } from '../../src/outcome/policy.js';
import { reportValue } from '../../src/report/json.js';
import { policyMarkdown } from '../../src/report/policy.js';
import { redactOutcome, withoutTexts } from '../../src/report/redact.js';
import { summary } from '../../src/report/summary.js';
import { deployed } from './outcomes.js';

const finding: PolicyFinding = { rule: 'probes', level: 'warn', subject: 'deployment/api', container: 'app', item: 'readiness', path: 'spec.containers[0]', message: 'It has no readinessProbe.', fix: 'Add `one`.' };
const allowed: PolicyFinding = { ...finding, level: 'allowed', path: undefined, place: { file: 'k8s.yml', line: 3 }, exception: { reason: 'INC-1 <b>', until: '2027-01-31' } };

describe('the findings of policy rules', () => {
  it('are a list in markdown, in which no text from outside means anything', () => {
    expect(policyMarkdown([{ ...finding, level: 'deny', message: 'It has [a](b) <!-- @x' }, finding, allowed])).toBe([
      '**Policy**', '',
      '- ❌ `probes`: It has \\[a\\](b) &lt;\\!-- &#64;&#8203;x (`spec.containers[0]`) Add `one`.',
      '- ⚠️ `probes`: It has no readinessProbe. (`spec.containers[0]`) Add `one`.',
      '- ✓ `probes`: It has no readinessProbe. (`k8s.yml:3`) Allowed until 2027-01-31: INC-1 &lt;b&gt;',
    ].join('\n'));
    expect(policyMarkdown([])).toBe('');
    expect(policyMarkdown(Array.from({ length: 102 }, () => finding))).toContain('- And 2 more.');
  });
  it('are in the summary only where an exception allows them: others are problems or warnings', () => {
    const text = summary({ ...deployed, policy: { findings: [finding, allowed], notes: [] } });
    expect(text.match(/readinessProbe/g)).toHaveLength(1);
    expect(text).toContain('Allowed until 2027-01-31');
  });
  it('are in the report', () => {
    expect(reportValue({ ...deployed, policy: { findings: [finding, allowed], notes: ['Not seen.'] } }).policy).toEqual({
      findings: [
        { ...finding, place: null, exception: null }, { ...allowed, path: null },
      ],
      notes: ['Not seen.'],
    });
    expect(reportValue(deployed).policy).toBeNull();
  });
  it('are redacted, but for the names of rules and levels', () => {
    const outcome = { ...deployed, policy: { findings: [{ ...finding, message: 'warn probes' }], notes: [] } };
    const redacted = redactOutcome(outcome, (text) => text.replaceAll(/warn|probes/g, '***'));
    expect(redacted.policy?.findings[0]).toMatchObject({ rule: 'probes', level: 'warn', message: '*** ***' });
    expect(withoutTexts(outcome).policy).toBeUndefined();
  });
});
