import { describe, expect, it, jest } from '@jest/globals';
import { commandsAt, servePlatform, type PlatformServer } from '../target/command/platform-server.js';
import type { Deed } from '../target/command/platform.js';
import type { Any } from './harness/api.js';
import { expectEnding, expectHidden, expectTold, type Ending } from './harness/ending.js';
import { cancelAt, runAction, type ActionResult, type ActionRun, type SignalAt } from './harness/run-action.js';
import { withSettings } from './harness/workspace.js';

/* Deployments by commands need no cluster: only bash, and a server that plays the platform. */

jest.setTimeout(300_000);

const commit = 'c0ffee0000000000000000000000000000000000';
const deployed = `deploy ${commit}`;
const back = 'rollback api-00001';

/** A platform of its own for each test, and runs that deploy to it. */
class Site {
  constructor(readonly server: PlatformServer) {}

  get platform(): PlatformServer['platform'] {
    return this.server.platform;
  }

  run(command: Any = {}, more: Partial<ActionRun> = {}): Promise<ActionResult> {
    const settings = { app: 'api', environments: { production: { command: { ...commandsAt(this.server.port), timeout: '30s', ...command } } } };
    return withSettings(settings, (workspace) => runAction({ workspace, commit, ...more, inputs: { 'environment': 'production', 'github-deployments': 'off', ...more.inputs } }));
  }
}

const onSite = <Args extends readonly unknown[]>(body: (site: Site, ...args: Args) => Promise<void>) => async (...args: Args): Promise<void> => {
  const server = await servePlatform();
  try {
    await body(new Site(server), ...args);
  } finally {
    await server.close();
  }
};

const leftBehind = ({ leftovers, temporary }: ActionResult): readonly string[] => [...leftovers, ...temporary.filter((file) => !file.includes('report'))];

describe('a deployment by commands', () => {
  it.concurrent('is deployed, and says what it was and what it is', onSite(async (site) => {
    const result = await site.run({}, { inputs: { smoke: `http://127.0.0.1:${site.server.port}/version -> 200 contains ${commit}` } });
    expectEnding(result, { verdict: 'deployed' });
    expect(site.platform.traffic).toMatchObject({ name: 'api-00002', commit });
    expect(result.outputs['previous-reference']).toBe('api-00001');
    expect(result.report.changes).toEqual([expect.objectContaining({ before: 'api-00001', after: 'api-00002', now: 'api-00002' })]);
    expect(leftBehind(result)).toEqual([]);
  }));

  it.concurrent('is planned without a change', onSite(async (site) => {
    const result = await site.run({}, { inputs: { 'dry-run': 'true' } });
    expectEnding(result, { verdict: 'planned' });
    expect(result.log).toContain('`current` must print api-00001 again. The record of the run is on this machine');
    expect(site.platform.changes).toEqual([]);
  }));

  it.concurrent.each<readonly [Deed, Ending]>([
    ['pinned', { verdict: 'failed', cause: 'command-failed', stage: 'rollout' }],
    ['done, and says it failed', { verdict: 'rolled-back', cause: 'command-failed', stage: 'rollout' }],
  ])('that is %s ends so', onSite(async (site, deed: Deed, ending: Ending) => {
    site.platform.deploying = deed;
    const result = await site.run({ timeout: '10s' });
    expectEnding(result, ending);
    if (deed !== 'pinned') expectTold(result, 'timeout while waiting for the deployment');
    expect(site.platform.traffic.name).toBe('api-00001');
  }));

  it.concurrent('goes back to a version that is named, by the action rollback', onSite(async (site) => {
    await site.run();
    const result = await site.run({}, { action: 'rollback', inputs: { to: 'api-00001' } });
    expectEnding(result, { verdict: 'deployed' });
    expect(site.platform.changes).toEqual([deployed, back]);
  }));

  it.concurrent('has a token of the step hidden, though a command prints it and fails', onSite(async (site) => {
    const result = await site.run({ deploy: ['echo "token=$PLATFORM_TOKEN"', 'exit 1'] }, { env: { PLATFORM_TOKEN: 'pt-0123456789' } });
    expectEnding(result, { verdict: 'failed', cause: 'command-failed', stage: 'rollout' });
    expect(result.log).toContain('token=***');
    expectHidden(result, 'pt-0123456789');
  }));

  it.concurrent('has a secret that `current` prints hidden in all that is told', onSite(async (site) => {
    site.platform.says = (serving) => `${serving}-s3cr3tpass`;
    site.platform.broken.add(commit);
    const rollback = [...commandsAt(site.server.port).rollback.slice(0, -1), 'ask POST "/rollback?to=${DEPLOY_PREVIOUS%-*}"'];
    const result = await site.run({ timeout: '5s', rollback }, { inputs: { 'registry': 'r.example', 'registry-username': 'u', 'registry-password': 's3cr3tpass' } });
    expectEnding(result, { verdict: 'rolled-back', cause: 'command-failed' });
    expectHidden(result, 's3cr3tpass');
    expect(site.platform.traffic.name).toBe('api-00001');
  }));
});

/** The whole process tree is killed, as the runner does it, or the one process, as a kernel does that runs out of memory. */
const kills: readonly (readonly [string, SignalAt])[] = [['with all that it has started', { signal: 'SIGKILL', afterMs: 0 }], ['alone', { signal: 'SIGKILL', afterMs: 0, alone: true }]];

