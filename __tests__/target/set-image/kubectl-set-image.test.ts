import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kubernetes/client/api.js';
import type { Workload } from '../../../src/kubernetes/client/objects.js';
import { CancelledError, ClusterError } from '../../../src/outcome/errors.js';
import type { Exited } from '../../../src/ports/process.js';
import { setImageCommands, setImages } from '../../../src/target/set-image/kubectl-set-image.js';
import { restorePatch } from '../../../src/target/set-image/restore.js';
import { Written } from '../../../src/target/set-image/written.js';
import { imagesNow } from '../../../src/target/set-image/images-now.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import { handClock } from '../../kubernetes/client/hand-clock.js';
import { deployment, newImage, oldImage, target } from '../../kubernetes/judge/build.js';
import { deploymentPath, fakeCluster, type FakeCluster } from './fake-cluster.js';
import { ChangeUnderWay } from '../../../src/target/target.js';

const named = (name: string, containers: Readonly<Record<string, string>>) =>
  target('deployment', { ref: `deployment/${name}`, name, containers: Object.entries(containers).map(([each, after]) => ({ name: each, before: 'x', after })) });

const sending = { confirm: async () => undefined };

describe('the commands of a change', () => {
  it('are one for all workloads that get the same images', () => {
    expect(setImageCommands([named('a', { app: 'i:2' }), named('b', { app: 'i:2' }), named('c', { web: 'i:2', job: 'i:2' }), named('d', { app: 'i:2' })])).toEqual([
      ['set', 'image', 'deployment/a', 'deployment/b', 'deployment/d', 'app=i:2'],
      ['set', 'image', 'deployment/c', 'web=i:2', 'job=i:2'],
    ]);
  });
  it('have five workloads each at most, so that kubectl does not slow itself down', () => {
    const many = Array.from({ length: 12 }, (_, index) => named(`w${index}`, { app: 'i:2' }));
    expect(setImageCommands(many).map((args) => args.length - 3)).toEqual([5, 5, 2]);
  });
  it('are none when there is nothing to set', () => expect(setImageCommands([])).toEqual([]));
});

