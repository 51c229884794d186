import type { ImageName } from '../config/config.js';
import { registryOf } from '../config/values/registry.js';
import { placeWords } from '../outcome/place-words.js';
import { discard } from '../ports/http.js';
import type { Ports } from '../ports/ports.js';
import { hasLogin } from './login.js';

const answersWithinMs = 5000;

/**
 * A warning when the registry requires a login and Docker has none for it: a run would only fail at the push, after the tests and
 * the build. Undefined also when the registry does not answer, which others report.
 */
export async function missingLogin(ports: Pick<Ports, 'http' | 'files' | 'env' | 'cancelled'>, image: ImageName): Promise<string | undefined> {
  const registry = registryOf(image);
  if (await hasLogin(ports, registry) || !await requiresLogin(ports, registry)) return undefined;
  const { setting } = placeWords();
  return `The push to ${registry} needs a login, and Docker has none for it on this machine. Set ${setting('registry-username')} and ${setting('registry-password')}.`;
}

/** What a registry answers to its base address: https://distribution.github.io/distribution/spec/api/#api-version-check */
async function requiresLogin({ http, cancelled }: Pick<Ports, 'http' | 'cancelled'>, registry: string): Promise<boolean> {
  try {
    const response = await http.request({ url: `${schemeOf(registry)}://${hostOf(registry)}/v2/`, timeoutMs: answersWithinMs, signal: cancelled });
    // A connection that stays open would keep the process alive until the server closes it.
    await discard(response);
    return response.status === 401;
  } catch {
    return false;
  }
}

const hostOf = (registry: string): string => (registry === 'docker.io' ? 'registry-1.docker.io' : registry);

/** Docker takes registries of this machine for plain HTTP. */
const schemeOf = (registry: string): string => (/^(?:localhost|127\.0\.0\.1)(?::|$)/.test(registry) ? 'http' : 'https');
