import { expect, it } from '@jest/globals';
import { parts, partNamed } from '../../sandbox/parts.mjs';

it('starts only the Docker daemon on demand', () => {
  expect(parts.filter(({ onDemand }) => onDemand).map(({ name }) => name)).toEqual(['dockerd']);
});

it('starts no part that comes with all others after one that is started on demand', () => {
  for (const { after } of parts.filter(({ onDemand }) => !onDemand)) expect(after.filter((name) => partNamed(name).onDemand)).toEqual([]);
});

it('names the parts for a name that is none', () => expect(() => partNamed('docker')).toThrow(/There is no part docker; the parts are: etcd, .*, dockerd\./));
