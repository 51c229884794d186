import { describe, expect, it } from '@jest/globals';
import { isRefusal, meaningOf } from '../../../src/kubernetes/client/meaning.js';

/** Messages as Kubernetes 1.34 words them. */
describe('what an answer of the API server means', () => {
  it.each([
    [403, 'Forbidden', 'configmaps is forbidden: User "system:serviceaccount:ci:bot" cannot create resource "configmaps" in API group "" in the namespace "shop"', 'permission-denied', 'docs/rbac.yaml'],
    [403, 'Forbidden', 'forbidden: User "system:anonymous" cannot get path "/apis"', 'permission-denied', 'docs/rbac.yaml'],
    [403, 'Forbidden', 'configmaps "deploy-ledger-web" is forbidden: exceeded quota: objects, requested: configmaps=1, used: configmaps=1, limited: configmaps=1', 'quota-exceeded', 'the limit is configmaps=1'],
    [403, 'Forbidden', 'pods "x" is forbidden: failed quota: compute: must specify limits.cpu for: web', 'quota-exceeded', 'limits.cpu'],
    [403, 'Forbidden', 'pods "x" is forbidden: status unknown for quota: compute, resources: pods', 'quota-exceeded', 'kube-controller-manager'],
    [403, 'Forbidden', 'leases.coordination.k8s.io "deploy-lock-web" is forbidden: unable to create new content in namespace shop because it is being terminated', 'not-deployable', 'is being deleted'],
    [403, 'Forbidden', 'admission webhook "policy.example.com" denied the request: configmaps need an owner', 'admission-denied', 'policy.example.com'],
    [403, 'Forbidden', 'pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true', 'admission-denied', 'policy'],
    [403, 'Forbidden', 'pods "x" is forbidden: maximum cpu usage per Container is 1, but limit is 2', 'admission-denied', 'policy'],
    [422, 'Invalid', "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no", 'admission-denied', 'policy'],
    [403, '', '/version returned status 403: Access denied by the firewall', 'api-unreachable', 'between this machine and the cluster'],
    [403, '', '/version returned status 403: 403 Forbidden nginx', 'api-unreachable', 'between this machine and the cluster'],
    [403, 'Forbidden', 'Error from server (Forbidden): <html> <head><title>403 Forbidden</title></head> <body> <center><h1>403 Forbidden</h1></center> </body> </html>', 'api-unreachable', 'between this machine and the cluster'],
    [403, '', 'deployments.apps is forbidden: User "ci" cannot list resource "deployments" in API group "apps" in the namespace "shop"', 'permission-denied', 'docs/rbac.yaml'],
    [403, 'Forbidden', 'deployments.apps "web" is forbidden: not yet ready to handle request', 'api-unreachable', 'readyz'],
    [403, 'Forbidden', 'admission webhook "budget.example.com" denied the request: exceeded quota: team, requested: cpu=1, used: cpu=4, limited: cpu=4', 'admission-denied', 'budget.example.com'],
    [403, 'Forbidden', 'admission webhook "a.example.com" denied the request: failed calling webhook "b.example.com": timeout', 'admission-denied', 'a.example.com'],
    [422, 'Invalid', "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: exceeded quota: team", 'admission-denied', 'policy'],
    [500, 'InternalError', 'Internal error occurred: failed calling webhook "validate.kyverno.svc": failed to call webhook: Post "https://kyverno": dial tcp: no route', 'admission-denied', 'validate.kyverno.svc'],
    [500, 'InternalError', 'Internal error occurred: etcd', 'api-unreachable', undefined],
    [401, 'Unauthorized', 'Unauthorized', 'permission-denied', 'expired'],
    [404, 'NotFound', 'namespaces "my-ap" not found', 'config-invalid', 'my-ap'],
    [404, 'NotFound', 'deployments.apps "web" not found', 'superseded', 'deleted'],
    [404, 'NotFound', 'the server could not find the requested resource', 'api-unreachable', 'version'],
    [404, '', '/version returned status 404: Not Found nginx', 'api-unreachable', 'server in the kubeconfig'],
    [409, 'Conflict', 'Operation cannot be fulfilled', 'superseded', 'keeps writing'],
    [422, 'Invalid', 'Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1', 'not-deployable', 'field'],
    [400, 'BadRequest', 'cannot parse', 'unexpected', undefined],
    [0, 'NoAnswer', 'no answer: getting credentials: exec: executable aws not found', 'tool-missing', 'aws'],
    [0, 'NoAnswer', 'no answer: getting credentials: exec: executable aws failed with exit code 255', 'permission-denied', 'run it on this machine'],
    [0, 'NoAnswer', 'no answer: tls: failed to verify certificate: x509: certificate signed by unknown authority', 'api-unreachable', 'certificate-authority-data'],
  ])('%d %s: %s', (status, reason, message, cause, hint) => {
    const meaning = meaningOf({ status, reason, message });
    expect(meaning.cause).toBe(cause);
    if (hint === undefined) expect(meaning.hint).toBeUndefined();
    else expect(meaning.hint).toContain(hint);
  });

  it('only of a missing permission it may be that the server has not read its roles yet', () => {
    const forbidden = (message: string) => isRefusal({ status: 403, reason: 'Forbidden', message });
    expect(forbidden('configmaps is forbidden: User "ci" cannot create resource "configmaps" in API group "" in the namespace "shop"')).toBe(true);
    expect(forbidden('configmaps "a" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: configmaps=1')).toBe(false);
    expect(forbidden('admission webhook "p" denied the request: no')).toBe(false);
  });

  it('an admission plugin that has not started yet is retried for as long as a missing permission', () => {
    expect(isRefusal({ status: 403, reason: 'Forbidden', message: 'configmaps "a" is forbidden: not yet ready to handle request' })).toBe(true);
  });
});
