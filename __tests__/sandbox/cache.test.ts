import { describe, expect, it } from '@jest/globals';
import { adviceFor, compilerFlags, modules, variablesOf, type Name } from '../../sandbox/cache.mjs';

describe('what is built', () => {
  it.each(Object.keys(modules) as Name[])('%s has the versions that its go.mod requires', (name) => {
    expect(variablesOf(name)).not.toHaveLength(0);
    for (const variable of variablesOf(name)) expect(variable).toMatch(/^[\w./-]+=(?:v?\d+\.\d+\.\d+|\d+|source)$/);
  });

  it('takes the version of a module that is replaced', () => {
    // See the comment in sandbox/programs/go.mod: 28.4 does not work here.
    expect(variablesOf('programs')).toContainEqual(expect.stringMatching(/^github\.com\/docker\/cli\/cli\/version\.Version=28\.3\.\d+$/));
  });
});

it('uses threads within a compiler only where there are processors for them', () => {
  expect([2, 4].map((processors) => compilerFlags(processors).includes('all=-l -dwarf=false -c=1'))).toEqual([true, false]);
});

describe('what to do about a failure of go', () => {
  it.each([
    ['go: github.com/a/b@v1.0.0: Get "https://proxy.example/": dial tcp: lookup proxy.example: no such host', 'check the network'],
    ['go: github.com/a/b@v1.0.0: reading https://proxy.example/: 403 Forbidden\n\tserver response: not here', 'check the network'],
    ['write /root/.cache/go-build/a: no space left on device', 'The disk is full'],
    ['verifying github.com/a/b@v1.0.0: checksum mismatch', 'do not use it'],
    ['main.go:7:2: undefined: x', 'run the command again'],
  ])('%s', (message, advice) => expect(adviceFor(message)).toContain(advice));
});
