import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bypasses, proxySecrets, wayTo } from '../../src/host/proxy-environment.js';

const way = (url: string, env: Record<string, string>) => {
  const found = wayTo(new URL(url), env);
  return found.kind === 'proxy' ? `${found.proxy.url.protocol}//${found.proxy.url.host} of ${found.proxy.variable}` : found;
};
const direct = { kind: 'direct' };

describe('the proxy of the environment', () => {
  it.each<[string, Record<string, string>, unknown]>([
    ['http://shop.example/', {}, direct],
    ['http://shop.example/', { HTTP_PROXY: 'http://proxy.example:3128' }, 'http://proxy.example:3128 of HTTP_PROXY'],
    ['http://shop.example/', { http_proxy: 'http://proxy.example:3128' }, 'http://proxy.example:3128 of http_proxy'],
    ['http://shop.example/', { HTTP_PROXY: 'http://a.example', http_proxy: 'http://b.example' }, 'http://a.example of HTTP_PROXY'],
    ['http://shop.example/', { HTTP_PROXY: ' ', http_proxy: 'http://b.example' }, 'http://b.example of http_proxy'],
    ['http://shop.example/', { HTTPS_PROXY: 'http://proxy.example:3128' }, direct],
    ['https://shop.example/', { HTTP_PROXY: 'http://proxy.example:3128' }, direct],
    ['https://shop.example/', { https_proxy: 'https://me:hunter22@proxy.example' }, 'https://proxy.example of https_proxy'],
    ['https://shop.example/', { all_proxy: 'http://proxy.example:3128' }, 'http://proxy.example:3128 of all_proxy'],
    ['https://shop.example/', { ALL_PROXY: 'http://a.example', HTTPS_PROXY: 'http://b.example' }, 'http://b.example of HTTPS_PROXY'],
    ['http://shop.example/', { HTTP_PROXY: 'proxy.example:3128' }, 'http://proxy.example:3128 of HTTP_PROXY'],
    ['http://localhost:8080/', { HTTP_PROXY: 'http://proxy.example' }, direct],
    ['http://127.0.0.1/', { HTTP_PROXY: 'http://proxy.example' }, direct],
    ['http://[::1]/', { HTTP_PROXY: 'http://proxy.example' }, direct],
    ['http://shop.example/', { HTTP_PROXY: 'http://proxy.example', NO_PROXY: 'shop.example' }, direct],
    ['http://shop.example/', { HTTP_PROXY: 'http://proxy.example', no_proxy: '*' }, direct],
    ['http://shop.example/', { HTTP_PROXY: 'http://' }, { kind: 'unusable', why: 'HTTP_PROXY is not the URL of a proxy' }],
    ['http://shop.example/', { ALL_PROXY: 'socks5://proxy.example' }, { kind: 'direct', unused: 'ALL_PROXY names a proxy of type socks5, which is not supported' }],
  ])('of %s with %j', (url, env, expected) => expect(way(url, env)).toEqual(expected));

  it('has secrets in its URL, in each form in which they could be printed', () => {
    const secrets = proxySecrets({ HTTPS_PROXY: 'http://me:p%40ss%20word@proxy.example:3128', http_proxy: 'http://t0ken-alone@proxy.example', ALL_PROXY: 'me:x@' });
    expect(secrets).toEqual(['t0ken-alone', 't0ken-alone', Buffer.from('t0ken-alone:').toString('base64'),
      'p%40ss%20word', 'p@ss word', Buffer.from('me:p@ss word').toString('base64'), 'me:x@']);
    expect(proxySecrets({ HTTP_PROXY: 'http://proxy.example:3128', NO_PROXY: 'a@b' })).toEqual([]);
  });
});

describe('NO_PROXY', () => {
  it.each<[string, string, boolean]>([
    ['example.com', 'http://example.com/', true], ['example.com', 'http://www.example.com/', true], ['example.com', 'http://notexample.com/', false],
    ['EXAMPLE.com', 'http://Example.COM/', true], ['example.com.', 'http://example.com/', true], ['example.com', 'http://example.com./', true],
    ['.example.com', 'http://www.example.com/', true], ['.example.com', 'http://example.com/', false],
    ['*.example.com', 'http://a.b.example.com/', true], ['*.example.com', 'http://example.com/', false],
    ['a.example, b.example', 'http://b.example/', true], ['a.example b.example', 'http://b.example/', true], ['a.example,,', 'http://b.example/', false],
    ['*', 'http://anything.example/', true], ['a.example,*', 'http://b.example/', true],
    ['example.com:8080', 'http://example.com:8080/', true], ['example.com:8080', 'http://example.com/', false],
    ['example.com:80', 'http://example.com/', true], ['example.com:443', 'https://example.com/', true], ['example.com:443', 'http://example.com/', false],
    ['10.0.0.0/8', 'http://10.96.0.7/', true], ['10.0.0.0/8', 'http://11.0.0.1/', false], ['10.0.0.0/8', 'http://10.example/', false],
    ['10.96.0.7', 'http://10.96.0.7:8080/', true], ['10.96.0.7:80', 'http://10.96.0.7:8080/', false], ['0.96.0.7', 'http://10.96.0.7/', false],
    ['fd00::/8', 'http://[fd00::7]/', true], ['fd00::7', 'http://[fd00:0::7]:80/', true], ['[fd00::7]:80', 'http://[fd00::7]/', true],
    ['[fd00::7]:80', 'http://[fd00::7]:8080/', false], ['[fd00::]/8', 'http://[fd01::7]/', true], ['fd00::/8', 'http://10.0.0.1/', false],
    ['10.0.0.0/33', 'http://10.0.0.1/', false], ['10.0.0.0/x', 'http://10.0.0.1/', false], ['.', 'http://example.com/', false], [':80', 'http://example.com/', false],
  ])('%s and %s: %s', (noProxy, url, expected) => expect(bypasses(noProxy, new URL(url))).toBe(expected));

  const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
  const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'));
  it('names a host and all below it, and nothing that only ends alike', () => {
    fc.assert(fc.property(name, label, (host, sub) => {
      expect(bypasses(host, new URL(`http://${host}/`))).toBe(true);
      expect(bypasses(host, new URL(`http://${sub}.${host}/`))).toBe(true);
      expect(bypasses(`.${host}`, new URL(`http://${sub}.${host}/`))).toBe(true);
      expect(bypasses(host, new URL(`http://${sub}${host}/`))).toBe(false);
      expect(bypasses(`.${host}`, new URL(`http://${host}/`))).toBe(false);
    }));
  });
  it('has networks that hold exactly the addresses with the same first bits', () => {
    const address = fc.nat(0xffffffff);
    const text = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
    fc.assert(fc.property(address, fc.integer({ min: 0, max: 32 }), address, fc.boolean(), (base, bits, other, near) => {
      const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
      const host = near ? ((base & mask) | (other & ~mask)) >>> 0 : other;
      expect(bypasses(`${text(base)}/${bits}`, new URL(`http://${text(host)}/`))).toBe(((host ^ base) & mask) === 0);
    }));
  });
  it('of any text gives an answer', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'a.*:/[],0 1-fF%') }), (text) => {
      expect(typeof bypasses(text, new URL('http://a.example:8080/'))).toBe('boolean');
      expect(typeof bypasses(text, new URL('http://[fd00::1]/'))).toBe('boolean');
    }));
  });
});
