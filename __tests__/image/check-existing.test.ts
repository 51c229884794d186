import { describe, expect, it } from '@jest/globals';
import { checkExisting } from '../../src/image/check-existing.js';

describe('what the registry says of an image that is to be deployed', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const said = (existing: Parameters<typeof checkExisting>[0], withLogin: boolean) =>
    checkExisting(existing, { image: 'ghcr.io/acme/api', digest, login: withLogin ? { registry: 'ghcr.io', username: 'me', password: 'x' } : undefined });
  it('is final when it is not there; without a login it may be private', () => {
    const message = `ghcr.io/acme/api@${digest} is not in the registry.`;
    const without = said({ state: 'absent' }, false).problems[0];
    expect(without).toMatchObject({ cause: 'image-not-found', message });
    expect(without?.hint).toMatch(/^If the repository is private, give `registry-username` and `registry-password`: .+\. ./);
    expect(said({ state: 'absent' }, true).problems[0]?.hint).not.toContain('registry-username');
  });
  it('is a warning when it could not be asked, with the reason', () => {
    const name = `ghcr.io/acme/api@${digest}`;
    expect(said({ state: 'unreachable', reason: 'docker is not installed.' }, true)).toEqual(
      { problems: [], warnings: [`${name} could not be looked up in the registry, so only the nodes will show whether it exists: docker is not installed.`] });
    expect(said({ state: 'denied', reason: 'The registry ghcr.io refused the login of me: no.' }, true)).toEqual(
      { problems: [], warnings: [`This run is not allowed to read ${name} in the registry, so only the nodes will show whether it exists: The registry ghcr.io refused the login of me: no.`] });
    expect(said({ state: 'denied', reason: '403' }, false).warnings[0]).toMatch(/exists\. .*give `registry-username` and `registry-password`\.$/);
  });
});
