import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRecorder, finishLeft, type Recorded } from '../../src/github/deployment.js';
import { parseLeft } from '../../src/github/left.js';
import { payloadOf } from '../../src/github/payload.js';
import { systemClock } from '../../src/host/clock.js';
import { createGitHub } from '../../src/host/github-client.js';
import type { RunEvent } from '../../src/outcome/events.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import type { Plan } from '../../src/outcome/plan.js';
import { faults } from '../e2e/harness/github-api/faults.js';
import { GitHubServer } from '../e2e/harness/github-api/github.js';
import { httpTo } from '../e2e/harness/github-api/memory.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { deployed, failed, rolledBack, rollbackFailed, unchanged } from '../report/outcomes.js';

const [older, newer] = ['a'.repeat(40), 'b'.repeat(40)];
const runUrl = 'https://github.com/acme/app/actions/runs/4711';
const { signal } = new AbortController();

const plan: Plan = {
  app: 'api', environment: 'production', steps: [{ stage: 'test', title: 'run the test gate in `web`', commands: ['npm test'] }, { stage: 'rollout', title: 'roll out deployment/api', commands: [] }],
  changes: [], warnings: [], notifications: [],
};
const planned: RunEvent = { kind: 'planned', plan, commit: newer };
const ended = (outcome: Outcome): RunEvent => ({ kind: 'ended', outcome });
const cancelled: Outcome = { ...rolledBack, ...rolledBack.failure && { failure: { ...rolledBack.failure, cause: 'cancelled' } } };
const previous = { sha: older, environment: 'production', payload: payloadOf('api', 'run-1') };

