import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createPlainServer, type Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { closeApi, type Any } from './harness/api.js';
import { calm, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectHidden, expectTold } from './harness/ending.js';
import { closeImages } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import { runAction } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';
import { service } from './harness/workloads.js';

jest.setTimeout(300_000);

const listen = (server: Server) => new Promise<number>((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
});
const folder = mkdtempSync(join(tmpdir(), 'smoke-e2e-'));
let untrusted: Server;
let untrustedPort: number;
/** Answers for any host, and notes what it was asked for. */
const proxied: string[] = [];
const proxy = createPlainServer((request, response) => {
  proxied.push(`${request.headers['proxy-authorization'] ?? ''} ${request.method} ${request.url}`);
  response.end('healthy');
});
let proxyPort: number;

beforeAll(async () => {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1',
    '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', join(folder, 'key'), '-out', join(folder, 'cert')], { stdio: 'ignore' });
  untrusted = createServer({ key: readFileSync(join(folder, 'key')), cert: readFileSync(join(folder, 'cert')) }, (_request, response) => response.end('private'));
  untrustedPort = await listen(untrusted);
  proxyPort = await listen(proxy);
});
afterAll(() => {
  for (const server of [untrusted, proxy]) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
  closeApi();
  closeImages();
});

/** The Service has a port with a name, as most have. */
const named: Any = { spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }, { name: 'admin', port: 9000, targetPort: 'admin' }] } };

describe('smoke checks', () => {
  it('that can never pass are problems of their own, in a dry run too: nothing is changed', inSpace('smokewrong', async (space) => {
    await startHealthy(space, { replicas: 1 });
    await space.patch('Service', 'web', named);
    await space.apply({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'elsewhere' }, spec: { type: 'ExternalName', externalName: 'shop.example' } });
    const before = await snapshotOf(space);
    const smoke = [
      'service/wbe/health', 'service/web:8080/health', 'service/web:metrics/health', 'service/elsewhere/',
      `http://web.${space.name}.svc.cluster.local/health`, `https://127.0.0.1:${untrustedPort}/health`, 'service/web:admin/',
    ].join('\n');
    for (const dryRun of ['true', 'false']) {
      const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), { smoke, 'dry-run': dryRun }) });
      expectEnding(result, { verdict: 'failed', cause: 'config-invalid', stage: 'preflight' });
      expectTold(result,
        `input smoke, line 1: Service wbe does not exist in namespace ${space.name}`, 'Did you mean "web"?',
        'input smoke, line 2: Service web has no port 8080: that is the port of its pods, which the Service exposes as 80 (http)', 'Write service/web:80.',
        'input smoke, line 3: Service web has no port metrics; it has 80 (http), 9000 (admin)', 'input smoke, line 4: Service elsewhere has the type ExternalName',
        'input smoke, line 5: this machine cannot reach', 'Write service/web:80/health', 'input smoke, line 6: this machine cannot reach', 'is not trusted',
        'input smoke, line 7: Service web has the targetPort admin, but no container of deployment/web declares a port with that name');
    }
    expect(await snapshotOf(space)).toEqual(before);
    expect(await ledgerOf(space)).toBeUndefined();
  }));

  it('find a text at the end of a long page and links as the app writes them; URLs take the proxy, and Services never do', inSpace('smokepage', async (space) => {
    await startHealthy(space, { replicas: 1 });
    await space.apply({ ...service('headless'), spec: { clusterIP: 'None', selector: { app: 'web' }, ports: [{ port: 8080 }] } });
    const { clusterIP } = (await space.get('Service', 'web')).spec;
    const v2 = await variant('v2');
    proxied.length = 0;
    const result = await runAction({
      inputs: rolloutInputs(space, v2, { smoke: [
        'service/web/page -> 200 contains END-OF-PAGE', 'service/web/page -> 200 contains <script src="/app.js">',
        'service/headless/ -> 200 contains v2', `http://${clusterIP}/page -> 200 contains END-OF-PAGE`, 'http://shop.example/health -> 200',
      ].join('\n') }),
      env: { HTTP_PROXY: `http://runner:hunter22-hunter22@127.0.0.1:${proxyPort}` },
    });
    expectEnding(result, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
    expect([...new Set(proxied)]).toEqual([`Basic ${Buffer.from('runner:hunter22-hunter22').toString('base64')} GET http://shop.example/health`]);
    expectHidden(result, 'hunter22-hunter22');
  }));

  it('that the version before fails too are a warning before the change, and not blamed on the new one', inSpace('smokebefore', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const inputs = rolloutInputs(space, await variant('v2', calm), { smoke: 'service/web/ -> 204' });
    const warned = 'The current version does not pass smoke check `service/web/ -> 204`: status 200 instead of 204';
    const planned = await runAction({ inputs: { ...inputs, 'dry-run': 'true' } });
    expectEnding(planned, { verdict: 'planned' });
    expect(planned.report.plan.warnings.join()).toContain(warned);
    const result = await runAction({ inputs });
    expectEnding(result, { verdict: 'rolled-back', cause: 'smoke-failed', stage: 'smoke' });
    expect(result.log.indexOf(warned)).toBeGreaterThan(-1);
    expect(result.log.indexOf(warned)).toBeLessThan(result.log.indexOf('are checked before the others'));
    expectTold(result, 'The previous version does not pass this check either (200): check its path.');
    expect(result.log).not.toContain('Compare the answer with the check');
  }));
});