describe('setting images', () => {
  const setting = (image: string) => (_args: readonly string[], cluster: FakeCluster) => {
    cluster.put(deploymentPath, { ...deployment({ image }), metadata: { ...deployment().metadata } });
    return { stdout: 'deployment.apps/api image updated\n' };
  };
  const change = (cluster: FakeCluster, ports = fakePorts(), confirm = async () => undefined as void) => setImages(cluster, ports, [target()], { confirm });
  const before = { [deploymentPath]: deployment({ image: oldImage }) };

  it('prints the command as it is typed and what kubectl said, and gives the generation', async () => {
    const ports = fakePorts();
    const cluster = fakeCluster({ objects: before, kubectl: setting(newImage) });
    expect(await change(cluster, ports)).toEqual(new Map([['deployment/api', 3]]));
    expect(ports.lines).toEqual([`command kubectl set image deployment/api app=${newImage}`, 'output deployment.apps/api image updated']);
  });

  it('is read back when the server was away for a while in that moment', async () => {
    const cluster = fakeCluster({ objects: before, kubectl: setting(newImage) });
    for (let count = 0; count < 10; count += 1) cluster.troubles.push({ method: 'GET', trouble: new ApiError(503, '', 'away') });
    expect(await change(cluster)).toEqual(new Map([['deployment/api', 3]]));
  });

  it('is typed again after a conflict with another write', async () => {
    let count = 0;
    const kubectl = (args: readonly string[], cluster: FakeCluster) =>
      ((count += 1) < 3 ? { code: 1, stderr: 'Error from server (Conflict): Operation cannot be fulfilled on deployments.apps "api": the object has been modified\n' } : setting(newImage)(args, cluster));
    expect(await change(fakeCluster({ objects: before, kubectl }))).toEqual(new Map([['deployment/api', 3]]));
  });

  describe('that admission rewrites', () => {
    const cached = newImage.replace('registry.example', 'cache.example');
    const other = `cache.example/api@sha256:${'9'.repeat(64)}`;
    /** @param since what others change beside it */
    const rewritten = async (stored: string, after = newImage, since: (workload: Workload) => Workload = (workload) => workload) => {
      const written = new Written();
      const of = [target('deployment', { containers: [{ name: 'app', before: oldImage, after }] })];
      const kubectl = (args: readonly string[], cluster: FakeCluster) => {
        const said = setting(stored)(args, cluster);
        const workload = cluster.objects.get(deploymentPath) as Workload;
        const changed = since(workload);
        if (changed !== workload) cluster.put(deploymentPath, changed);
        return said;
      };
      const changing = setImages(fakeCluster({ objects: before, kubectl }), fakePorts(), of, sending, written);
      const failure = await changing.then(() => undefined, (error: unknown) => error);
      return { failure, container: written.known(of)[0]?.containers[0] };
    };
    it.each([
      ['the same digest from another registry', cached, newImage],
      ['a tag with its digest', newImage, 'registry.example/api:2'],
      ['a short name made whole', 'docker.io/library/nginx:1', 'nginx:1'],
      ['another registry, without any digest', 'cache.example/api:2', 'registry.example/api:2'],
    ])('is this run’s own: %s', async (_what, stored, after) => {
      expect(await rewritten(stored, after)).toEqual({ failure: undefined, container: { name: 'app', before: oldImage, after, becomes: stored } });
    });
    describe('while an autoscaler sets the replicas', () => {
      const scaled = (workload: Workload): Workload => ({ ...workload, spec: { ...workload.spec, replicas: 7 } });

      it.each([['the same digest from another registry', cached, newImage], ['another registry, without any digest', 'cache.example/api:2', 'registry.example/api:2']])(
        'is this run’s own: %s', async (_what, stored, after) => {
          expect(await rewritten(stored, after, scaled)).toEqual({ failure: undefined, container: { name: 'app', before: oldImage, after, becomes: stored } });
        });
      it('to another digest is refused, and known to be this run’s', async () => {
        expect(await rewritten(other, newImage, scaled)).toMatchObject({ failure: { code: 'superseded' }, container: { becomes: other } });
      });
      it('is not, where somebody else may have changed more than the replicas', async () => {
        const { failure, container } = await rewritten(other, newImage, (workload) => ({ ...workload, spec: { ...workload.spec, minReadySeconds: 3 } }));
        expect(failure).toMatchObject({ code: 'superseded' });
        expect(container).not.toHaveProperty('becomes');
      });
    });
    it('to another digest is refused, and known to be this run’s, so that it is taken back', async () => {
      const { failure, container } = await rewritten(other);
      expect(failure).toMatchObject({ code: 'superseded', message: `Container app of deployment/api was set to ${newImage}, but is set to ${other} a moment later.` });
      expect(restorePatch(target('deployment', { containers: [{ name: 'app', before: oldImage, after: newImage, ...container }] }), deployment({ image: other }), undefined))
        .toContainEqual({ op: 'replace', path: '/spec/template/spec/containers/0/image', value: oldImage });
    });
    it('is somebody else’s where the workload was changed twice, and the image is another one', async () => {
      const kubectl = (args: readonly string[], cluster: FakeCluster) => {
        setting(newImage)(args, cluster);
        return setting('hotfix:1')(args, cluster);
      };
      const written = new Written();
      await expect(setImages(fakeCluster({ objects: before, kubectl }), fakePorts(), [target()], sending, written)).rejects.toMatchObject({ code: 'superseded' });
      expect(written.known([target()])).toEqual([target()]);
    });
  });

  describe('that somebody else has changed since the run looked', () => {
    const changed = async (now: Workload) => {
      const cluster = fakeCluster({ objects: { [deploymentPath]: now }, kubectl: setting(newImage) });
      const written = new Written();
      const failure = await setImages(cluster, fakePorts(), [target()], sending, written).catch((error: unknown) => error);
      return { failure, commands: cluster.done.filter((each) => each.startsWith('kubectl')), mayHaveChanged: written.mayHaveChanged('deployment/api') };
    };
    it.each([
      ['another image', deployment({ image: 'hotfix:1' }), `Container app of deployment/api was set to ${oldImage} when the run read it, and is set to hotfix:1 now`],
      ['the very image of this run', deployment({ image: newImage }), `Container app of deployment/api was set to ${oldImage} when the run read it, and is set to ${newImage} now`],
      ['another workload of the same name', deployment({ image: oldImage, uid: 'other' }), 'deployment/api was deleted and recreated'],
    ])('is left as it is, and nothing was sent: %s', async (_what, now, words) => {
      expect(await changed(now)).toMatchObject({ failure: { code: 'superseded', message: `${words}: someone else changed it before this run did.` }, commands: [], mayHaveChanged: false });
    });
    it('is not taken for that when an earlier try of this run was done and not answered', async () => {
      let count = 0;
      const kubectl = (args: readonly string[], cluster: FakeCluster) => {
        setting(newImage)(args, cluster);
        return (count += 1) === 1 ? { code: 1, stderr: 'error: failed to patch image update to pod template: Patch "https://10.0.0.1": unexpected EOF' } : {};
      };
      expect(await change(fakeCluster({ objects: before, kubectl }))).toEqual(new Map([['deployment/api', 3]]));
    });
  });

  it('is superseded when something else stands there a moment later', async () => {
    await expect(change(fakeCluster({ objects: before, kubectl: setting('mutated:1') }))).rejects.toMatchObject({
      code: 'superseded', message: `Container app of deployment/api was set to ${newImage}, but is set to mutated:1 a moment later.`,
      hint: 'Another deployment, an operator or a mutating webhook changes this image. Find out which one, then run again.',
    });
  });

  const sent = 'failed to patch image update to pod template: ';
  it.each([
    [`${sent}deployments.apps "api" is forbidden: User "ci" cannot patch resource "deployments" in API group "apps" in the namespace "shop"`, 'permission-denied', 'Role'],
    [`${sent}deployments.apps "api" is forbidden: exceeded quota: objects, requested: count/deployments.apps=1, used: count/deployments.apps=2, limited: count/deployments.apps=2`, 'quota-exceeded', 'ResourceQuota objects'],
    [`${sent}deployments.apps "api" is forbidden: unable to create new content in namespace shop because it is being terminated`, 'not-deployable', 'being deleted'],
    [`${sent}deployments.apps "api" is forbidden: images must come from registry.example`, 'admission-denied', 'policy'],
    [`${sent}admission webhook "validation.gatekeeper.sh" denied the request: [no-latest] use a digest`, 'admission-denied', 'validation.gatekeeper.sh'],
    [`${sent}admission webhook "budget.example" denied the request: exceeded quota: team, requested: cpu=1, used: cpu=4, limited: cpu=4`, 'admission-denied', 'budget.example'],
    [`${sent}admission webhook "a.example" denied the request: failed calling webhook "b.example": context canceled`, 'admission-denied', 'a.example'],
    [`${sent}deployments.apps "api" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`, 'admission-denied', 'policy'],
    [`${sent}Deployment.apps "api" is invalid: spec.template.spec.containers[0].image: Required value`, 'not-deployable', 'field'],
    [`${sent}deployments.apps "api" not found`, 'superseded', 'find out who deleted it'],
  ])('that is refused says why: %s', async (stderr, cause, hint) => {
    const error = await change(fakeCluster({ objects: before, kubectl: () => ({ code: 1, stderr: `Warning: x\nerror: ${stderr}\n` }) })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClusterError);
    expect(error).toMatchObject({ code: cause, message: `kubectl set image was refused: ${stderr}`, hint: expect.stringContaining(hint) });
  });

  it.each([
    ['Error from server (NotFound): deployments.apps "api" not found', 'superseded'],
    ['error: unable to find container named "app"', 'superseded'],
    ['error: unknown flag: --x\nSee \'kubectl set image --help\' for usage.', 'unexpected'],
  ])('that could not start says that it changed nothing: %s', async (stderr, cause) => {
    const cluster = fakeCluster({ objects: before, kubectl: () => ({ code: 1, stderr }) });
    const words = stderr.replace('error: ', '').split('\n')[0];
    await expect(change(cluster)).rejects.toMatchObject({ code: cause, message: `kubectl set image failed before it changed anything: ${words}` });
    expect(cluster.done.filter((each) => each.startsWith('kubectl'))).toHaveLength(1);
  });

  it('that got no answer says that it may have been made', async () => {
    const stderr = `error: ${sent}Patch "https://10.0.0.1/apis/apps/v1/namespaces/shop/deployments/api": unexpected EOF`;
    await expect(change(fakeCluster({ objects: before, kubectl: () => ({ code: 1, stderr }) }))).rejects.toMatchObject({
      code: 'api-unreachable', message: expect.stringContaining('kubectl set image got no answer, so its change may have been made: failed to patch'),
    });
  });

  it('that a web page was put in place of the answer to is not said to be refused, and is not sent again', async () => {
    const cluster = fakeCluster({ objects: before, kubectl: () => ({ code: 1, stderr: `error: ${sent}serializer for text/html doesn't exist` }) });
    await expect(change(cluster)).rejects.toMatchObject({ code: 'api-unreachable', message: expect.stringContaining('its change may have been made') });
    expect(cluster.done.filter((each) => each.startsWith('kubectl'))).toHaveLength(1);
  });

  it('that nobody took the connection for changed nothing', async () => {
    const stderr = `error: ${sent}Patch "https://10.0.0.1/apis/apps/v1/namespaces/shop/deployments/api": dial tcp 10.0.0.1:443: connect: connection refused`;
    await expect(change(fakeCluster({ objects: before, kubectl: () => ({ code: 1, stderr }) }))).rejects.toMatchObject({ code: 'api-unreachable', message: expect.stringContaining('before it changed anything') });
  });

  describe('whose look-up by kubectl was refused', () => {
    const guess = 'error: the server doesn\'t have a resource type "deployment"';
    it.each([guess, "error: serializer for text/html doesn't exist", 'Error from server (Forbidden): unknown', 'error: You must be logged in to the server (Unauthorized)'])('once, is made all the same: %s', async (stderr) => {
      let count = 0;
      const kubectl = (args: readonly string[], cluster: FakeCluster) => ((count += 1) === 1 ? { code: 1, stderr } : setting(newImage)(args, cluster));
      const objects = { ...before, '/api': {}, '/apis': {} };
      expect(await change(fakeCluster({ objects, kubectl }))).toEqual(new Map([['deployment/api', 3]]));
    });
    it('for good, is named in the words of the API server', async () => {
      const cluster = fakeCluster({ objects: { ...before, '/api': {} }, kubectl: () => ({ code: 1, stderr: guess }) });
      const said = 'forbidden: User "ci" cannot get path "/apis"';
      for (let count = 0; count < 200; count += 1) cluster.troubles.push({ method: 'GET', trouble: new ApiError(403, 'Forbidden', said) });
      await expect(change(cluster)).rejects.toMatchObject({ code: 'permission-denied', message: `kubectl set image failed before it changed anything: ${said}` });
    });
    it('for good, is the guess of kubectl where the API server says nothing', async () => {
      const cluster = fakeCluster({ objects: { ...before, '/api': {}, '/apis': {} }, kubectl: () => ({ code: 1, stderr: guess }) });
      await expect(change(cluster)).rejects.toMatchObject({ code: 'api-unreachable', message: expect.stringContaining("doesn't have a resource type"), hint: expect.stringContaining('system:discovery') });
    });
  });

  it.each([
    'Error from server (ServiceUnavailable): the server is currently unable to handle the request',
    'The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?',
    'Unable to connect to the server: dial tcp 10.0.0.1:443: i/o timeout',
    'Error from server (TooManyRequests): slow down',
    'failed to patch image update to pod template: Internal error occurred: failed calling webhook "policy.example": failed to call webhook: Post "https://policy": context deadline exceeded',
  ])('is tried again while the server is away: %s', async (stderr) => {
    let count = 0;
    const away = (args: readonly string[], cluster: FakeCluster) => ((count += 1) < 4 ? { code: 1, stderr } : setting(newImage)(args, cluster));
    expect(await change(fakeCluster({ objects: before, kubectl: away }))).toEqual(new Map([['deployment/api', 3]]));
  });

  const patch = 'Patch "https://10.0.0.1/apis/apps/v1/namespaces/shop/deployments/api"';
  const page = String.raw`<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<h1>Forbidden: not found</h1>\r\n</body>\r\n</html>`;
  const [refused, unanswered] = ['was refused', 'got no answer, so its change may have been made'];
  /** kubectl names no reason after "failed to patch": only the message says what it was. */
  describe.each([
    ['etcdserver: leader changed', unanswered],
    ['etcdserver: no leader', refused],
    ['etcdserver: request timed out', unanswered],
    ['etcdserver: request timed out, possibly due to previous leader failure', unanswered],
    ['Internal error occurred: etcdserver: request timed out', unanswered],
    ['apiserver is shutting down', refused],
    ['an error on the server ("unknown") has prevented the request from succeeding (patch deployments.apps api)', unanswered],
    [`an error on the server (${JSON.stringify(page)}) has prevented the request from succeeding (patch deployments.apps api)`, unanswered],
    ['the server was unable to return a response in the time allotted, but may still be processing the request (patch deployments.apps api)', unanswered],
    ['the server reported a conflict (patch deployments.apps api)', refused],
    ['storage is (re)initializing', refused],
    [`${patch}: write tcp 10.0.0.7:41234->10.0.0.1:443: write: broken pipe`, unanswered],
    [`${patch}: context canceled`, unanswered],
    ['rpc error: code = Unavailable desc = error reading from server: EOF', unanswered],
    ['rpc error: code = Unavailable desc = transport is closing', unanswered],
  ])('that failed with a temporary error: %s', (words, reach) => {
    const failing = (stderr: string, times: number) => {
      let count = 0;
      return (args: readonly string[], cluster: FakeCluster) => ((count += 1) <= times ? { code: 1, stderr } : setting(newImage)(args, cluster));
    };
    it.each([['the patch', `error: ${sent}${words}`], ['the read before it', `Error from server: ${words}`]])('is tried again after %s', async (_what, stderr) => {
      expect(await change(fakeCluster({ objects: before, kubectl: failing(stderr, 3) }))).toEqual(new Map([['deployment/api', 3]]));
    });
    it('says at last how far it got', async () => {
      const code = reach === refused && words.includes('conflict') ? 'superseded' : 'api-unreachable';
      const patched = change(fakeCluster({ objects: before, kubectl: failing(`error: ${sent}${words}`, Infinity) }));
      await expect(patched).rejects.toMatchObject({ code, message: `kubectl set image ${reach}: ${sent}${words}` });
      const read = change(fakeCluster({ objects: before, kubectl: failing(`Error from server: ${words}`, Infinity) }));
      await expect(read).rejects.toMatchObject({ code, message: `kubectl set image failed before it changed anything: Error from server: ${words}` });
    });
  });

  describe('that an API server which has just started refuses', () => {
    const stderr = `error: ${sent}deployments.apps "api" is forbidden: not yet ready to handle request`;
    it('once, is made all the same', async () => {
      let count = 0;
      const kubectl = (args: readonly string[], cluster: FakeCluster) => ((count += 1) <= 3 ? { code: 1, stderr } : setting(newImage)(args, cluster));
      expect(await change(fakeCluster({ objects: before, kubectl }))).toEqual(new Map([['deployment/api', 3]]));
    });
    it('for good, is not denied by admission', async () => {
      await expect(change(fakeCluster({ objects: before, kubectl: () => ({ code: 1, stderr }) }))).rejects.toMatchObject({
        code: 'api-unreachable', message: expect.stringContaining('kubectl set image was refused: '), hint: expect.stringContaining('readyz'),
      });
    });
  });

  it.each(['error: failed to patch image update to pod template', 'Error from server (Forbidden)'])('that a gateway refuses with a page is no missing permission: %s', async (beginning) => {
    const stderr = `${beginning}: <html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<center><h1>403 Forbidden</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>`;
    await expect(change(fakeCluster({ objects: before, kubectl: () => ({ code: 1, stderr }) }))).rejects.toMatchObject({
      code: 'api-unreachable', hint: expect.stringContaining('between this machine and the cluster'),
    });
  });

  it('is given up when the server stays away for a minute', async () => {
    const cluster = fakeCluster({ objects: before, kubectl: () => ({ code: 1, stderr: 'Error from server (ServiceUnavailable): etcd' }) });
    await expect(change(cluster)).rejects.toMatchObject({
      code: 'api-unreachable', message: 'kubectl set image failed before it changed anything: Error from server (ServiceUnavailable): etcd',
    });
    expect(cluster.done.length).toBeLessThan(90);
  });

  it('is denied by admission when a webhook does not answer for a minute', async () => {
    const stderr = 'failed to patch image update to pod template: Internal error occurred: failed calling webhook "policy.example": Post "https://policy": dial tcp 10.0.0.9:443: connect: connection refused';
    const cluster = fakeCluster({ objects: before, kubectl: () => ({ code: 1, stderr }) });
    await expect(change(cluster)).rejects.toMatchObject({
      code: 'admission-denied', message: `kubectl set image was refused: ${stderr}`,
      hint: 'Check the pods and the network of the admission webhook policy.example: it does not answer. The release itself is not the problem.',
    });
    expect(cluster.done.filter((each) => each.startsWith('kubectl')).length).toBeGreaterThan(20);
  });

  it('is confirmed to be this run’s before each try', async () => {
    const order: string[] = [];
    const kubectl = (args: readonly string[], cluster: FakeCluster) => {
      order.push('kubectl');
      return order.length < 6 ? { code: 1, stderr: 'Error from server (ServiceUnavailable): etcd' } : setting(newImage)(args, cluster);
    };
    await change(fakeCluster({ objects: before, kubectl }), fakePorts(), async () => void order.push('confirm'));
    expect(order).toEqual(['confirm', 'kubectl', 'confirm', 'kubectl', 'confirm', 'kubectl']);
  });

  it('is not tried again once the lock is somebody else’s', async () => {
    const lost = new CancelledError('another run, which has taken the lock over');
    let tries = 0;
    const cluster = fakeCluster({ objects: before, kubectl: () => ({ code: 1, stderr: 'Error from server (ServiceUnavailable): etcd' }) });
    const confirm = async () => {
      if ((tries += 1) === 3) throw lost;
    };
    await expect(change(cluster, fakePorts(), confirm)).rejects.toBe(lost);
    expect(cluster.done.filter((each) => each.startsWith('kubectl'))).toHaveLength(2);
  });

  describe('that was sent when the run is cancelled', () => {
    const begin = async () => {
      const clock = handClock();
      const stop = new AbortController();
      let finish: () => void = () => undefined;
      let sent: () => void = () => undefined;
      const isSent = new Promise<void>((resolve) => (sent = resolve));
      const cluster = fakeCluster({ objects: before });
      let end: AbortSignal | undefined;
      const kubectl = (_args: readonly string[], signal?: AbortSignal) => new Promise<Exited>((resolve) => {
        end = signal;
        finish = () => resolve({ code: 0, stdout: '', stderr: '' });
        sent();
      });
      const ports = fakePorts({ clock, cancelled: stop.signal });
      const changing = setImages({ ...cluster, kubectl }, ports, [target()], sending).then(() => undefined, (error: unknown) => error);
      await isSent;
      stop.abort(new CancelledError('SIGINT'));
      return { changing, clock, finish: () => finish(), isEnded: () => end?.aborted };
    };
    it('is let come to its end', async () => {
      const { changing, finish, clock, isEnded } = await begin();
      clock.advance(3999);
      expect(isEnded()).toBe(false);
      finish();
      expect(await changing).toMatchObject({ code: 'cancelled', message: 'Stopped by SIGINT.' });
      expect(await changing).not.toBeInstanceOf(ChangeUnderWay);
    });
    it('is told apart when no answer came in 4 s: it may still be made, and kubectl is ended', async () => {
      const { changing, clock, isEnded } = await begin();
      clock.advance(4000);
      const error = await changing;
      expect(isEnded()).toBe(true);
      expect(error).toBeInstanceOf(ChangeUnderWay);
      expect(error).toMatchObject({ code: 'cancelled', message: 'Stopped by SIGINT.' });
    });
  });

  describe('by several commands', () => {
    /** Workloads that each need a command of their own; every kubectl ends when it is told to. */
    const begin = async (count: number) => {
      const stop = new AbortController();
      const ends: ((exit: Partial<Exited>) => void)[] = [];
      const kubectl = () => new Promise<Exited>((resolve) => ends.push((exit) => resolve({ code: 0, stdout: '', stderr: '', ...exit })));
      const clock = handClock();
      const targets = Array.from({ length: count }, (_, index) => named(`w${index}`, { app: `i:${index}` }));
      let ended: unknown;
      const changing = setImages({ ...fakeCluster(), kubectl }, fakePorts({ clock, cancelled: stop.signal }), targets, sending)
        .catch((error: unknown) => (ended = error));
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      await turn();
      return { changing, ends, stop, clock, turn, ended: () => ended };
    };
    const denied = { code: 1, stderr: 'Error from server: admission webhook "policy" denied the request: no' };

    it('runs some side by side, and the next when one has ended', async () => {
      const { ends, turn } = await begin(10);
      expect(ends).toHaveLength(8);
      ends[3]?.({});
      await turn();
      expect(ends).toHaveLength(9);
    });
    it('begins no more once one is refused, and lets the others come to their end before it says so', async () => {
      const { changing, ends, turn, ended } = await begin(10);
      ends[0]?.(denied);
      await turn();
      expect([ends.length, ended()]).toEqual([8, undefined]);
      for (const end of ends.slice(1)) end({});
      await changing;
      expect([ends.length, ended()]).toEqual([8, expect.objectContaining({ code: 'admission-denied' })]);
    });
    it('says that one may still be under way, whatever became of the others', async () => {
      const { changing, ends, stop, clock, turn } = await begin(2);
      stop.abort(new CancelledError('SIGINT'));
      ends[0]?.({});
      await turn();
      clock.advance(4000);
      expect(await changing).toBeInstanceOf(ChangeUnderWay);
    });
  });

  it('that is refused without a word says that', async () => {
    await expect(change(fakeCluster({ objects: before, kubectl: () => ({ code: 1 }) }))).rejects.toMatchObject({ code: 'unexpected', message: 'kubectl set image got no answer, so its change may have been made: it gave no reason' });
  });
});

it('what every container is set to now leaves out what cannot be read', async () => {
  const two: Workload = deployment({ spec: { template: { spec: { containers: [{ name: 'app', image: 'i:2' }], initContainers: [{ name: 'init', image: 'i:1' }] } } } });
  const cluster = fakeCluster({ objects: { [deploymentPath]: two } });
  expect(await imagesNow(cluster, [target(), named('gone', { app: 'x' })])).toEqual(new Map([['deployment/api:app', 'i:2'], ['deployment/api:init', 'i:1']]));
});
