import { describe, expect, it } from '@jest/globals';
import { policyOf } from '../../../src/config/sections/policy.js';
import { debugValue } from '../../../src/policy/rules/debug-in-production.js';
import { isPlainSecret } from '../../../src/policy/rules/plain-secrets.js';
import { isProductionName } from '../../../src/config/values/production.js';
import { compose, found, manifest, messages, withContainer, workload } from '../build.js';

describe('plain-secrets', () => {
  // As compose files, values of charts and manifests of real projects have them.
  it.each([
    ['POSTGRES_PASSWORD', 'password'], ['DATABASE_URL', 'postgres://user:password@db:5432/acci'], ['REDIS_URL', 'redis://:secure-redis-password@cache:6379'], ['JWT_SECRET_KEY', 'changeme-changeme'],
    ['API_KEY', 'sk-live-1'], ['X', `ghp_${'a1B2'.repeat(9)}`],
  ])('%s=%s is one', (name, value) => expect(isPlainSecret(name, value)).toBe(true));
  it.each([
    ['POSTGRES_PASSWORD', '$(DB_PASSWORD)'], ['DATABASE_URL', 'postgres://db:5432/acci'], ['DATABASE_URL', 'postgres://$(USER):$(PASSWORD)@db/acci'], ['DATABASE_URL', 'postgres://user@db/acci'],
    ['DB_PASSWORD', 'vault:secret/data/db#password'], ['DB_PASSWORD', 'ref+awsssm://db/password'], ['API_KEY', 'arn:aws:secretsmanager:eu-west-1:1:secret:x'], ['API_KEY', 'projects/1/secrets/x'],
    ['API_KEY', '<your key>'], ['API_KEY', '{{ .Values.key }}'], ['API_KEY', 'ENC[AES256_GCM,data:x]'], ['API_KEY', ''], ['LOG_LEVEL', 'info'], ['TOKEN_URL', 'https://login.example/token'],
    ['PASSWORD_MIN_LENGTH', '12'], ['AUTH_ENABLED', 'true'], ['DB_PASSWORD_FILE', '/run/secrets/db'],
  ])('%s=%s is none', (name, value) => expect(isPlainSecret(name, value)).toBe(false));

  it('is reported by its name, never by its value', () => {
    const findings = found('plain-secrets', [withContainer({ env: [{ name: 'A', value: 'b' }, { name: 'DB_PASSWORD', value: 'hunter22-hunter22' }] })]);
    expect(findings).toMatchObject([{
      item: 'DB_PASSWORD', container: 'app', path: 'spec.template.spec.containers[0].env[1]',
      message: 'Container app of deployment/api has what looks like a secret in plain text in its variable DB_PASSWORD.',
    }]);
    expect(JSON.stringify(findings)).not.toContain('hunter22');
  });
  it('is found in commands and arguments, of init containers too', () => {
    const objects = [workload({ initContainers: [{ name: 'migrate', command: ['migrate'], args: ['--password', 'hunter22-hunter22', '--url', '$(DB)'] }] })];
    const findings = found('plain-secrets', objects);
    expect(findings).toMatchObject([{ item: 'command', path: 'spec.template.spec.initContainers[0].args[1]' }]);
    expect(JSON.stringify(findings)).not.toContain('hunter22');
    expect(messages('plain-secrets', [withContainer({ args: ['--password=$(DB_PASSWORD)', '--verbose'] })])).toEqual([]);
  });
  it('is found in ConfigMaps that are used, once for all who use them', () => {
    const sources = new Map([['ConfigMap/settings', { state: 'read', values: { API_KEY: 'hunter22-hunter22', LEVEL: 'info', BIN: undefined } } as const]]);
    const container = { envFrom: [{ configMapRef: { name: 'settings' } }] };
    expect(found('plain-secrets', [withContainer(container), withContainer(container, { name: 'worker' })], { facts: { sources } })).toMatchObject([
      { subject: 'configmap/settings', item: 'API_KEY', message: 'The ConfigMap settings has what looks like a secret in plain text in its key API_KEY.' },
    ]);
  });
  it('is found in compose files, with the line', () => {
    const findings = found('plain-secrets', [compose({ environment: { POSTGRES_USER: 'user', POSTGRES_PASSWORD: 'password' } }, 'db'), compose({ environment: ['SECRET_KEY=hunter22', 'OTHER=${OTHER}', 'EMPTY'] })]);
    expect(findings).toMatchObject([
      { subject: 'compose.yml: service/db', item: 'POSTGRES_PASSWORD', path: 'environment.POSTGRES_PASSWORD', place: { file: 'compose.yml', line: 7 } },
      { subject: 'compose.yml: service/web', item: 'SECRET_KEY', path: 'environment[0]' },
    ]);
    expect(messages('plain-secrets', [compose({ environment: { DB_PASSWORD: '${DB_PASSWORD:?}', PRICE: '$$5' } })])).toEqual([]);
  });
  it('is found in Secrets and ConfigMaps of files, unless they are encrypted', () => {
    const secret = { kind: 'Secret', stringData: { key: 'x' }, data: { other: 'eA==' } };
    expect(messages('plain-secrets', [manifest(secret)])).toEqual([
      'k8s.yml: Secret/api has the value of its key key in the file, which is not encrypted.', 'k8s.yml: Secret/api has the value of its key other in the file, which is not encrypted.',
    ]);
    expect(messages('plain-secrets', [manifest({ ...secret, sops: {} }), manifest({ ...secret, kind: 'SealedSecret' }), manifest({ kind: 'Secret', stringData: { key: '${KEY}' } })])).toEqual([]);
    expect(messages('plain-secrets', [manifest({ kind: 'ConfigMap', data: { API_KEY: 'hunter22-hunter22', a: 'b' } })])).toHaveLength(1);
  });
  it('is found in build arguments', () => {
    expect(found('plain-secrets', [], { facts: { buildArgs: { NPM_TOKEN: 'hunter22-hunter22', NODE_ENV: 'production' } } })).toMatchObject([{ subject: 'build-args', item: 'NPM_TOKEN' }]);
  });
});