describe.each(kills)('a main step that is killed by SIGKILL, %s', (_how, signal) => {
  /** The post step has brought back what was there, and nothing of the run is left. */
  const expectRestored = (site: Site, result: ActionResult, changes: readonly string[]): void => {
    expect([result.signal, result.post?.exitCode, result.post?.log]).toEqual(['SIGKILL', 0, expect.stringContaining('rolled-back: api to production.')]);
    expect([site.platform.traffic.name, site.platform.changes, leftBehind(result)]).toEqual(['api-00001', changes, []]);
  };

  it.concurrent.each<readonly [Deed, number, readonly string[]]>([
    ['never answered', 0, [deployed]], ['done, and never answered', 0, [deployed, back]], ['done, and never answered', 6000, [deployed, back]],
  ])('in a deployment that is %s, after %d ms', onSite(async (site, deed: Deed, switchMs: number, changes: readonly string[]) => {
    Object.assign(site.platform, { deploying: deed, switchMs });
    expectRestored(site, await site.run({}, { signals: { when: site.server.arrived('/deploy'), send: [signal] } }), changes);
  }));

  it.concurrent('right before the deployment', onSite(async (site) => {
    const deploy = ['sleep 30', ...commandsAt(site.server.port).deploy];
    expectRestored(site, await site.run({ deploy }, { signals: { at: (line) => line.includes('sleep 30'), send: [signal] } }), []);
  }));

  it.concurrent('while it verifies', onSite(async (site) => {
    site.platform.broken.add(commit);
    const verifying = site.server.arrived('/deploy').then(() => site.server.arrived('/version'));
    expectRestored(site, await site.run({}, { signals: { when: verifying, send: [signal] } }), [deployed, back]);
  }));

  it.concurrent('while it checks', onSite(async (site) => {
    const checking = site.server.arrived('/deploy').then(() => site.server.arrived('/smoke'));
    const inputs = { smoke: `http://127.0.0.1:${site.server.port}/smoke` };
    expectRestored(site, await site.run({}, { inputs, signals: { when: checking, send: [signal] } }), [deployed, back]);
  }));

  it.concurrent.each<readonly [Deed, readonly string[]]>([
    ['never answered', [deployed, back, back]], ['done, and never answered', [deployed, back]],
  ])('in a rollback that is %s', onSite(async (site, deed: Deed, changes: readonly string[]) => {
    Object.assign(site.platform, { deploying: 'done, and says it failed', goingBack: deed });
    const goingBack = site.server.arrived('/rollback').then(() => {
      site.platform.goingBack = 'done';
    });
    expectRestored(site, await site.run({}, { signals: { when: goingBack, send: [signal] } }), changes);
  }));

  it.concurrent('once it is verified has nothing left to undo', onSite(async (site) => {
    const result = await site.run({}, { signals: { at: (line) => line.includes('deployed: api to production'), send: [signal] } });
    expect([result.post?.exitCode, site.platform.traffic.name, site.platform.changes]).toEqual([0, 'api-00002', [deployed]]);
  }));
});

describe('a main step that is cancelled', () => {
  const { send } = cancelAt(() => true);
  const expectRolledBack = (site: Site, { post }: ActionResult): void => {
    expect([post?.exitCode, post?.log, site.platform.traffic.name]).toEqual([0, expect.stringContaining('rolled-back: api to production.'), 'api-00001']);
  };

  it.concurrent('in its deployment ends in time, and its post step goes back', onSite(async (site) => {
    site.platform.deploying = 'done, and never answered';
    const result = await site.run({}, { signals: { when: site.server.arrived('/deploy'), send } });
    expectEnding(result, { verdict: 'rollback-failed', cause: 'cancelled', stage: 'rollout' });
    expect(result.log).toContain('the post step continues.');
    expect([result.report.rollback.continued, result.summary.includes('Manual action is required')]).toEqual([true, false]);
    expectRolledBack(site, result);
  }));

  it.concurrent('while it verifies ends in time, though `current` hangs from then on', onSite(async (site) => {
    const commands = commandsAt(site.server.port);
    const deploy = [...commands.deploy, 'touch hanging'];
    const current = ['[ ! -e hanging ] || sleep 60', ...commands.current];
    const verify = [...commands.verify, '[ -z "$DEPLOY_COMMIT" ] || sleep 60'];
    const verifying = site.server.arrived('/deploy').then(() => site.server.arrived('/version'));
    const result = await site.run({ deploy, current, verify }, { signals: { when: verifying, send }, withoutPost: true });
    expectEnding(result, { verdict: 'rollback-failed', cause: 'cancelled', stage: 'rollout' });
    expect(result.report.changes).toEqual([expect.objectContaining({ before: 'api-00001', now: null })]);
  }));

  it.concurrent('in its rollback is killed in the end, and its post step rolls back again', onSite(async (site) => {
    site.platform.deploying = 'done, and says it failed';
    site.platform.goingBack = 'never answered';
    const rollingBack = site.server.arrived('/rollback').then(() => {
      site.platform.goingBack = 'done';
    });
    const result = await site.run({}, { signals: { when: rollingBack, send } });
    expect([result.signal, site.platform.changes]).toEqual(['SIGKILL', [deployed, back, back]]);
    expectRolledBack(site, result);
  }));
});
