import { describe, expect, it } from '@jest/globals';
import type { RawAnswer } from '../../../src/kubernetes/client/api.js';
import type { Service } from '../../../src/kubernetes/client/objects.js';
import type { SmokeCheck } from '../../../src/config/config.js';
import { HttpError, type HttpRequest, type HttpTrouble } from '../../../src/ports/http.js';
import { checkSmoke } from '../../../src/check/smoke/preflight.js';
import { parseTexts } from '../../config/parse-texts.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import { deployment, service } from '../../kubernetes/judge/build.js';
import { fakeCluster, response } from '../../target/set-image/fake-cluster.js';

/** The checks of an input of two lines, of which the second counts, or of a settings file. */
const fromInput = (line: string): SmokeCheck =>
  parseTexts({ action: 'rollout', inputs: { workloads: 'deployment/api', image: 'registry.example/api', digest: `sha256:${'a'.repeat(64)}`, smoke: `service/first\n${line}` } }).config.smoke[1] as SmokeCheck;

const noEndpoints: RawAnswer = { status: 503, headers: {}, body: JSON.stringify({ kind: 'Status', message: 'no endpoints available for service "api"', code: 503 }) };
const answer = (status: number, body = ''): RawAnswer => ({ status, headers: {}, body });
const api = service('api', { ports: [{ name: 'http', port: 80, targetPort: 8080 }, { name: 'admin', port: 9000, targetPort: 'admin' }] });

interface World {
  readonly services?: readonly Service[];
  readonly raw?: RawAnswer;
  readonly url?: number | HttpError;
  readonly ready?: number;
}
async function checked(line: string, { services = [api], raw = answer(200), url = 200, ready = 0 }: World = {}) {
  const requested: string[] = [];
  const request = async (asked: HttpRequest) => {
    requested.push(asked.url);
    if (typeof url === 'number') return response(url);
    throw url;
  };
  const ports = fakePorts({ http: { request } });
  const cluster = fakeCluster({ raw: async (path) => (requested.push(path), raw) });
  const present = [{ ref: 'deployment/api', workload: deployment({ status: { readyReplicas: ready } }) }];
  return { ...(await checkSmoke({ ports, cluster, services, present }, [fromInput(line)])), requested, lines: ports.lines };
}

const silent = (trouble: HttpTrouble, message: string) => new HttpError(trouble, message);
const wrong = (message: string, hint: string) => [{ cause: 'config-invalid', message: `input smoke, line 2: ${message}.`, hint }];

describe('a smoke check that leads nowhere, whatever is released', () => {
  it.each<[string, World, string, string]>([
    ['service/apj/health', {}, 'Service apj does not exist in namespace web', 'Did you mean "api"?'],
    ['service/api:8080/health', {}, 'Service api has no port 8080: that is the port of its pods, which the Service exposes as 80 (http)', 'Write service/api:80.'],
    ['service/api:metrics/health', {}, 'Service api has no port metrics; it has 80 (http), 9000 (admin)', 'Write the number or the name of one of its ports.'],
  ])('%s is a problem, with its place, and nothing is requested', async (line, world, message, hint) => {
    expect(await checked(line, world)).toEqual({ problems: wrong(message, hint), warnings: [], requested: [], lines: [] });
  });
  it.each<[string, HttpTrouble, string, string]>([
    ['https://shop.exmaple/', 'name', 'the name shop.exmaple does not exist', 'Correct the host name. If it resolves only in another network, use a machine in that network or a proxy (HTTPS_PROXY).'],
    ['https://shop.example/', 'certificate', 'the certificate of shop.example is not trusted: self-signed certificate',
      'Fix the certificate, or set NODE_EXTRA_CA_CERTS in the `env` of the step to a file with the certificate of its CA.'],
    ['http://api.web.svc.cluster.local/health', 'name', 'the name does not exist', 'Write service/api:80/health: Services are checked through the API server, which this machine can reach.'],
    // The port of its pods, and one that it has not.
    ['http://api.web.svc:8080/health', 'name', 'the name does not exist', 'Write service/api:80/health: Services are checked through the API server, which this machine can reach.'],
    ['https://api.web.svc/health?a=1', 'look-up', 'no name server', 'Write service/api:PORT/health?a=1 with one of the ports 80 (http), 9000 (admin): Services are checked through the API server, which this machine can reach.'],
    ['https://gone.web.svc/health?a=1', 'look-up', 'no name server', 'Write service/gone:443/health?a=1: Services are checked through the API server, which this machine can reach.'],
    ['http://api.other.svc:8080/', 'name', 'the name does not exist',
      'This Service is in namespace other, but service/NAME checks only Services in namespace web. Use a URL that this machine can reach.'],
  ])('%s is a problem where the runner cannot request it: %s', async (line, trouble, message, hint) => {
    const { problems, warnings } = await checked(line, { url: silent(trouble, message) });
    expect([problems, warnings]).toEqual([wrong(`this machine cannot reach ${line}: no answer (${message})`, hint), []]);
  });
  it('may be one of a Service that has neither a selector nor an endpoint', async () => {
    const bare = service('api', { selector: {} });
    const notFound = answer(404, '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"services \\"api\\" not found","reason":"NotFound","details":{"name":"api","kind":"services"},"code":404}');
    for (const raw of [noEndpoints, notFound]) {
      expect((await checked('service/api/', { services: [bare], raw })).problems).toEqual(
        wrong('Service api has no selector and no endpoints, so it cannot send traffic to the pods of a release', 'Add a selector that matches the pods to the Service.'));
    }
    expect(await checked('service/api/', { services: [bare] })).toMatchObject({ problems: [], warnings: [] });
  });
  it('may be one of a named port that no container declares, where pods run and are no endpoint', async () => {
    expect((await checked('service/api:9000/', { raw: noEndpoints, ready: 2 })).problems).toEqual(
      wrong('Service api has the targetPort admin, but no container of deployment/api declares a port with that name',
        'Name the port in the pod template of deployment/api, or correct the targetPort of the Service.'));
    // A container that admission adds declares it, or nothing runs yet.
    expect(await checked('service/api:9000/', { ready: 2 })).toMatchObject({ problems: [], warnings: [] });
    expect(await checked('service/api:9000/', { raw: noEndpoints, ready: 0 })).toMatchObject({ problems: [], warnings: [] });
  });
  it('has the line and column of a settings file', async () => {
    const text = 'workloads: [deployment/api]\nimage: registry.example/api\nsmoke:\n  - service/apj/health\n  - { target: service/api:81/ }\n';
    const { smoke } = parseTexts({ action: 'rollout', inputs: { digest: `sha256:${'a'.repeat(64)}` }, text }).config;
    const scope = { ports: fakePorts(), cluster: fakeCluster(), services: [api], present: [] };
    expect((await checkSmoke(scope, smoke)).problems.map(({ message }) => message)).toEqual([
      '.github/deploy.yml:4:5: smoke[0]: Service apj does not exist in namespace web.', '.github/deploy.yml:5:5: smoke[1]: Service api has no port 81; it has 80 (http), 9000 (admin).',
    ]);
  });
});