describe('a run that is recorded on GitHub', () => {
  let github: GitHubServer;
  let kept: string[];
  let said: readonly string[];
  const recorded = (changes: Partial<Recorded> = {}): Recorded => {
    const { log, lines } = fakePorts();
    said = lines;
    return {
      app: 'api', run: 'run-2', repository: 'acme/app', environment: 'production', environmentUrl: 'https://api.acme.example/', runUrl, job: '815', commit: newer, production: true, transient: false, isWanted: true, log,
      open: () => createGitHub({ http: { ...fakePorts().http, ...httpTo(github) }, clock: systemClock, log, env: {} }, 'ghs_secret'),
      keep: async (text) => void kept.push(text), ...changes,
    };
  };
  const hear = async (events: readonly RunEvent[], changes: Partial<Recorded> = {}): Promise<void> => {
    const recorder = createRecorder(recorded(changes));
    for (const event of events) await recorder.hear(event, signal);
  };
  beforeEach(() => {
    github = new GitHubServer();
    kept = [];
  });
  afterEach(() => expect(github.problems).toEqual([]));

  it('is in progress from its plan on, and a success at its end', async () => {
    await hear([{ kind: 'stage-started', stage: 'preflight', label: 'preflight', atMs: 0 }, planned, ended(deployed)]);
    expect(github.state.deployments).toMatchObject([{
      ref: newer, task: 'deploy', environment: 'production', production_environment: true, transient_environment: false, payload: payloadOf('api', 'run-2'),
      description: 'api bbbbbbb: run the test gate in web, roll out deployment/api',
      statuses: [
        { state: 'in_progress', description: 'The run has started.', log_url: runUrl, environment_url: 'https://api.acme.example/' },
        { state: 'success', description: 'deployed: hello. The new version is deployed to every workload and verified (42.1 s).', log_url: runUrl, environment_url: 'https://api.acme.example/' },
      ],
    }]);
    const [{ id } = { id: 0 }] = github.state.deployments;
    expect(kept.map((text) => parseLeft(text))).toEqual([{ commit: newer }, { id, commit: newer }, { id, commit: newer, previous: null }, expect.objectContaining({ id, end: expect.objectContaining({ state: 'success' }) }), undefined]);
  });

  it('is queued while it waits for another run of the app', async () => {
    await hear([planned, { kind: 'lock-awaited' }, { kind: 'lock-acquired' }, ended(deployed)]);
    expect(github.state.deployments[0]?.statuses.map(({ state, description }) => `${state} ${description}`)).toEqual([
      'in_progress The run has started.', 'queued Waiting for another run of the app.', 'in_progress The run has started.', expect.stringMatching(/^success /),
    ]);
    github.state.deployments.length = 0;
    await hear([{ ...planned, commit: undefined }, { kind: 'lock-awaited' }, ended(failed)]);
    expect(github.state.deployments).toEqual([]);
  });
  it('has its verdict where GitHub does not take that it is queued', async () => {
    const recorder = createRecorder(recorded());
    await recorder.hear(planned, signal);
    github.plan.add({ fault: faults.invalid('no'), on: /statuses$/, times: 1 });
    await expect(recorder.hear({ kind: 'lock-awaited' }, signal)).rejects.toThrow('422');
    await recorder.hear(ended(deployed), signal);
    expect(github.state.states).toEqual(['production bbbbbbb success']);
  });

  it('replaces the deployment of its app that was active, and no other', async () => {
    github.state.deployed({ ...previous, sha: 'c'.repeat(40), payload: payloadOf('api', 'run-0') }, { state: 'success' }, { state: 'inactive' });
    const active = github.state.deployed(previous, { state: 'success' });
    const failing = github.state.deployed({ ...previous, payload: payloadOf('api', 'run-1b') }, { state: 'failure' });
    github.state.deployed({ ...previous, payload: payloadOf('web', 'run-1') }, { state: 'success' });
    github.state.deployed({ ...previous, environment: 'staging' }, { state: 'success' });
    await hear([planned, ended(unchanged)]);
    expect(github.state.states).toEqual(['production bbbbbbb success', 'staging aaaaaaa success', 'production aaaaaaa success', 'production aaaaaaa failure', 'production aaaaaaa inactive', 'production ccccccc inactive']);
    expect([active, failing].map(({ statuses }) => statuses.at(-1)?.description)).toEqual(['Replaced by bbbbbbb.', '']);
  });

  it('does not deactivate what a transient environment ran, as GitHub would show it as destroyed', async () => {
    github.state.deployed(previous, { state: 'success' });
    await hear([planned, ended(deployed)], { transient: true, production: false });
    expect(github.state.states).toEqual(['production bbbbbbb success', 'production aaaaaaa success']);
    expect(github.state.deployments.at(-1)).toMatchObject({ transient_environment: true, production_environment: false });
  });

  it('is a failure when it was rolled back, and the one before is active again', async () => {
    const before = github.state.deployed(previous, { state: 'success' });
    await hear([planned, ended(rolledBack)]);
    expect(github.state.states).toEqual(['production bbbbbbb failure', 'production aaaaaaa success']);
    expect(before.statuses).toMatchObject([{}, { state: 'success', description: 'Active again: bbbbbbb was rolled back.', log_url: runUrl, environment_url: 'https://api.acme.example/' }]);
  });

  it.each<[string, Outcome, string]>([
    ['it failed before a change', failed, 'failure'], ['the rollback failed', rollbackFailed, 'failure'],
    ['there was nothing good to go back to', { ...rolledBack, rollback: { notes: [], nothingGood: true } }, 'failure'],
  ])('says nothing of the one before when %s', async (_, outcome, state) => {
    const before = github.state.deployed(previous, { state: 'success' });
    await hear([planned, ended(outcome)]);
    expect([github.state.states[0], before.statuses.length]).toEqual([`production bbbbbbb ${state}`, 1]);
  });

  it.each<[string, readonly RunEvent[]]>([
    ['only tests and builds', [{ ...planned, plan: { ...plan, steps: plan.steps.slice(0, 1) } }, ended(deployed)]],
    ['has no plan, because its preflight failed', [ended(failed)]],
  ])('is not recorded when it %s', async (_, events) => {
    await hear(events);
    expect([github.calls, kept]).toEqual([[], []]);
  });

  it('creates none without a commit, and says so; what it replaces is no longer active all the same', async () => {
    github.state.deployed(previous, { state: 'success' });
    await hear([{ kind: 'planned', plan }, ended(deployed)]);
    expect([github.state.states, said]).toEqual([['production aaaaaaa inactive'], ['info No deployment is created on GitHub, because the commit of this version is not known.']]);
    expect(github.state.deployments[0]?.statuses.at(-1)?.description).toBe('Replaced by a version whose commit is not known.');
  });

  describe('in a job with `environment:`', () => {
    const ofJob = (job: number, changes: object = {}) => github.state.deployed({ sha: newer, ref: 'main', environment: 'production', ...changes }, { state: 'queued', log_url: `${runUrl}/job/${job}` }, { state: 'in_progress', log_url: `${runUrl}/job/${job}` });

    it('uses the deployment that GitHub has created for the job', async () => {
      github.state.deployed(previous, { state: 'success' });
      const own = ofJob(815);
      await hear([planned, ended(rolledBack)]);
      expect(github.state.deployments.length).toBe(2);
      expect(own.statuses.slice(2)).toMatchObject([{ state: 'failure', description: expect.stringMatching(/^rolled-back: /) }]);
      expect(github.state.states).toEqual(['production bbbbbbb failure', 'production aaaaaaa success']);
    });
    it('creates its own beside those of other runs, other commits and other programs', async () => {
      github.state.deployed({ sha: newer, environment: 'production' }, { state: 'in_progress', log_url: 'https://github.com/acme/app/actions/runs/4710/job/1' });
      github.state.deployed({ sha: newer, environment: 'production' }, { state: 'failure', log_url: `${runUrl}/job/814` });
      ofJob(816, { payload: { deploy: 'migrate' } });
      ofJob(817, { environment: 'staging' });
      github.state.deployed({ sha: newer, environment: 'production', payload: payloadOf('web', 'run-2') }, { state: 'in_progress', log_url: runUrl });
      await hear([planned, ended(deployed)]);
      expect(github.state.deployments.length).toBe(6);
    });
    it.each([0, 6])('knows its own among those of other jobs that run beside it: %i other ones between them', async (between) => {
      const own = ofJob(815);
      for (let run = 0; run < between; run += 1) github.state.deployed({ sha: newer, environment: 'production' }, { state: 'inactive', log_url: `https://github.com/acme/app/actions/runs/${run}/job/1` });
      const other = ofJob(816);
      await hear([planned, ended(deployed)]);
      expect([own.statuses.slice(2), other.statuses.length, github.state.deployments.length]).toEqual([[expect.objectContaining({ state: 'success' })], 2, 2 + between]);
    });
    it('looks at few of the jobs of a large matrix, and at all of them before it creates its own', async () => {
      for (let job = 1; job <= 35; job += 1) ofJob(job);
      const own = ofJob(815);
      const lookedAt = (): number => github.calls.filter((call) => /^GET .*statuses$/.test(call)).length;
      await hear([planned, ended(deployed)]);
      expect([own.statuses.at(-1)?.state, lookedAt()]).toEqual(['success', 10]);
      await hear([planned, ended(deployed)], { job: '816', run: 'run-3' });
      expect([github.state.states[0], lookedAt()]).toEqual(['production bbbbbbb success', 10 + 36]);
    });
    it('gives its verdict to none of another job that runs beside it', async () => {
      const other = ofJob(816);
      await hear([planned, ended(rolledBack)]);
      expect([other.statuses.length, github.state.states]).toEqual([2, ['production bbbbbbb failure', 'production bbbbbbb in_progress']]);
    });
    describe('whose number is not known', () => {
      const unknown = 'GitHub has a deployment of production for a job of this run, and the number of this job is not known, so it may be that of another one';
      it('records nothing rather than guess, and says so', async () => {
        const only = ofJob(815);
        await hear([planned, ended(rolledBack)], { job: undefined, isWanted: false });
        expect([only.statuses.length, github.state.deployments.length, kept, said]).toEqual([
          2, 1, [], [`info The deployment is not recorded on GitHub: ${unknown}.`],
        ]);
      });
      it('is a warning where the settings ask for the record', async () => {
        ofJob(815);
        await expect(hear([planned], { job: undefined })).rejects.toThrow(`${unknown}. Set \`deployment: false\` for the environment of the job, or \`github-deployments: off\``);
      });
      it('creates its own where the run has no other', async () => {
        await hear([planned, ended(deployed)], { job: undefined });
        expect(github.state.states).toEqual(['production bbbbbbb success']);
      });
    });
  });

  describe('that is stopped', () => {
    it('is an error when it was cancelled', async () => {
      await hear([planned, ended(cancelled)]);
      expect(github.state.states).toEqual(['production bbbbbbb error']);
    });
    it('is left to the post step that continues its rollback, and gets the true verdict there', async () => {
      github.state.deployed(previous, { state: 'success' });
      await hear([planned, ended({ ...rollbackFailed, rollback: { notes: [], continued: true } })]);
      expect(github.state.states).toEqual(['production bbbbbbb in_progress', 'production aaaaaaa success']);
      const left = parseLeft(kept.at(-1) ?? '');
      if (!left) throw new Error('nothing was kept');
      await hear([ended(rolledBack)], { left });
      expect(github.state.states).toEqual(['production bbbbbbb failure', 'production aaaaaaa success']);
      expect(github.state.deployments[0]?.statuses.at(-1)?.description).toBe('Active again: bbbbbbb was rolled back.');
    });
    it('is an error if it was killed, and has the verdict that GitHub did not take', async () => {
      await hear([planned]);
      const [, open] = kept.map((text) => parseLeft(text));
      if (!open) throw new Error('nothing was kept');
      await finishLeft(recorded(), open, signal);
      github.plan.add({ fault: faults.unavailable(), on: /statuses$/ });
      await expect(hear([ended(deployed)], { left: open })).rejects.toThrow('GitHub returned 502');
      github.plan.clear();
      const late = parseLeft(kept.at(-1) ?? '');
      if (!late) throw new Error('nothing was kept');
      await finishLeft(recorded(), late, signal);
      expect(github.state.deployments[0]?.statuses.map(({ state, description }) => `${state} ${description}`)).toEqual([
        'in_progress The run has started.', 'error The run was stopped before it could report how it ended.', expect.stringMatching(/^success deployed: hello\./),
      ]);
      expect(kept.at(-1)).toBe('');
    });
    it.each<[string, boolean, readonly string[]]>([['is an error', true, ['production bbbbbbb error']], ['is not missed', false, []]])('%s if it was killed while it was created', async (_, isCreated, states) => {
      if (isCreated) github.state.deployed({ sha: newer, environment: 'production', payload: payloadOf('api', 'run-2') });
      await finishLeft(recorded(), { commit: newer }, signal);
      expect([github.state.states, kept.at(-1)]).toEqual([states, '']);
    });
    it('leaves nothing that another version or another hand has written', () => {
      for (const text of ['', 'x', '[]', '{"id":"1","commit":"a"}', '{"id":1,"commit":"a","end":{"state":"queued","description":""}}']) expect(parseLeft(text)).toBeUndefined();
    });
  });

  describe('when GitHub refuses', () => {
    it('says which permission is missing, and asks no more', async () => {
      github.permissions = { contents: 'read', deployments: 'read' };
      const recorder = createRecorder(recorded());
      await expect(recorder.hear(planned, signal)).rejects.toThrow(new RegExp(
        '^GitHub returned 403 to POST /repos/acme/app/deployments: Resource not accessible by integration \\(request TEST:1\\)\\. '
        + 'Add `deployments: write` to the `permissions` of the job, or set `github-deployments: off`$'));
      await recorder.hear(ended(deployed), signal);
      expect([github.calls, kept.at(-1)]).toEqual([['GET /repos/acme/app/deployments', 'POST /repos/acme/app/deployments'], '']);
    });
    it('says it in a line of the log where nobody asked for a record', async () => {
      github.permissions = { contents: 'read' };
      await hear([planned, ended(deployed)], { isWanted: false });
      expect([said.filter((line) => line.startsWith('info')), kept.at(-1)]).toEqual([[expect.stringMatching(
        /^info The deployment is not recorded on GitHub: GitHub returned 403 .*\. To record it, add `deployments: write` to the `permissions` of the job\.$/)], undefined]);
    });
    it.each([
      ['a token that is not valid', faults.badCredentials(), /Bad credentials.*\. Check the token in `github-token`$/],
      ['a commit that is not in the repository', faults.invalid(`No ref found for: ${newer}`), /422.*No ref found/],
      ['a rate limit', faults.secondaryLimit(600), /403.*secondary rate limit/],
      ['a page of a gateway', faults.html(200), /The answer of GitHub to .* must be a list/],
    ])('says why: %s', async (_, fault, message) => {
      github.plan.add({ fault });
      await expect(hear([planned])).rejects.toThrow(message);
      expect(kept).toEqual([]);
    });
    it('does not leave to the post step what it would refuse again', async () => {
      github.plan.add({ fault: faults.denied(), on: /^POST .*statuses$/ });
      await expect(hear([ended(deployed)], { left: { id: 1, commit: newer } })).rejects.toThrow('Add `deployments: write`');
      expect(kept.at(-1)).toBe('');
    });
    it('finds the deployment that was created though the answer was lost', async () => {
      github.plan.add({ fault: faults.lost(), on: /^POST .*deployments$/, times: 1 });
      await hear([planned, ended(deployed)]);
      expect(github.state.states).toEqual(['production bbbbbbb success']);
    });
    it('gives up if it was not created', async () => {
      github.plan.add({ fault: faults.reset(), on: /^POST/ });
      await expect(hear([planned])).rejects.toThrow('GitHub did not answer POST /repos/acme/app/deployments: api.github.com closed the connection');
    });
    it('looks for the deployment again at the end, if neither its creation nor the search for it was answered', async () => {
      const before = github.state.deployed(previous, { state: 'success' });
      github.plan.add({ fault: faults.lost(), on: /^POST .*deployments$/, times: 1 }, { fault: faults.unavailable(), on: /^GET .*deployments$/, skip: 1 });
      const recorder = createRecorder(recorded());
      await expect(recorder.hear(planned, signal)).rejects.toThrow('GitHub returned 502 to GET');
      expect(parseLeft(kept.at(-1) ?? '')).toEqual({ commit: newer });
      github.plan.clear();
      await recorder.hear(ended(deployed), signal);
      expect([github.state.states, before.statuses.at(-1)?.description, kept.at(-1)]).toEqual([['production bbbbbbb success', 'production aaaaaaa inactive'], 'Replaced by bbbbbbb.', '']);
    });
    it.each<[string, RegExp, boolean]>([['its creation', /^POST .*deployments$/, false], ['the search for the one before', /^GET .*statuses$/, true]])('ends it with its verdict although its time ran out in %s', async (_, on, isCreated) => {
      github.state.deployed(previous, { state: 'success' });
      github.plan.add({ fault: faults.hang(), on });
      const over = new AbortController();
      const recorder = createRecorder(recorded());
      const heard = Promise.resolve(recorder.hear(planned, over.signal)).catch((error: unknown) => error);
      while (!github.calls.some((call) => on.test(call))) await new Promise((resolve) => { setTimeout(resolve, 5); });
      over.abort(new Error('it took more than 10 s'));
      expect(await heard).toEqual(new Error('it took more than 10 s'));
      github.plan.clear();
      // GitHub carries it out all the same.
      if (!isCreated) github.state.deployed({ sha: newer, environment: 'production', payload: payloadOf('api', 'run-2') });
      // A later run.
      github.state.deployed({ ...previous, payload: payloadOf('api', 'run-3') }, { state: 'success' });
      await recorder.hear(ended(deployed), signal);
      expect(github.state.states).toEqual(['production aaaaaaa success', 'production bbbbbbb success', 'production aaaaaaa inactive']);
      expect(kept.at(-1)).toBe('');
    });
    it('ends with its time', async () => {
      github.plan.add({ fault: faults.hang() });
      const over = new AbortController();
      const heard = createRecorder(recorded()).hear(planned, over.signal);
      setTimeout(() => over.abort(new Error('it took more than 10 s')), 50);
      await expect(heard).rejects.toThrow('it took more than 10 s');
    });
  });

  it('keeps secrets and markup out of what it sends', async () => {
    const { log } = fakePorts();
    const steps = [{ stage: 'rollout', title: 'roll out `deployment/hunter22` <!-- -->\n::error::@everyone \u001b[31m', commands: [] }] as const;
    await hear([{ ...planned, plan: { ...plan, steps } }], { log: { ...log, redact: (text) => text.replaceAll('hunter22', '***') } });
    expect(github.state.deployments[0]?.description).toBe('api bbbbbbb: roll out deployment/*** <!-- --> ::error::@everyone');
  });
});
