import type { StoreConfig } from '../../src/config/values/store-config.js';
import type { Clock } from '../../src/ports/clock.js';
import { s3Store } from '../../src/store/s3/store.js';
import type { ObjectStore } from '../../src/store/store.js';
import { fakePorts, type FakePorts } from '../kubernetes/client/fake-ports.js';
import { idleClock } from '../ports/idle-clock.js';
import { MemoryS3, type MemoryS3Options } from './memory-s3.js';

/** The time of this machine, by which signatures are made, and waits that are over when nothing else happens. */
export function presentClock(): Clock & { readonly slept: readonly number[] } {
  const [clock, slept] = [idleClock(), [] as number[]];
  return {
    ...clock, slept, now: () => Date.now(),
    sleep: (ms, signal) => {
      slept.push(ms);
      return clock.sleep(ms, signal);
    },
  };
}

export interface Stand {
  readonly server: MemoryS3;
  readonly store: ObjectStore;
  readonly ports: FakePorts;
  /** ms of each wait. */
  readonly slept: readonly number[];
}

interface StandOptions {
  readonly config?: Partial<StoreConfig>;
  readonly server?: Partial<MemoryS3Options>;
  readonly env?: Readonly<Record<string, string>>;
  readonly isOwn?: (name: string) => boolean;
}

/** A store in `s3://backups/api` of a server in memory. */
export async function stand({ config, server: of, env, isOwn = () => true }: StandOptions = {}): Promise<Stand> {
  const clock = presentClock();
  const server = new MemoryS3({ clock, ...of });
  const ports = fakePorts({ clock, http: server.http, env });
  const store = await s3Store({ ports, isOwn }, {
    endpoint: server.endpoint, credentials: { accessKey: 'key', secretKey: 'secret' }, ...config, to: { kind: 's3', bucket: 'backups', prefix: 'api', ...config?.to as object },
  });
  return { server, store, ports, slept: clock.slept };
}
