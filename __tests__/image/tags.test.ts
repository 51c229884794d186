import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chooseTags, tagKind } from '../../src/image/tags.js';

const commit = '80438e3a1b2c3d4e5f60718293a4b5c6d7e8f901';

describe('the kind of a tag', () => {
  it.each([
    [commit, 'commit'], ['80438e3', 'commit'], ['sha-80438e3', 'commit'], ['main-80438e3a1b', 'commit'], ['main.80438e3_arm', 'commit'],
    ['f'.repeat(40), 'commit'], ['0'.repeat(64), 'commit'], ['sha-1234567', 'commit'],
    ['1.2.3', 'version'], ['v1.2.3', 'version'], ['1.2.3-rc.1', 'version'], ['2026.11.21', 'version'],
    ['latest', 'mutable'], ['main', 'mutable'], ['v1', 'mutable'], ['1', 'mutable'], ['1.2', 'mutable'], ['v1.2', 'mutable'],
    ['1.2.3-SNAPSHOT', 'mutable'], ['20261121', 'mutable'], ['deadbeef', 'mutable'], ['80438e', 'mutable'], ['1.2.3.4', 'mutable'],
    ['release-1.2.3', 'mutable'], ['pr-80438', 'mutable'],
  ])('%s is %s', (tag, kind) => {
    expect(tagKind(tag, commit)).toBe(kind);
  });
});

describe('the tags of a run', () => {
  it('are the commit, and latest on the default branch', () => {
    expect(chooseTags({ commit, onDefaultBranch: true })).toEqual({ commit: [commit], version: [], mutable: ['latest'], deployed: commit });
    expect(chooseTags({ commit, onDefaultBranch: false })).toEqual({ commit: [commit], version: [], mutable: [], deployed: commit });
  });

  it('get the commit when all that are asked for may move', () => {
    expect(chooseTags({ commit, onDefaultBranch: true, tags: ['latest', 'v1', 'latest'] }))
      .toEqual({ commit: [commit], version: [], mutable: ['latest', 'v1'], deployed: commit });
    expect(chooseTags({ commit, onDefaultBranch: true, tags: [] }).deployed).toBe(commit);
  });

  it('are only what was asked for when one of them stands', () => {
    expect(chooseTags({ commit, onDefaultBranch: true, tags: ['1.2.3', 'latest'] }))
      .toEqual({ commit: [], version: ['1.2.3'], mutable: ['latest'], deployed: '1.2.3' });
    expect(chooseTags({ commit, onDefaultBranch: true, tags: ['1.2.3', 'sha-80438e3'] }))
      .toEqual({ commit: ['sha-80438e3'], version: ['1.2.3'], mutable: [], deployed: 'sha-80438e3' });
  });

  it('get the commit where the builder cannot push by digest, and the version is deployed', () => {
    expect(chooseTags({ commit, onDefaultBranch: true, tags: ['1.2.3'], pushesByTag: true })).toEqual({ commit: [commit], version: ['1.2.3'], mutable: [], deployed: '1.2.3' });
    expect(chooseTags({ commit, onDefaultBranch: true, tags: ['1.2.3', 'sha-80438e3'], pushesByTag: true }).commit).toEqual(['sha-80438e3']);
  });

  it('of another commit stand for a commit too, and are never moved to this one', () => {
    const otherCommit = 'f'.repeat(40);
    expect(chooseTags({ commit, otherCommit, onDefaultBranch: false, tags: ['main-fffffff', 'latest'] }))
      .toEqual({ commit: ['main-fffffff'], version: [], mutable: ['latest'], deployed: 'main-fffffff' });
  });

  it('name uncommitted changes beside the commit', () => {
    const dirty = `${commit}-dirty-0123456789ab`;
    expect(chooseTags({ commit: dirty, onDefaultBranch: false })).toEqual({ commit: [dirty], version: [], mutable: [], deployed: dirty });
  });

  it('lose none that was asked for, and always hold one to deploy by', () => {
    const tag = fc.oneof(fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,12}$/), fc.constantFrom('latest', '1.2.3', commit));
    fc.assert(fc.property(fc.array(tag), (tags) => {
      const chosen = chooseTags({ commit, onDefaultBranch: true, tags });
      const all = [...chosen.commit, ...chosen.version, ...chosen.mutable];
      expect(new Set(all).size).toBe(all.length);
      expect(tags.filter((asked) => !all.includes(asked))).toEqual([]);
      expect([...chosen.commit, ...chosen.version]).toContain(chosen.deployed);
    }));
  });
});
