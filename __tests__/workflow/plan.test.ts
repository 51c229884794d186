import { describe, expect, it } from '@jest/globals';
import { makePlan, type PlanFacts } from '../../src/workflow/plan.js';
import type { BuildConfig, SmokeCheck } from '../../src/config/config.js';
import { newImage, oldImage, target } from '../kubernetes/judge/build.js';
import { config } from './runs.js';

const image = 'registry.example/api';
const digest = `sha256:${'2'.repeat(64)}`;
const build: BuildConfig = { context: '.', buildArgs: {}, buildSecrets: {}, platforms: ['linux/amd64', 'linux/arm64'], labels: {}, cache: 'none' };
const tags = { commit: ['2'], version: [], mutable: ['latest', 'stable'], deployed: '2' } as PlanFacts['tags'];
const smoke: SmokeCheck[] = ['service/api/', 'https://api.example/'].map((text) => ({ text, target: { type: 'url', url: text }, statuses: [200] }));
const facts = (changes: Partial<PlanFacts> = {}): PlanFacts =>
  ({ targets: [], typed: (args) => `kubectl --namespace=web ${args.join(' ')}`, unhealthy: new Map(), warnings: [], ...changes });

describe('the plan', () => {
  it('of a whole run', () => {
    const all = config({ environment: 'prod', image, build, smoke, gate: { commands: ['npm ci', 'npm test'], workingDirectory: 'web' } });
    const worker = target('statefulset', { ref: 'statefulset/worker', name: 'worker' });
    expect(makePlan(all, facts({ namespace: 'web', tags, targets: [target(), worker], buildCommand: 'docker buildx build .', warnings: ['w'] }))).toEqual({
      app: 'api', environment: 'prod', namespace: 'web', reference: `${image}:2@<digest of the build>`,
      steps: [
        { stage: 'test', title: 'run the test gate in web', commands: ['npm ci', 'npm test'] },
        { stage: 'build', title: `build ${image} for linux/amd64, linux/arm64 and push it as 2`, commands: ['docker buildx build .'] },
        {
          stage: 'rollout', title: 'set the image of deployment/api, statefulset/worker and watch',
          commands: [`kubectl --namespace=web set image deployment/api statefulset/worker app=${newImage}`],
        },
        { stage: 'smoke', title: 'ask 2 checks: service/api/; https://api.example/', commands: [] },
        { stage: 'tags', title: 'move latest, stable to the new image', commands: [] },
      ],
      changes: ['deployment/api', 'statefulset/worker'].map((workload) => ({ workload, container: 'app', before: oldImage, after: newImage })),
      rollback: { possible: true, reason: 'Every workload is complete and healthy now; its images go back if anything fails.' },
      warnings: ['w'],
    });
  });

  it('of an image that exists', () => {
    expect(makePlan(config({ image, digest, smoke: smoke.slice(0, 1) }), facts({ targets: [target()] }))).toMatchObject({
      reference: `${image}@${digest}`, steps: [{ stage: 'rollout' }, { stage: 'smoke', title: 'ask a check: service/api/' }],
    });
  });
  it('of a build alone', () => {
    const plan = makePlan(config({ image, build }), facts({ tags }));
    expect([plan.steps.map(({ stage }) => stage), plan.changes, plan.rollback]).toEqual([['build', 'tags'], [], undefined]);
  });
  it('of a build for the builder\'s own platform, and of an image that is there already', () => {
    const own = { ...build, platforms: [] };
    const titles = (more: Partial<PlanFacts>) => makePlan(config({ image, build: own }), facts({ tags, ...more })).steps[0]?.title;
    expect(titles({})).toBe(`build ${image} for the platform of the builder and push it as 2`);
    expect(titles({ platforms: ['linux/amd64'] })).toBe(`build ${image} for linux/amd64 and push it as 2`);
    const existing = { tag: '2', digest, platforms: ['linux/amd64'] };
    expect(makePlan(config({ image, build: own }), facts({ tags, existing, buildCommand: 'docker buildx build .' }))).toMatchObject({
      reference: `${image}:2@${digest}`,
      steps: [{ title: `take ${image}:2 (${digest}), which is the image of this commit already; nothing is built`, commands: [] }, { stage: 'tags' }],
    });
  });
  it('of a digest that is set already is to verify it, and changes nothing unless something is wrong', () => {
    const now = `${image}@${digest}`;
    const there = target('deployment', { containers: [{ name: 'app', before: now, after: now }] });
    const all = config({ image, digest, smoke: smoke.slice(0, 1) });
    expect(makePlan(all, facts({ targets: [there] }))).toMatchObject({
      steps: [{ stage: 'rollout', title: 'verify deployment/api without a change: this digest is set there already', commands: [] }, { stage: 'smoke' }], changes: [], rollback: undefined,
    });
    for (const other of [facts({ targets: [there, target()] }), facts({ targets: [there], unhealthy: new Map([['deployment/api', '1 of 2 pods available']]) })]) {
      expect(makePlan(all, other).steps[0]?.title).toMatch(/^set the image of/);
    }
  });
  it('of nothing', () => {
    expect(makePlan(config(), facts())).toEqual({
      app: 'api', environment: undefined, namespace: undefined, reference: undefined, steps: [], changes: [], rollback: undefined, warnings: [],
    });
  });

  it.each([
    ['it is turned off', config({ rollback: 'off' }), facts({ targets: [target()] }), '`rollback` is off.'],
    ['what is there now is broken', config(), facts({ targets: [target()], unhealthy: new Map([['deployment/api', '1 of 2 pods available']]) }),
      'deployment/api is not healthy now (1 of 2 pods available): if anything fails, the images that are there now are set again, but there is no healthy version to go back to.'],
  ])('says that nothing could be put back when %s', (_when, settings, known, reason) => {
    expect(makePlan(settings, known).rollback).toEqual({ possible: false, reason });
  });

  it('says which release would go back instead of what is broken', () => {
    const image = { workload: 'deployment/api', container: 'app', image: 'api:1' };
    const wayBack = { reference: 'api:1', at: '2026-01-01T00:00:00.000Z', commit: 'c0ffee', proven: true, images: [image] };
    const unhealthy = new Map([['deployment/api', '1 of 2 pods available']]);
    expect(makePlan(config(), facts({ targets: [target()], unhealthy, wayBack })).rollback).toEqual({
      possible: true, reason: 'deployment/api is not healthy now (1 of 2 pods available): instead of what is there, the last proven release goes back if anything fails, ' +
        'api:1 of 2026-01-01T00:00:00.000Z, commit c0ffee, proven.',
    });
    expect(makePlan(config({ rollback: 'off' }), facts({ targets: [target()], unhealthy, wayBack })).rollback).toEqual({ possible: false, reason: '`rollback` is off.' });
  });
});
