import { describe, expect, it } from '@jest/globals';
import type { SmokeCheck } from '../../../src/config/config.js';
import type { Workload } from '../../../src/kubernetes/client/objects.js';
import { ImageRelease } from '../../../src/target/set-image/image-release.js';
import type { ImageChange } from '../../../src/target/set-image/image-change.js';
import { recordOf } from '../../../src/target/rows.js';
import { newImage, oldImage, target } from '../../kubernetes/judge/build.js';
import { check, simulate } from '../../kubernetes/judge/simulation.js';
import { run } from '../../workflow/runs.js';
import { deploymentPath } from './fake-cluster.js';

/** A change of a Deployment that holds this image now. */
function changeOf(now: string | undefined, change: Partial<ImageChange> = {}) {
  const { release, cluster, deployment } = simulate();
  if (now === undefined) cluster.objects.delete(deploymentPath);
  else cluster.put(deploymentPath, { ...deployment(), spec: { ...deployment().spec, template: { ...deployment().spec?.template, spec: { containers: [{ name: 'app', image: now }] } } } } as Workload);
  return new ImageRelease({ ...release, changes: [target('deployment', change)] });
}

describe('what is there at the end of a run', () => {
  const byHand = `kubectl set image deployment/api app=${oldImage}`;

  it('is a row for each container, with what it is set to now', async () => {
    expect((await changeOf(oldImage).report()).rows).toEqual([{ subject: 'deployment/api', part: 'app', before: oldImage, after: newImage, now: oldImage }]);
    expect((await changeOf(undefined).report()).rows).toEqual([{ subject: 'deployment/api', part: 'app', before: oldImage, after: newImage, now: undefined }]);
  });
  it('comes with the commands that go back by hand, also where nobody knows what is there', async () => {
    expect((await changeOf(newImage).report()).undoCommands).toEqual([byHand]);
    expect((await changeOf(undefined).report()).undoCommands).toEqual([byHand]);
  });
  it('comes with no command that changes nothing, or goes back to what was not good', async () => {
    expect((await changeOf(oldImage).report()).undoCommands).toEqual([]);
    expect((await changeOf(newImage, { nothingGood: true }).report()).undoCommands).toEqual([]);
  });
  it('goes back by hand to the last verified release where what was there was broken', async () => {
    const { rows, undoCommands } = await changeOf('api:3', { containers: [{ name: 'app', before: 'api:2', after: 'api:3', back: 'api:1' }] }).report();
    expect([rows[0]?.before, undoCommands]).toEqual(['api:2', ['kubectl set image deployment/api app=api:1']]);
  });
});

describe('what the record has to hold of a change of images', () => {
  it('is what is changed, what was there, and the checks that may be read by others', () => {
    const secret: SmokeCheck = { text: 'https://api.example/?token=abc', target: { type: 'url', url: 'https://api.example/?token=abc' }, statuses: [200] };
    const { release } = simulate({ proveFirst: true, smoke: [check, secret] });
    const digests = new Map([['app', new Set([`sha256:${'1'.repeat(64)}`])]]);
    const change = new ImageRelease({ ...release, snapshots: release.snapshots.map((each) => ({ ...each, running: digests })) });
    expect(recordOf(change, run({ smoke: [check, secret] }))).toEqual({
      target: { kind: 'set-image', schema: 1, recorded: {
        workloads: [target()], paused: [...release.paused.values()], running: { 'deployment/api:app': [`sha256:${'1'.repeat(64)}`] },
      } },
      before: [{ subject: 'deployment/api', part: 'app', version: oldImage }], after: [{ subject: 'deployment/api', part: 'app', version: newImage }],
      checks: [check.text], passedBefore: [check.text],
    });
  });
  it('is what the API server stores of it, once that is known', () => {
    const { release } = simulate();
    release.written.store('deployment/api', 'app', 'mirror.example/api:2');
    expect(new ImageRelease(release).recorded().rows).toMatchObject([{ subject: 'deployment/api', part: 'app', after: 'mirror.example/api:2' }]);
  });
});
