import { describe, expect, it } from '@jest/globals';
import type { SmokeCheck } from '../../../src/config/config.js';
import { recordable, recordedChecks } from '../../../src/check/smoke/recorded.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import { parseSmoke } from '../../../src/config/values/smoke.js';

const check = (text: string): SmokeCheck => {
  const parsed = parseSmoke(text);
  if (!parsed.ok) throw new Error(`no check: ${text}`);
  return parsed.value;
};

describe('the checks of a run in its record', () => {
  const { log } = fakePorts();
  it('are those that hold nothing which has to stay hidden', () => {
    const open = ['service/api/', 'https://api.example/health'];
    const closed = ['service/api/?token=abc', 'https://api.example/?token=abc'];
    expect(recordable([...open, ...closed].map(check), log)).toEqual(open);
  });
  it('are without one that holds a masked word', () => {
    expect(recordable(['service/api/', 'service/api/s3cret'].map(check), { redact: (text) => text.replace('s3cret', '***') })).toEqual(['service/api/']);
  });
});

describe('the checks that a record names', () => {
  it('are read from their texts, those of Services whatever the settings say', () => {
    expect(recordedChecks(['service/api/health', 'service/web/'], [])).toEqual(['service/api/health', 'service/web/'].map(check));
  });
  it('are only requested outside of the cluster where the settings of this run name them too', () => {
    const own = check('https://api.example/');
    expect(recordedChecks(['https://api.example/', 'https://other.example/'], [own, check('service/api/')])).toEqual([own]);
  });
  it('are left out when somebody has made nonsense of them', () => {
    expect(recordedChecks(['', 'service/', 'ftp://x', 'service/api/'], [])).toEqual([check('service/api/')]);
  });
});