describe('a smoke check that does not pass now, and may after the change', () => {
  it.each<[string, World, string]>([
    ['service/api/helth', { raw: answer(404, 'not found') },
      'The current version does not pass smoke check `service/api/helth`: status 404 instead of 200: not found. If this release does not fix that, check its path.'
      + ' The check names no port, so it uses the first of 80 (http), 9000 (admin).'],
    ['service/api:http/', { raw: answer(503, 'down') }, 'The current version does not pass smoke check `service/api:http/`: status 503 instead of 200: down. '
      + 'If this release does not fix that, look at what every version depends on, such as a database, and at the check itself.'],
    ['service/api/', { raw: { ...noEndpoints, body: noEndpoints.body.replace('no endpoints available for service', 'dial tcp 10.0.0.1:8080: connection refused by') } },
      'Smoke check `service/api/` does not pass now: service/api returned dial tcp 10.0.0.1:8080: connection refused by "api".'],
    ['service/other/', { services: [service('other', { selector: { app: 'other' } })], raw: noEndpoints },
      'Smoke check `service/other/` does not pass now: Service other has no endpoints and selects no pods of deployment/api.'],
    ['https://shop.example/', { url: silent('other', 'shop.example refused the connection: nothing is listening there') },
      'Smoke check `https://shop.example/` does not pass now: this machine cannot reach https://shop.example/: no answer (shop.example refused the connection: nothing is listening there).'],
    ['https://shop.example/', { url: silent('look-up', 'no name server') },
      'Smoke check `https://shop.example/` does not pass now: this machine cannot reach https://shop.example/: no answer (no name server).'],
    ['http://api.web.svc/', { services: [{ ...api, spec: { ...api.spec, clusterIP: 'None' } }], url: silent('name', 'the name does not exist') },
      'Smoke check `http://api.web.svc/` does not pass now: this machine cannot reach http://api.web.svc/: no answer (the name does not exist). '
      + 'Write service/api:80/: Services are checked through the API server, which this machine can reach.'],
  ])('%s is a warning: %#', async (line, world, text) => {
    expect(await checked(line, world)).toMatchObject({ problems: [], warnings: [text] });
  });
  it('is nothing to be told of before a first deployment', async () => {
    expect(await checked('service/api/', { raw: noEndpoints })).toMatchObject({ problems: [], warnings: [], lines: [] });
  });
  it('names the text of the new version, as usual', async () => {
    expect(await checked('service/api/ -> 200 contains v2', { raw: answer(200, 'v1') })).toMatchObject(
      { problems: [], warnings: [], lines: ['info Smoke check `service/api/ -> 200 contains v2` does not pass before the change: status 200 without "v2": v1'] });
  });
});

it('a smoke check that passes is requested once, and nothing is said', async () => {
  expect(await checked('service/api/health')).toEqual({ problems: [], warnings: [], lines: [], requested: ['/api/v1/namespaces/web/services/api:http/proxy/health'] });
  expect(await checked('https://shop.example/')).toMatchObject({ problems: [], warnings: [], requested: ['https://shop.example/'] });
});
