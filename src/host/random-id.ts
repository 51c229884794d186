import { readFileSync } from 'node:fs';
import { randomUUID as fromCrypto } from 'node:crypto';

/**
 * A new random UUID. From the kernel where it has them: `node:crypto` takes 5 ms of processor time to load. The bundle script
 * gives it to `@actions/core` as well, under the name that it has in `node:crypto`.
 */
export function randomUUID(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/uuid', 'utf8').trim() || fromCrypto();
  } catch {
    return fromCrypto();
  }
}
