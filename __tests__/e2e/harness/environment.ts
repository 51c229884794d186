import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

export interface Environment {
  readonly kubeconfig: string;
  /** `host:port` of the registry that anybody may use. */
  readonly registry: string;
  /** `host:port` of the registry with a login. */
  readonly authRegistry: string;
  readonly authUsername: string;
  readonly authPassword: string;
  readonly builder: string;
  readonly dockerConfig: string;
}

/** Where the sandbox is. Throws a sentence that says how to start it when a variable is missing. */
export function environment(): Environment {
  return {
    kubeconfig: required('KUBECONFIG'),
    registry: required('REGISTRY'),
    authRegistry: required('REGISTRY_AUTH'),
    authUsername: required('REGISTRY_AUTH_USERNAME'),
    authPassword: required('REGISTRY_AUTH_PASSWORD'),
    builder: required('BUILDER'),
    dockerConfig: required('DOCKER_CONFIG'),
  };
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set. The end-to-end tests need the sandbox: npm run sandbox up && eval "$(npm run -s sandbox env)"`);
  }
  return value;
}

/** The text of a file of the repository, or undefined when it is not there. */
export function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Resolves after so many milliseconds: for deadlines of polling, never in place of a condition. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * What `ask` returns once it returns something else than undefined or false, asked every 100 ms.
 * Throws after `withinMs` with what was waited for and, when given, what was seen last.
 */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined | false>, withinMs = 120_000, seen: () => unknown = () => ''): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`${what}: not within ${withinMs / 1000} s ${JSON.stringify(seen()) ?? ''}`);
    await pause(100);
  }
}
