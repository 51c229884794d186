import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { exposition, groupPath, type Labels } from '../../src/telemetry/pushgateway/exposition.js';
import { anyCharacter } from '../any-character.js';
import { readGroupPath, readMetrics } from './prometheus.js';

const unit = fc.oneof(anyCharacter, fc.constantFrom('"', '\\', '\n', '\r', '{', '}', ',', '=', '/', ' ', 'n'));
const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,10}$/);
const labels = fc.dictionary(name, fc.string({ unit }), { maxKeys: 4 }).map((given): Labels => ({ ...given }));

describe('the text format of Prometheus', () => {
  it('has a help, a type and a line for each sample', () => {
    expect(exposition([
      { name: 'a_seconds', help: 'How long.\nReally.', samples: [{ value: 1.5 }] },
      { name: 'b', help: 'A back\\slash', samples: [{ labels: { x: 'a"b\\c\nd', y: '' }, value: 0 }, { labels: { x: '2' }, value: Infinity }] },
    ])).toBe([
      '# HELP a_seconds How long.\\nReally.', '# TYPE a_seconds gauge', 'a_seconds 1.5',
      '# HELP b A back\\\\slash', '# TYPE b gauge', 'b{x="a\\"b\\\\c\\nd",y=""} 0', 'b{x="2"} +Inf', '',
    ].join('\n'));
  });
  it('is read as it was meant, whatever the values of labels are', () => {
    fc.assert(fc.property(fc.array(fc.tuple(labels, fc.double({ noNaN: true })), { maxLength: 3 }), fc.string({ unit }), (samples, help) => {
      const text = exposition([{ name: 'm', help, samples: samples.map(([given, value]) => ({ labels: given, value })) }]);
      expect(text.split('\n').length).toBe(samples.length + 3);
      expect(readMetrics(text)).toEqual(samples.map(([given, value]) => ({ name: 'm', labels: { ...given }, value: value === 0 ? 0 : value })));
    }));
  });
});

describe('the path of a group', () => {
  it.each<[string, Labels, string]>([
    ['deploy', { app: 'api', environment: 'production' }, '/metrics/job/deploy/app/api/environment/production'],
    ['deploy', { app: 'a/b' }, '/metrics/job/deploy/app@base64/YS9i'], ['deploy', { app: '' }, '/metrics/job/deploy/app@base64/='], ['deploy', { app: '..' }, '/metrics/job/deploy/app@base64/Li4'],
  ])('of %s with %j is %s', (job, given, path) => expect(groupPath(job, given)).toBe(path));
  it('names the group, whatever the values of labels are', () => {
    fc.assert(fc.property(labels, (given) => {
      const path = groupPath('deploy', given);
      expect(new URL(path, 'http://h').pathname).toBe(path);
      expect(readGroupPath(path)).toEqual({ job: 'deploy', ...given });
    }));
  });
});
