import { expect, it } from '@jest/globals';
import { startProxy } from '../../../src/kubernetes/client/proxy.js';
import { swiftClock } from './hand-clock.js';

it('each proxy of a run has a socket of its own, so either can be stopped first', async () => {
  const ports = {
    clock: swiftClock(), cancelled: new AbortController().signal, files: {}, log: {},
    process: {
      start: ({ onLine }: { onLine: (line: string, stream: string) => void }) => {
        queueMicrotask(() => onLine('Starting to serve on a socket', 'stdout'));
        return { exited: new Promise(() => undefined), stop: async () => undefined };
      },
    },
  } as unknown as Parameters<typeof startProxy>[0];
  const start = (): ReturnType<typeof startProxy> => startProxy(ports, '/bin/kubectl', { args: [], env: {} }, '/run-of-this-test');
  const [one, other] = [await start(), await start()];
  await one.stop();
  const next = await start();
  expect([one, other, next].map(({ socketPath }) => socketPath)).toEqual(['/run-of-this-test/api.sock', '/run-of-this-test/api-2.sock', '/run-of-this-test/api.sock']);
  await other.stop();
  await next.stop();
});