describe('debug-in-production', () => {
  it.each([
    ['DEBUG', 'true'], ['ENABLE_DEBUG', '1'], ['DJANGO_DEBUG', 'True'], ['DEBUG_MODE', 'on'], ['NODE_ENV', 'development'], ['ENVIRONMENT', 'staging'], ['ASPNETCORE_ENVIRONMENT', 'Development'],
    ['SPRING_PROFILES_ACTIVE', 'cloud,dev'], ['GIN_MODE', 'debug'], ['NODE_OPTIONS', '--inspect=0.0.0.0:9229'], ['JAVA_TOOL_OPTIONS', '-agentlib:jdwp=transport=dt_socket'],
  ])('%s=%s does not belong there', (name, value) => expect(debugValue(name, value)).toBeDefined());
  it.each([
    ['DEBUG', 'false'], ['DEBUG', ''], ['DEBUG', '0'], ['DEBUG_PORT', '1'], ['NODE_ENV', 'production'], ['ENVIRONMENT', 'production'], ['LOG_LEVEL', 'debug'], ['GIN_MODE', 'release'], ['NODE_OPTIONS', '--max-old-space-size=1'],
    ['ENV_FILE', 'dev'], ['DEBUG', 'express:*'],
  ])('%s=%s is fine', (name, value) => expect(debugValue(name, value)).toBeUndefined());

  it.each<[string, boolean]>([
    ['production', true], ['prod', true], ['Prod-EU', true], ['eu_production', true], ['shop/live', true], ['prod2', true], ['staging', false], ['product', false], ['delivery', false], ['reproduction', false], ['', false],
  ])('%s is production: %s', (environment, expected) => {
    expect(isProductionName(environment)).toBe(expected);
    expect(policyOf({ environment }, '.', []).production).toBe(expected);
    expect([true, false].map((given) => policyOf({ environment, 'production-environment': given }, '.', []).production)).toEqual([true, false]);
  });

  const debugging = [withContainer({ env: [{ name: 'ENABLE_DEBUG', value: 'true' }], args: ['uvicorn', '--reload'] })];
  it('is reported in production only', () => {
    expect(messages('debug-in-production', debugging, { settings: { production: false } })).toEqual([]);
    expect(found('debug-in-production', debugging, { settings: { production: true } })).toMatchObject([
      { item: 'ENABLE_DEBUG', message: 'Container app of deployment/api has ENABLE_DEBUG="true", which switches a debug mode on.' },
      { item: '--reload', path: 'spec.template.spec.containers[0].args[1]', message: 'Container app of deployment/api runs with "--reload", which is for development.' },
    ]);
  });
  it('is found in ConfigMaps and build arguments', () => {
    const sources = new Map([['ConfigMap/settings', { state: 'read', values: { NODE_ENV: 'development' } } as const]]);
    const objects = [withContainer({ envFrom: [{ configMapRef: { name: 'settings' } }] })];
    expect(messages('debug-in-production', objects, { settings: { production: true }, facts: { sources, buildArgs: { APP_ENV: 'dev' } } })).toEqual([
      'Container app of deployment/api has NODE_ENV="development" (from the ConfigMap settings), which is not production.', 'The build argument APP_ENV="dev" is not production.',
    ]);
  });
});
