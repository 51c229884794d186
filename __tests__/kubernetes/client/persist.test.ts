import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kubernetes/client/api.js';
import { persistently } from '../../../src/kubernetes/client/persist.js';
import { swiftClock } from './hand-clock.js';

/** Asks a server that answers by how long it has been asked, ms. */
async function asking(answer: (sinceMs: number) => ApiError | Error | undefined, forMs?: number): Promise<readonly [string, number]> {
  const clock = swiftClock();
  const startedAt = clock.monotonic();
  const sinceMs = (): number => clock.monotonic() - startedAt;
  const attempt = async (): Promise<string> => {
    const error = answer(sinceMs());
    if (error) throw error;
    return 'done';
  };
  const until = forMs && startedAt + forMs;
  const end = await persistently(clock, attempt, { until })
    .catch((error: unknown) => (error instanceof ApiError ? String(error.status) : (error as Error).message));
  return [end, sinceMs()];
}

const status = (code: number): ApiError => new ApiError(code, '', 'so it says');

describe('what is asked persistently', () => {
  it.each([0, 429, 500, 503])('is asked again while the server answers %d, for a minute', async (code) => {
    expect((await asking((sinceMs) => (sinceMs < 40_000 ? status(code) : undefined)))[0]).toBe('done');
    const [end, sinceMs] = await asking(() => status(code));
    expect([end, sinceMs >= 60_000 && sinceMs < 63_000]).toEqual([String(code), true]);
  });
  it.each([0, 429, 503])('is asked again for as long as a good version depends on it, while the server answers %d', async (code) => {
    expect(await asking(() => status(code), 300_000)).toEqual([String(code), 300_000]);
    const [, sinceMs] = await asking(() => status(code), 10_000);
    expect(sinceMs).toBe(60_000);
  });
  it('is not asked again for more than a minute while a webhook fails', async () => {
    const [end, sinceMs] = await asking(() => new ApiError(500, 'InternalError', 'Internal error occurred: failed calling webhook "p": timeout'), 300_000);
    expect([end, sinceMs < 63_000]).toEqual(['500', true]);
  });
  it.each([401, 403])('is asked again when a server that has just started answers %d, and not for long', async (code) => {
    expect((await asking((sinceMs) => (sinceMs < 40_000 ? status(0) : sinceMs < 50_000 ? status(code) : undefined)))[0]).toBe('done');
    const [end, sinceMs] = await asking(() => status(code));
    expect([end, sinceMs >= 15_000 && sinceMs < 18_000]).toEqual([String(code), true]);
  });
  it('is asked again while an admission plugin of a server that has just started is not ready, and not for long', async () => {
    const [end, sinceMs] = await asking(() => new ApiError(403, 'Forbidden', 'configmaps "a" is forbidden: not yet ready to handle request'), 300_000);
    expect([end, sinceMs >= 15_000 && sinceMs < 18_000]).toEqual(['403', true]);
  });
  it.each([
    'configmaps "a" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: configmaps=1',
    'admission webhook "p" denied the request: no',
    'configmaps "a" is forbidden: unable to create new content in namespace shop because it is being terminated',
  ])('is not asked again after a refusal that does not pass: %s', async (message) => {
    expect(await asking(() => new ApiError(403, 'Forbidden', message))).toEqual(['403', 0]);
  });
  it.each([404, 409, 422])('is not asked again after %d', async (code) => expect(await asking(() => status(code))).toEqual([String(code), 0]));
  it('is not asked again after an error that is no answer of the server', async () => expect(await asking(() => new Error('mine'))).toEqual(['mine', 0]));
});
