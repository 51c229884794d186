import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { closeApi, type Any } from './harness/api.js';
import { inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { environment } from './harness/environment.js';
import { closeImages } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import type { Space } from './harness/namespace.js';
import { runAction, type ActionResult } from './harness/run-action.js';
import { spies, type Spies } from './harness/spies.js';

jest.setTimeout(240_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const random = (bytes: number): string => randomBytes(bytes).toString('base64url');

/** As programs write a secret. */
const forms = (secret: string): readonly string[] => [
  secret, encodeURIComponent(secret), encodeURIComponent(secret).toLowerCase(), JSON.stringify(secret).slice(1, -1), Buffer.from(secret).toString('base64'),
  Buffer.from(secret).toString('base64url'), Buffer.from(`${secret}\n`).toString('base64'), Buffer.from(`user:${secret}`).toString('base64'),
  Buffer.from(`me:${secret}`).toString('base64'), ...secret.split('\n'),
];

/** What tells a secret when it is found: its lines, and what of them stands in every base64 with them in it. */
function traces(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const inside = [0, 1, 2].map((skip) => bytes.subarray(skip)).map((rest) => rest.subarray(0, rest.length - (rest.length % 3)).toString('base64'));
  return [...secret.split('\n').filter((line) => line.length >= 8), encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), ...inside];
}

/** The places where something of a secret can be found after a run, by name. */
function places(result: ActionResult): Record<string, string> {
  const steps = [result, ...(result.post ? [result.post] : [])];
  return {
    log: steps.map(({ raw }) => raw.split('\n').filter((line) => !line.startsWith('::add-mask::')).join('\n')).join('\n'),
    outputs: JSON.stringify(steps.map(({ outputs, state }) => [outputs, state])),
    summary: steps.map(({ summary }) => summary).join('\n'),
    report: JSON.stringify(result.report),
  };
}

/** The places in which there is anything of these secrets. */
const foundIn = (where: Readonly<Record<string, string>>, secrets: readonly string[]): readonly string[] =>
  Object.entries(where).filter(([, text]) => secrets.flatMap(traces).some((trace) => text.includes(trace))).map(([place]) => place);

async function withSpies(programs: readonly string[], body: (spied: Spies) => Promise<void>): Promise<void> {
  const spied = spies(...programs);
  try {
    await body(spied);
  } finally {
    spied.remove();
  }
}

/** A folder with something to build, and a file that says each secret in each form. */
function workspaceThatSays(secrets: readonly string[]): string {
  const workspace = mkdtempSync(join(tmpdir(), 'deploy-secrets-'));
  writeFileSync(join(workspace, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
  writeFileSync(join(workspace, 'said'), secrets.flatMap(forms).map((form) => `it is ${form} is it\n`).join(''));
  return workspace;
}

const ownVariables = {
  ACTIONS_RUNTIME_TOKEN: random(30), ACTIONS_RESULTS_URL: `https://results.example/${random(20)}`, ACTIONS_CACHE_URL: `https://cache.example/${random(20)}`,
};
/** Of a job with `id-token: write`: a credential plugin may log in with it. */
const jobIdentity = { ACTIONS_ID_TOKEN_REQUEST_TOKEN: random(30) };
const keyFile = JSON.stringify({ type: 'service_account', private_key: `-----BEGIN PRIVATE KEY-----\n${random(300)}\n-----END PRIVATE KEY-----\n`, client_email: `${random(9)}@shop.example` }, null, 2);

describe('secrets of a build', () => {
  // The registry may have the images of an earlier run of these tests, and then nothing would be built.
  const folder = `secrets-${Date.now()}`;
  const { registry, authRegistry, authUsername, authPassword, builder } = environment();
  const inline = `in/line+${random(20)}"<&>`;
  const bundle = `-----BEGIN CERTIFICATE-----\n${randomBytes(30_000).toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----`;

  it.concurrent('are in nothing that a run leaves, prints or hands to a program, however long they are', () => withSpies(['docker', 'git'], async (spied) => {
    const workspace = workspaceThatSays([inline, bundle, authPassword]);
    try {
      const result = await runAction({
        action: 'build', workspace, env: { ...ownVariables, ...jobIdentity, PATH: spied.path, CA_BUNDLE: bundle },
        inputs: {
          'image': `${authRegistry}/${folder}/built`, 'platforms': 'linux/amd64', builder, 'test': 'cat said', 'registry-username': authUsername,
          'registry-password': authPassword, 'build-secrets': `inline=${inline}\nca=env:CA_BUNDLE\nflag=1\nword=built`,
        },
      });
      expectEnding(result, { verdict: 'built' });
      expect(result.outputs.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(result.outputs.reference).toBe(`${authRegistry}/${folder}/built@${result.outputs.digest}`);
      expect(result.report).toMatchObject({ verdict: 'built', digest: result.outputs.digest });
      expect(result.log).toContain('it is *** is it');
      for (const place of ['build-secrets, flag', 'build-secrets, word']) expect(result.log).toContain(`A secret in \`${place}\` is so short, or so common a word`);
      expect(foundIn(places(result), [inline, bundle, authPassword])).toEqual([]);
      const programs = { docker: spied.seen('docker'), git: spied.seen('git') };
      expect(programs.docker).toContain('buildx');
      expect(foundIn(programs, [inline, authPassword, ...Object.values({ ...ownVariables, ...jobIdentity })])).toEqual([]);
      expect(Object.values(programs).filter((seen) => /^(INPUT_|STATE_|ACTIONS_|GITHUB_STATE)/m.test(seen))).toEqual([]);
    } finally {
      rmSync(workspace, { recursive: true, force: true });
    }
  }));

  it.concurrent('a JSON key on several lines is the password as it is, and is not shown when the registry refuses it', () => withSpies(['docker'], async (spied) => {
    const workspace = workspaceThatSays([keyFile, (JSON.parse(keyFile) as Any).private_key]);
    try {
      const inputs = { 'image': `${authRegistry}/secrets/key`, 'platforms': 'linux/amd64', builder, 'registry-username': '_json_key', 'registry-password': `${keyFile}\n` };
      const result = await runAction({ action: 'build', workspace, inputs: { ...inputs, test: 'cat said' }, env: { PATH: spied.path } });
      expectEnding(result, { verdict: 'failed', cause: 'registry-denied' });
      expect([...new Set(spied.passwords())]).toEqual([keyFile]);
      expect(foundIn({ ...places(result), docker: spied.seen('docker') }, [keyFile])).toEqual([]);
    } finally {
      rmSync(workspace, { recursive: true, force: true });
    }
  }));

  it.concurrent('that say what the verdict is: it stays whole', async () => {
    const workspace = workspaceThatSays([]);
    try {
      const inputs = { image: `${registry}/${folder}/words`, platforms: 'linux/amd64', builder, 'build-secrets': `a=built\nb=sha256:\nc=${folder}/words\nd=buil\ne=f\nf=0` };
      const result = await runAction({ action: 'build', workspace, inputs });
      expectEnding(result, { verdict: 'built' });
      expect(result.outputs.reference).toBe(`${inputs.image}@${result.outputs.digest}`);
      expect(result.outputs.report).toMatch(/\/deploy-report-[0-9a-f-]+\.json$/);
      expect(result.report.reference).toBe(result.outputs.reference);
    } finally {
      rmSync(workspace, { recursive: true, force: true });
    }
  });
});

/** The kubeconfig of the account with a credential plugin, and eleven other clusters: 30 KB. */
function largeKubeconfig(space: Space, command: string, variables: Readonly<Record<string, string>>): { text: string; secrets: readonly string[] } {
  const config = JSON.parse(readFileSync(space.kubeconfig, 'utf8')) as Any;
  const tokens = Array.from({ length: 11 }, () => random(600));
  const others = tokens.map((token, index) => ({
    cluster: { name: `c${index}`, cluster: { 'server': 'https://10.0.0.1:6443', 'certificate-authority-data': randomBytes(1100).toString('base64') } },
    user: { name: `u${index}`, user: index === 0 ? { username: 'admin', password: token } : { token } },
  }));
  const env = Object.entries(variables).map(([name, value]) => ({ name, value }));
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never', command, args: ['get-token'], env };
  const text = JSON.stringify({
    ...config, clusters: [...config.clusters, ...others.map(({ cluster }) => cluster)], users: [{ name: 'deployer', user: { exec } }, ...others.map(({ user }) => user)],
  }, null, 2);
  return { text, secrets: tokens };
}

describe('secrets of a kubeconfig', () => {
  const ofPlugin = 'of 30 KB, with a plugin: the run is as good as any, and nothing of them is anywhere';
  it.concurrent(ofPlugin, inSpace('secrets', (space) => withSpies(['kubectl'], async (spied) => {
    const pluginSecret = random(20);
    const { text, secrets } = largeKubeconfig(space, spied.plugin(space.token), { AWS_PROFILE: 'deploy', AWS_SECRET_ACCESS_KEY: pluginSecret, REGION: 'web' });
    await startHealthy(space, { replicas: 1 });
    const [v2, image] = [await variant('v2'), await variant('v2', 'crash')];
    const env = { ...ownVariables, ...jobIdentity, PATH: spied.path, AWS_REGION: 'eu-central-1' };
    const result = await runAction({ inputs: rolloutInputs(space, v2, { kubeconfig: text }), env });
    expectEnding(result, { verdict: 'deployed' });
    expect(result.outputs).toMatchObject({ reference: `${v2.name}@${v2.digest}`, cause: '', stage: '' });
    expectTold(result, 'deployment/web', v2.digest);
    const failed = await runAction({ inputs: rolloutInputs(space, image, { kubeconfig: Buffer.from(text).toString('base64') }), env });
    expectEnding(failed, { verdict: 'rolled-back', cause: 'crash-loop' });
    expect(failed.outputs.report).toMatch(/\/deploy-report-[0-9a-f-]+\.json$/);
    const hidden = [...secrets, pluginSecret];
    for (const one of [result, failed]) expect(foundIn(places(one), [...hidden, space.token, text])).toEqual([]);
    expect(foundIn({ ledger: JSON.stringify(await ledgerOf(space)), kubectl: spied.seen('kubectl') }, [...hidden, ...Object.values(ownVariables)])).toEqual([]);
    const plugin = spied.seen('plugin');
    expect(plugin).toContain(`AWS_SECRET_ACCESS_KEY=${pluginSecret}`);
    expect(plugin).toContain('AWS_REGION=eu-central-1');
    expect(foundIn({ plugin }, [...secrets, ...Object.values(ownVariables)])).toEqual([]);
    expect(plugin).toContain(`ACTIONS_ID_TOKEN_REQUEST_TOKEN=${jobIdentity.ACTIONS_ID_TOKEN_REQUEST_TOKEN}`);
    expect(plugin).not.toMatch(/^(INPUT_|STATE_|ACTIONS_(?!ID_TOKEN_REQUEST_)|GITHUB_STATE)/m);
    for (const one of [result, failed]) expect(foundIn(places(one), Object.values(jobIdentity))).toEqual([]);
  })));

  it.concurrent('leave the Role that is to be applied as it is, whatever they are', inSpace('role', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const role = await space.get('Role', 'deployer');
    await space.patch('Role', 'deployer', { rules: role.rules.filter(({ resources }: Any) => !resources.includes('leases')) });
    // As README says it is made: with the namespace in its context.
    const config = JSON.parse(readFileSync(space.kubeconfig, 'utf8')) as Any;
    config.users.push({ name: 'other', user: { username: 'x', password: 'leases' } }, { name: 'short', user: { token: 'e' } }, { name: 'space', user: { password: space.name } });
    const inputs = rolloutInputs(space, await variant('v2'), { kubeconfig: JSON.stringify(config, null, 2) });
    const result = await runAction({ inputs });
    expectEnding(result, { verdict: 'failed', cause: 'permission-denied', stage: 'preflight' });
    expect(result.log).toContain('A secret in `kubeconfig` is so short, or so common a word');
    const [printed] = result.report.failure.evidence;
    for (const line of printed.text.trimEnd().split('\n')) expect([result.log.includes(line), result.summary.includes(line)]).toEqual([true, true]);
    await space.apply(...parseAllDocuments(printed.text).map((document) => document.toJS()));
    expectEnding(await runAction({ inputs: { ...inputs, 'dry-run': 'true' } }), { verdict: 'planned' });
  }));
});
