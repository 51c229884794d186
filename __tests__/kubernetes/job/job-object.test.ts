import { describe, expect, it } from '@jest/globals';
import type { Job, PodSpec, Workload } from '../../../src/kubernetes/client/objects.js';
import { jobLabels, jobName } from '../../../src/kubernetes/job/job-labels.js';
import { jobOf, refusedSidecar, type JobWish } from '../../../src/kubernetes/job/job-object.js';
import type { Sidecar } from '../../../src/kubernetes/job/sidecar.js';
import { selects } from '../../../src/kubernetes/observe/selector.js';
import { deployment, newImage, oldImage, service } from '../judge/build.js';

const labels = { 'app': 'api', 'tier': 'web', 'azure.workload.identity/use': 'true' };

/** A pod template with everything that one can have. */
const spec: PodSpec = {
  serviceAccountName: 'api', automountServiceAccountToken: true, imagePullSecrets: [{ name: 'pull' }], securityContext: { runAsNonRoot: true, fsGroup: 1000 },
  nodeSelector: { disk: 'ssd' }, tolerations: [{ key: 'dedicated', operator: 'Exists' }], terminationGracePeriodSeconds: 20,
  hostname: 'api', nodeName: 'node-1', shareProcessNamespace: true,
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
    podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] },
  },
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
  volumes: [{ name: 'settings', configMap: { name: 'settings' } }, { name: 'sockets', emptyDir: {} }, { name: 'metrics', emptyDir: {} }],
  initContainers: [
    { name: 'wait', image: oldImage, command: ['/app', 'wait'] },
    { name: 'proxy', image: 'proxy:1', restartPolicy: 'Always', ports: [{ containerPort: 5432 }], startupProbe: { tcpSocket: { port: 5432 } }, livenessProbe: { tcpSocket: { port: 5432 } }, volumeMounts: [{ name: 'sockets', mountPath: '/sockets' }] },
  ],
  containers: [
    { name: 'exporter', image: 'exporter:1', volumeMounts: [{ name: 'metrics', mountPath: '/metrics' }] },
    {
      name: 'app', image: oldImage, command: ['/app'], args: ['serve'], workingDir: '/srv', imagePullPolicy: 'IfNotPresent',
      env: [{ name: 'LEVEL', value: 'info' }, { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'database', key: 'password' } } }], envFrom: [{ secretRef: { name: 'more' } }],
      ports: [{ containerPort: 8080, hostPort: 8080 }], resources: { limits: { memory: '64Mi' } }, securityContext: { readOnlyRootFilesystem: true }, tty: true, stdin: true,
      readinessProbe: { httpGet: { port: 8080 } }, livenessProbe: { httpGet: { port: 8080 } }, startupProbe: { httpGet: { port: 8080 } }, lifecycle: { preStop: { exec: { command: ['sleep', '5'] } } },
      volumeMounts: [{ name: 'settings', mountPath: '/settings' }, { name: 'data', mountPath: '/data' }],
    },
  ],
};
const workload = deployment({ spec: { template: { metadata: { labels, annotations: { 'vault.hashicorp.com/agent-inject': 'true' } }, spec } } });

const wish: JobWish = {
  app: 'api', purpose: 'migrate', run: '4711-1', url: 'https://runs.example/1', kind: 'deployment', workload, services: [service('api', { selector: { tier: 'web' } })],
  images: new Map([['app', newImage], ['wait', newImage]]), command: ['npm', 'run', 'db:migrate'], text: 'npm run db:migrate', timeoutMs: 600_500,
};

