// Two registries on loopback: one open, one with a login.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { paths, ports, registry, registryAuth, registryUser, state } from './layout.mjs';
import { must } from './packages.mjs';
import { put } from './process.mjs';
import { get } from './wait.mjs';

const passwords = join(paths.configuration, 'htpasswd');

export function registryPassword() {
  return readFileSync(paths.registryPassword, 'utf8').trim();
}

export async function makePassword() {
  if (!existsSync(paths.registryPassword)) put(paths.registryPassword, `${randomBytes(18).toString('base64url')}\n`, 0o600);
  if (existsSync(passwords)) return;
  // -i reads the password from standard input: arguments can be seen by everybody on the machine.
  put(passwords, await command(must('htpasswd'), ['-niB', registryUser], { input: registryPassword() }), 0o600);
}

/** @param {string} name @param {string} address @param {boolean} login */
function configuration(name, address, login) {
  const auth = { htpasswd: { realm: 'sandbox', path: passwords } };
  return {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(state, name) }, delete: { enabled: true }, cache: { blobdescriptor: 'inmemory' } },
    http: { addr: address },
    ...(login ? { auth } : {}),
  };
}

/** @param {string} name @param {number} port @param {string} address @param {boolean} login @returns {import('./part.mjs').Part} */
function part(name, port, address, login) {
  const file = join(paths.configuration, `${name}.json`);
  return {
    name,
    address: `http://${address}`,
    ports: [port],
    after: [],
    files: () => ({ [file]: JSON.stringify(configuration(name, address, login), undefined, 2) }),
    command: () => [must('docker-registry'), 'serve', file],
    // It would export traces, if the environment of the user configures a collector.
    environment: { OTEL_TRACES_EXPORTER: 'none' },
    ready: async () => (await get(`http://${address}/v2/`)).status === (login ? 401 : 200),
  };
}

export const registries = [
  part('registry', ports.registry, registry, false),
  part('registry-auth', ports.registryAuth, registryAuth, true),
];
