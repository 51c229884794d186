import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseSecretLine, parseSecretReference } from '../../src/config/values/build-secrets.js';
import type { Checked } from '../../src/config/kit/checked.js';
import { parseFlag } from '../../src/config/kit/text.js';
import { workloadKinds } from '../../src/config/config.js';
import { didYouMean, distance } from '../../src/config/kit/did-you-mean.js';
import { parseBackupAddress } from '../../src/config/values/backup-address.js';
import { parseCalendarDate } from '../../src/config/values/calendar-date.js';
import { parseCount, parseCountOrVariable } from '../../src/config/values/connections.js';
import { parseDigest } from '../../src/config/values/digest.js';
import { formatDuration, parseDuration, parseDurationOrZero } from '../../src/config/values/duration.js';
import { parseImageName } from '../../src/config/values/image-name.js';
import { checkArgument, checkLabel, parseKeyValue } from '../../src/config/values/key-value.js';
import { readKubeconfig } from '../../src/config/kubeconfig.js';
import { parseWebAddress } from '../../src/config/values/web-address.js';
import { parseDownloadUrl } from '../../src/config/values/download-url.js';
import { parseLabel, toLabel } from '../../src/config/values/kubernetes-names.js';
import { parsePeriod } from '../../src/config/values/periods.js';
import { checkPatience } from '../../src/config/values/patience.js';
import { parseRuleName } from '../../src/config/values/policy-rules.js';
import { checkRequirement, requirementText } from '../../src/config/values/requirement.js';
import { parsePlatform } from '../../src/config/values/platforms.js';
import { parseRegistry } from '../../src/config/values/registry.js';
import { parseRetention } from '../../src/config/values/retention.js';
import { parseReason } from '../../src/config/values/reason.js';
import { parseReleaseName, releaseNameType } from '../../src/config/values/release-name.js';
import { parseSmoke } from '../../src/config/values/smoke.js';
import { parseTag } from '../../src/config/values/tags.js';
import { parseArgument, parseDockerName } from '../../src/config/values/argument.js';
import { formatWorkload, parseWorkload } from '../../src/config/values/workloads.js';
import { parseReference } from '../../src/image/reference.js';
import { anyCharacter } from '../any-character.js';

const parsers: Readonly<Record<string, (text: string) => Checked<unknown>>> = {
  parseSecretLine, parseSecretReference: (text) => parseSecretReference(text, text), parseFlag, parseDigest, parseDuration, parseImageName,
  argument: parseKeyValue(checkArgument), label: parseKeyValue(checkLabel), readKubeconfig, parseDownloadUrl: parseDownloadUrl('https://m/{version}'), parseWebAddress, parseLabel, parsePlatform,
  parseRegistry, parseSmoke, parseTag, parseArgument, parseDockerName, parseWorkload,
  parsePeriod, patience: (text) => checkPatience(text, text), parseReason: (text) => parseReason(text, 'Say why.'), parseReleaseName,
  parseBackupAddress, parseRetention, parseCalendarDate, parseCount, parseCountOrVariable, parseRuleName, requirement: (text) => checkRequirement('NAME', text), nameOfVariable: (text) => checkRequirement(text, 'set'),
};

/** Texts that look like what the parsers know, and texts that look like nothing. */
const hostile = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.string({ unit: fc.constantFrom(...'aZ0/:@.-_=,% \n\t"\'$`\\{}[]#<>*&!|;\u0000\u001b\u202e\ufeffé😀'), maxLength: 40 }),
  fc.array(fc.constantFrom('service/', 'https://', 'api', ':80', '/', ' -> ', '200', ' contains ', '..', 'deployment/', 'linux/', 'sha256:', 'env:', '=', '10m', '30d', '1y', '6mo', 'gfs', 's3://', 'pvc/', './', 'Fri', ' 16:00', ' – ', '-', ' Europe/Paris', ' UTC', 'abc1234'))
    .map((words) => words.join('')),
);
const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?$/);

describe.each(Object.entries(parsers))('%s', (_, parse) => {
  it('never throws, and says on one line what is wrong', () => {
    fc.assert(fc.property(hostile, (text) => {
      const checked = parse(text);
      const faults = checked.ok ? checked.warnings : checked.faults;
      if (!checked.ok) expect(faults.length).toBeGreaterThan(0);
      expect(faults.filter(({ message, hint }) => /[\p{Cc}\u2028\u2029\u202e]/u.test(`${message} ${hint ?? ''}`))).toEqual([]);
    }), { numRuns: 300 });
  });
});

