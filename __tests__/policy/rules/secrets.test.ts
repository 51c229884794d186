import { describe, expect, it } from '@jest/globals';
import { policyOf } from '../../../src/config/sections/policy.js';
import { debugValue } from '../../../src/policy/rules/debug-in-production.js';
import { isPlainSecret } from '../../../src/config/plain-secret.js';
import { isProductionName } from '../../../src/config/values/production.js';
import { compose, found, manifest, messages, withContainer, workload } from '../build.js';

const hex40 = '5e94acd0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6';

describe('plain-secrets', () => {
  // As compose files, values of charts and manifests of real projects have them.
  it.each([
    ['POSTGRES_PASSWORD', 'password'], ['DATABASE_URL', 'postgres://user:password@db:5432/acci'], ['REDIS_URL', 'redis://:secure-redis-password@cache:6379'], ['JWT_SECRET_KEY', 'changeme-changeme'],
    ['API_KEY', 'sk-live-1'], ['X', `ghp_${'a1B2'.repeat(9)}`],
    ['CACHE_PASSWORD', 'hunter22'], ['REGISTRY_PASSWORD', 'hunter22'], ['TOKENIZER_API_KEY', 'hunter22'], ['SESSION_KEY', hex40], ['DB_PASSWORD', `${hex40}${hex40.slice(16)}`], ['NEXT_PUBLIC_CLIENT_SECRET', 'hunter22'],
    ['NEXT_PUBLIC_X', `ghp_${'a1B2'.repeat(9)}`], ['GIT_SHA', `ghp_${'a1B2'.repeat(9)}`], ['STRIPE_KEY', 'sk_live_51abcdefABCDEF0123456789'], ['SETTING', hex40.slice(8)],
  ])('%s=%s is one', (name, value) => expect(isPlainSecret(name, value)).toBe(true));
  it.each([
    ['POSTGRES_PASSWORD', '$(DB_PASSWORD)'], ['DATABASE_URL', 'postgres://db:5432/acci'], ['DATABASE_URL', 'postgres://$(USER):$(PASSWORD)@db/acci'], ['DATABASE_URL', 'postgres://user@db/acci'],
    ['DB_PASSWORD', 'vault:secret/data/db#password'], ['DB_PASSWORD', 'ref+awsssm://db/password'], ['API_KEY', 'arn:aws:secretsmanager:eu-west-1:1:secret:x'], ['API_KEY', 'projects/1/secrets/x'],
    ['API_KEY', '<your key>'], ['API_KEY', '{{ .Values.key }}'], ['API_KEY', 'ENC[AES256_GCM,data:x]'], ['API_KEY', ''], ['LOG_LEVEL', 'info'], ['TOKEN_URL', 'https://login.example/token'],
    ['PASSWORD_MIN_LENGTH', '12'], ['AUTH_ENABLED', 'true'], ['DB_PASSWORD_FILE', '/run/secrets/db'],
    // As normal apps have them.
    ['GIT_SHA', hex40], ['SENTRY_RELEASE', hex40], ['SENTRY_RELEASE', `api-${hex40}`], ['SETTING', hex40], ['IMAGE_DIGEST', `${hex40}${hex40.slice(16)}`], ['BUILD_VERSION', 'a1B2c3D4e5F6a1B2c3D4e5F6'], ['SORT_KEY', 'created_at'],
    ['PARTITION_KEY', 'tenant_id'], ['CACHE_KEY', 'orders'], ['NEXT_PUBLIC_STRIPE_KEY', 'pk_live_51abcdefABCDEF0123456789'], ['STRIPE_KEY', 'pk_test_51abcdefABCDEF0123456789'], ['STRIPE_PUBLISHABLE_KEY', 'a1B2c3D4e5F6a1B2c3D4'],
    ['TOKENIZER', 'cl100k_base'], ['TOKENIZERS_PARALLELISM', 'auto'], ['PASSWORD_POLICY', 'strong'], ['SECRET_MANAGER', 'vault'], ['PRIVATE_REGISTRY', 'ghcr.io/acme'], ['GOOGLE_CLIENT_ID', '1234567890-a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4.apps.googleusercontent.com'],
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
    expect(messages('plain-secrets', [withContainer({ args: ['--sort-key', 'created_at', `--git-sha=${hex40}`, '--tokenizer=cl100k_base', `serve --revision ${hex40}`] })])).toEqual([]);
    expect(messages('plain-secrets', [withContainer({ args: [`--token=${hex40}`] })])).toHaveLength(1);
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
    ['production', true], ['prod', true], ['pre-prod', false], ['non-prod', false], ['non-production', false], ['pre-production', false], ['live-preview', false], ['prod_test2', false], ['preprod', false], ['eu/prod', true], ['Prod-EU', true], ['eu_production', true], ['shop/live', true], ['prod2', true], ['staging', false], ['product', false], ['delivery', false], ['reproduction', false], ['', false],
  ])('%s is production: %s', (environment, expected) => {
    expect(isProductionName(environment)).toBe(expected);
    expect(policyOf({ environment }, '.', []).production).toBe(expected);
    expect([true, false].map((given) => policyOf({ environment, 'production-environment': given }, '.', []).production)).toEqual([true, false]);
  });

  it('shows the part that matters, and nothing else of a value or an argument', () => {
    const value = '-Dstore.password=hunter22 -agentlib:jdwp=transport=dt_socket,address=5005 -Xmx1g';
    const findings = found('debug-in-production', [withContainer({ env: [{ name: 'JAVA_OPTS', value }, { name: 'SPRING_PROFILES_ACTIVE', value: 'cloud, dev' }] })], { settings: { production: true }, facts: { buildArgs: { NODE_OPTIONS: '--inspect --token=hunter22' } } });
    expect(findings.map(({ message }) => message)).toEqual([
      'Container app of deployment/api has JAVA_OPTS with "-agentlib:jdwp=transport=dt_socket,address=5005", which opens a debugger.',
      'Container app of deployment/api has SPRING_PROFILES_ACTIVE with "dev", which is not production.', 'The build argument NODE_OPTIONS with "--inspect" opens a debugger.',
    ]);
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