const made = (changes: Partial<JobWish> = {}): Job => {
  const job = jobOf({ ...wish, ...changes });
  if (!job) throw new Error('there is no Job');
  return job;
};
const sidecar: Sidecar = {
  container: { name: 'copy', restartPolicy: 'Always' }, volumes: [{ name: 'copy', emptyDir: {} }], hostAliases: [{ ip: '127.0.0.1', hostnames: ['db'] }],
  imagePullSecrets: [{ name: 'pull' }, { name: 'data' }], env: { PASSWORD: 'x', DB_SERVICE_HOST: '127.0.0.1' }, timeoutMs: 300_000,
  prepare: async () => undefined, conclude: async () => undefined, end: async () => undefined,
};
const podOf = (job: Job): PodSpec => job.spec?.template?.spec ?? {};
/** As it is sent. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('a Job', () => {
  it('is started once, has a time limit, and is kept for a day', () => {
    expect(made().spec).toMatchObject({ backoffLimit: 0, parallelism: 1, completions: 1, activeDeadlineSeconds: 601, ttlSecondsAfterFinished: 86_400, template: { spec: { restartPolicy: 'Never' } } });
  });
  it('says whose it is', () => {
    expect(made().metadata).toEqual({
      name: jobName(wish), annotations: { 'deploy-action/command': 'npm run db:migrate', 'deploy-action/run-url': 'https://runs.example/1' },
      labels: { 'deploy-action/app': 'api', 'deploy-action/purpose': 'migrate', 'deploy-action/run': expect.stringMatching(/^[0-9a-f]{10}$/), 'app.kubernetes.io/managed-by': 'deploy-action', 'app.kubernetes.io/part-of': 'api' },
    });
    expect(made({ url: undefined }).metadata?.annotations).not.toHaveProperty('deploy-action/run-url');
  });
  it('runs the command in the container that runs the image, with its environment, limits and mounts, and nothing that makes it serve', () => {
    expect(sent(podOf(made()).containers)).toEqual([{
      name: 'app', image: newImage, imagePullPolicy: 'IfNotPresent', command: ['npm', 'run', 'db:migrate'], workingDir: '/srv', terminationMessagePolicy: 'FallbackToLogsOnError',
      env: [{ name: 'LEVEL', value: 'info' }, { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'database', key: 'password' } } }], envFrom: [{ secretRef: { name: 'more' } }],
      resources: { limits: { memory: '64Mi' } }, securityContext: { readOnlyRootFilesystem: true }, volumeMounts: [{ name: 'settings', mountPath: '/settings' }, { name: 'data', mountPath: '/data' }],
    }]);
  });
  it('keeps init containers, with the new image where it is that, and sidecars among them, but no other container', () => {
    expect(sent(podOf(made()).initContainers)).toEqual([
      { name: 'wait', image: newImage, command: ['/app', 'wait'] },
      { name: 'proxy', image: 'proxy:1', restartPolicy: 'Always', startupProbe: { tcpSocket: { port: 5432 } }, volumeMounts: [{ name: 'sockets', mountPath: '/sockets' }] },
    ]);
  });
  it('keeps accounts, security and the choice of nodes, but nothing that places replicas or names one pod', () => {
    const { containers: _containers, initContainers: _init, ...rest } = podOf(made());
    expect(sent(rest)).toEqual({
      serviceAccountName: 'api', automountServiceAccountToken: true, imagePullSecrets: [{ name: 'pull' }], securityContext: { runAsNonRoot: true, fsGroup: 1000 },
      nodeSelector: { disk: 'ssd' }, tolerations: [{ key: 'dedicated', operator: 'Exists' }], terminationGracePeriodSeconds: 20, restartPolicy: 'Never',
      // The Job ends it 30 s before, unless it was deleted without its pod.
      activeDeadlineSeconds: 631,
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
      volumes: [{ name: 'settings', configMap: { name: 'settings' } }, { name: 'sockets', emptyDir: {} }],
    });
  });
  it('mounts no claim of a pod of a StatefulSet', () => {
    const stateful = { ...workload, spec: { ...workload.spec, volumeClaimTemplates: [{ metadata: { name: 'data' } }] } };
    expect(podOf(made({ kind: 'statefulset', workload: stateful })).containers?.[0]?.volumeMounts).toEqual([{ name: 'settings', mountPath: '/settings' }]);
  });
  it('takes the template of a CronJob', () => {
    const cron: Workload = { kind: 'CronJob', metadata: { name: 'nightly' }, spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'app', image: oldImage }] } } } } } };
    expect(podOf(made({ kind: 'cronjob', workload: cron })).containers).toMatchObject([{ name: 'app', image: newImage }]);
  });
  it('has a sidecar before all others, the names that lead to it, and time to prepare it', () => {
    const workload = deployment({ spec: { template: { metadata: { labels }, spec: { ...spec, hostAliases: [{ ip: '10.0.0.9', hostnames: ['db', 'cache'] }, { ip: '10.0.0.8', hostnames: ['db'] }] } } } });
    const job = made({ sidecar, workload });
    const pod = podOf(job);
    expect(pod.initContainers?.map(({ name }) => name)).toEqual(['copy', 'wait', 'proxy']);
    expect(pod.volumes?.map(({ name }) => name)).toEqual(['settings', 'sockets', 'copy']);
    expect(pod.hostAliases).toEqual([{ ip: '10.0.0.9', hostnames: ['cache'] }, { ip: '127.0.0.1', hostnames: ['db'] }]);
    expect(pod.imagePullSecrets).toEqual([{ name: 'pull' }, { name: 'data' }]);
    expect(pod.containers?.[0]?.env).toEqual([{ name: 'LEVEL', value: 'info' }, { name: 'PASSWORD', value: 'x' }, { name: 'DB_SERVICE_HOST', value: '127.0.0.1' }]);
    expect([pod.terminationGracePeriodSeconds, job.spec?.activeDeadlineSeconds]).toEqual([30, (made().spec?.activeDeadlineSeconds ?? 0) + 300]);
  });
  it('has no sidecar in the network of its node, where others would reach it', () => {
    const workload = (hostNetwork: boolean): Workload => deployment({ spec: { template: { metadata: { labels }, spec: { ...spec, hostNetwork } } } });
    expect(refusedSidecar({ kind: 'deployment', workload: workload(false) })).toBeUndefined();
    expect(refusedSidecar({ kind: 'deployment', workload: workload(true) })).toMatch(/^deployment\/\S+ uses the network of its node \(`hostNetwork`\), where others would reach a copy/);
  });
  it('has no label by which a Service or the workload finds its pods, and keeps the others', () => {
    const found = made().spec?.template?.metadata?.labels ?? {};
    expect(found).toEqual({ ...made().metadata?.labels, 'app.kubernetes.io/managed-by': undefined, 'app.kubernetes.io/part-of': undefined, 'azure.workload.identity/use': 'true', [jobLabels.job]: jobName(wish) });
    expect(wish.services.some((each) => selects(each, found))).toBe(false);
    expect(made().spec?.template?.metadata?.annotations).toEqual({ 'vault.hashicorp.com/agent-inject': 'true' });
  });
  it('does not exist where no container runs the image', () => {
    expect(jobOf({ ...wish, images: new Map([['wait', newImage]]) })).toBeUndefined();
  });
});

describe('the name of a Job', () => {
  it.each(['api', 'a', `a-very-${'long-'.repeat(20)}name`, 'with.dots', 'ends-with-'])('of %s fits into a label together with the name of its pod', (app) => {
    const name = jobName({ app, purpose: 'migrate-undo', run: '4711' });
    expect(name).toMatch(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/);
    expect(name.length).toBeLessThanOrEqual(57);
    expect(name).not.toMatch(/\.-|--/);
  });
  it('is another one for each app, purpose and run, and always the same', () => {
    const of = { app: 'api', purpose: 'migrate', run: '4711' };
    expect(jobName(of)).toBe(jobName({ ...of }));
    expect(new Set([of, { ...of, app: 'web' }, { ...of, purpose: 'rehearse' }, { ...of, run: '4712' }].map(jobName)).size).toBe(4);
  });
});