describe('what is accepted', () => {
  it('requirements on variables are read alike when they are written again', () => {
    const value = fc.stringMatching(/^[^\s|]([^|\n\r]*[^\s|])?$/, { maxLength: 12 }).filter((text) => text.trim() === text && !['set', 'unset', 'not set'].includes(text) && !text.startsWith('not '));
    fc.assert(fc.property(fc.constantFrom('be', 'not-be'), fc.uniqueArray(value, { minLength: 1, maxLength: 3 }), (must, values) => {
      const text = requirementText({ must, values });
      const checked = checkRequirement('NAME', text);
      if (checked.ok) expect(requirementText(checked.value[1])).toBe(text);
    }));
  });
  it('images are read alike by whoever deploys them', () => {
    fc.assert(fc.property(hostile, (text) => {
      const checked = parseImageName(text);
      if (checked.ok) expect(parseReference(text)?.name).toBe(text);
    }), { numRuns: 1000 });
  });

  it('durations come back as they were written', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 86_400_000 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toEqual({ ok: true, value: ms, warnings: [] });
    }));
  });

  it('durations of no time are kept apart', () => {
    fc.assert(fc.property(fc.constantFrom('ms', 's', 'm', 'h'), (unit) => {
      expect([parseDuration(`0${unit}`).ok, parseDurationOrZero(`0${unit}`)]).toEqual([false, { ok: true, value: 0, warnings: [] }]);
    }));
  });

  it('periods lie within a week and last for some time', () => {
    const time = fc.tuple(fc.integer({ min: 0, max: 24 }), fc.integer({ min: 0, max: 59 })).map(([hour, minute]) => `${hour}:${String(minute).padStart(2, '0')}`);
    const day = fc.constantFrom('Sun', 'monday', 'TUE', 'Wednesday', 'thu', 'Fri', 'Saturday');
    const text = fc.tuple(fc.option(day, { nil: '' }), fc.constantFrom('-', ' – ', '—', ' − '), fc.option(day, { nil: '' }), time, time, fc.boolean())
      .map(([first, dash, last, from, to, ranged]) => (ranged ? `${first}${dash}${last} ${from}${dash}${to}` : `${first} ${from}${dash}${last} ${to}`));
    fc.assert(fc.property(text, (body) => {
      const checked = parsePeriod(`${body} Asia/Kathmandu`);
      if (!checked.ok) return;
      const { fromMinute, toMinute, days = 1, timeZone } = checked.value;
      for (const minute of [fromMinute, toMinute]) expect(minute).toBe(Math.min(Math.max(minute, 0), 10_079));
      expect(fromMinute).not.toBe(toMinute);
      expect([1, 2, 3, 4, 5, 6, 7]).toContain(days);
      expect(timeZone).toBe('Asia/Kathmandu');
    }), { numRuns: 1000 });
  });

  it('names of releases are of one type', () => {
    fc.assert(fc.property(fc.oneof(hostile, fc.stringMatching(/^[0-9a-fA-F]{1,66}$/)), (text) => {
      const checked = parseReleaseName(text);
      if (checked.ok) expect([checked.value, releaseNameType(text)]).toEqual([text, expect.stringMatching(/^(revision|digest|commit)$/)]);
    }), { numRuns: 1000 });
  });

  it('workloads come back as they were written', () => {
    fc.assert(fc.property(fc.constantFrom(...workloadKinds), label, fc.option(label, { nil: undefined }), (kind, name, container) => {
      const ref = { kind, name, ...(container === undefined ? {} : { container }) };
      expect(parseWorkload(formatWorkload(ref))).toEqual({ ok: true, value: ref, warnings: [] });
    }));
  });

  it('smoke checks of a Service stay inside its path', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('/', '..', '.', '%2e', '%2F', '%5c', 'x', '?', '\\')), (parts) => {
      const checked = parseSmoke(`service/api/${parts.join('')}`);
      if (!checked.ok || checked.value.target.type !== 'service') return;
      const prefix = '/api/v1/namespaces/n/services/api/proxy';
      expect(new URL(`http://x${prefix}${checked.value.target.path}`).pathname.startsWith(`${prefix}/`)).toBe(true);
    }), { numRuns: 1000 });
  });

  it('values keep everything after the first "="', () => {
    fc.assert(fc.property(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,9}$/), fc.stringMatching(/^[ -~]{0,30}$/), (key, value) => {
      expect(parseKeyValue(checkArgument)(`${key}=${value}`)).toEqual({ ok: true, value: [key, value], warnings: [] });
    }));
  });

  it('no argument starts with a dash, and the nearest label is a label', () => {
    fc.assert(fc.property(hostile, (text) => {
      const checked = parseArgument(text);
      if (checked.ok) expect(checked.value).not.toMatch(/^-|[\n\r\0]/);
      const near = toLabel(text);
      if (near !== undefined) expect(parseLabel(near).ok).toBe(true);
    }));
  });
});

describe('a build secret that is not understood', () => {
  it('is not repeated', () => {
    fc.assert(fc.property(fc.stringMatching(/^[A-Za-z0-9+/]{12,40}={0,2}$/), (line) => {
      const checked = parseSecretLine(line);
      if (!checked.ok) expect(JSON.stringify(checked.faults)).not.toContain(line.replace(/=+$/, ''));
    }));
  });
});

describe('did you mean', () => {
  it('is a distance', () => {
    fc.assert(fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(distance(a, b)).toBe(distance(b, a));
      expect(distance(a, b) === 0).toBe(a === b);
      expect(distance(a, b)).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
    }));
  });
  it.each([
    ['plattforms', 'platforms'], ['buildArgs', 'build-args'], ['build_args', 'build-args'], ['tgas', 'tags'], ['x', undefined], ['tag', 'tags'],
    ['smok', 'smoke'], ['completely', undefined], ['a'.repeat(1000), undefined],
  ])('%s → %s', (word, meant) => {
    expect(didYouMean(word, ['platforms', 'build-args', 'tags', 'smoke', 'context'])).toBe(meant);
  });
});
