import { describe, expect, it } from '@jest/globals';
import type { ImageName } from '../../src/config/config.js';
import { missingLogin } from '../../src/image/push-login.js';
import { bodyOf } from '../../src/ports/http.js';
import type { Ports } from '../../src/ports/ports.js';

type World = Pick<Ports, 'http' | 'files' | 'env' | 'cancelled'>;

interface Watched extends World {
  readonly requested: string[];
  /** Addresses whose answers were read or discarded. */
  readonly closed: string[];
}

/** A machine whose Docker has this configuration, and a registry that answers with this status. */
function world(config: object | undefined, status: number | undefined): Watched {
  const requested: string[] = [];
  const closed: string[] = [];
  return {
    requested, closed, env: { HOME: '/home/me' }, cancelled: new AbortController().signal,
    files: { readText: (path: string) => Promise.resolve(path === '/home/me/.docker/config.json' && config ? JSON.stringify(config) : undefined) },
    http: {
      request: ({ url }: { url: string }) => {
        requested.push(url);
        return status === undefined ? Promise.reject(new Error('no answer')) : Promise.resolve({ status, headers: {}, body: bodyOf((async function* () { yield new Uint8Array(2); })(), () => { closed.push(url); }) });
      },
    },
  } as unknown as Watched;
}
const warning = (config: object | undefined, status: number | undefined, image = 'ghcr.io/acme/api') => missingLogin(world(config, status), image as ImageName);

describe('a login that a push needs', () => {
  it('is missed when the registry requires one and Docker has none', async () => {
    expect(await warning(undefined, 401)).toBe('The push to ghcr.io needs a login, and Docker has none for it on this machine. Set `registry-username` and `registry-password`.');
    expect(await warning({ auths: { 'quay.io': {} } }, 401)).toContain('ghcr.io needs a login');
  });
  it.each<[string, object, number | undefined]>([
    ['Docker has one', { auths: { 'ghcr.io': { auth: 'x' } } }, 401], ['a store has one', { auths: { 'https://ghcr.io': {} }, credsStore: 'desktop' }, 401],
    ['a helper has one', { credHelpers: { 'ghcr.io': 'gcloud' } }, 401], ['the registry is open', {}, 200], ['the registry does not answer', {}, undefined],
  ])('is not missed when %s', async (_, config, status) => expect(await warning(config, status)).toBeUndefined());
  it('leaves no connection open, which would keep the process alive', async () => {
    const asked = world({}, 401);
    await missingLogin(asked, 'ghcr.io/acme/api' as ImageName);
    expect(asked.closed).toEqual(asked.requested);
  });
  it('is looked for where Docker would push', async () => {
    for (const [image, url] of [['acme/api', 'https://registry-1.docker.io/v2/'], ['127.0.0.1:5000/api', 'http://127.0.0.1:5000/v2/'], ['r.example:5000/api', 'https://r.example:5000/v2/']] as const) {
      const asked = world({}, 200);
      await missingLogin(asked, image as ImageName);
      expect(asked.requested).toEqual([url]);
    }
    expect(await warning({ auths: { 'https://index.docker.io/v1/': {} } }, 401, 'acme/api')).toBeUndefined();
  });
});
