import { describe, expect, it } from '@jest/globals';
import type { PlanStep } from '../../src/outcome/plan.js';
import type { OpenTarget, Proposal } from '../../src/target/target.js';
import { buildStep, type BuildPlan } from '../../src/workflow/image-stages.js';
import { makePlan, type PlanFacts } from '../../src/workflow/plan.js';
import type { Stage } from '../../src/workflow/stage.js';
import { newImage, oldImage } from '../kubernetes/judge/build.js';
import { config } from './runs.js';

const image = 'registry.example/api';
const digest = `sha256:${'2'.repeat(64)}`;
const step = (stage: PlanStep['stage'], title = `the ${stage}`): PlanStep => ({ stage, title, commands: [] });
const stage = (name: Stage['name'], ...steps: readonly PlanStep[]): Stage => ({ name, label: name, steps, run: () => Promise.resolve() });
const facts = (changes: Partial<PlanFacts> = {}): PlanFacts => ({ stages: [], warnings: [], ...changes });
const rows = ['deployment/api', 'statefulset/worker'].map((subject) => ({ subject, part: 'app', before: oldImage, after: newImage }));
const rollback = { possible: true, reason: 'Every workload is healthy.' };
const proposal = (isThere: boolean) => ({ isThere, rows, rollback }) as unknown as Proposal;
const target = { namespace: 'web' } as OpenTarget;

describe('the plan', () => {
  it('is made of the steps of the stages in their order, with what the target says of the change', () => {
    const stages = [stage('test', step('test')), stage('build', step('build')), stage('rollout', step('rollout', 'one'), step('rollout', 'two')), stage('tags')];
    expect(makePlan(config({ environment: 'prod', notify: [{ service: 'slack', name: 'Slack', url: 'https://a.example/', on: ['failure', 'recovery'] }] }), facts({ reference: newImage, stages, target, proposal: proposal(false), warnings: ['w'] }))).toEqual({
      app: 'api', environment: 'prod', namespace: 'web', reference: newImage,
      steps: [step('test'), step('build'), step('rollout', 'one'), step('rollout', 'two')], changes: rows, rollback, warnings: ['w'], notifications: ['Slack: failure, recovery'],
    });
  });
  it('changes nothing where the version is there already, so there is nothing to go back from', () => {
    const plan = makePlan(config(), facts({ stages: [stage('rollout', step('rollout'))], target, proposal: proposal(true) }));
    expect([plan.steps, plan.changes, plan.rollback]).toEqual([[step('rollout')], [], undefined]);
  });
  it('of nothing', () => {
    expect(makePlan(config(), facts())).toEqual({
      app: 'api', environment: undefined, namespace: undefined, reference: undefined, steps: [], changes: [], rollback: undefined, warnings: [], notifications: [],
    });
  });
});

describe('the step of a build', () => {
  const build = (changes: Partial<BuildPlan> = {}): PlanStep => buildStep(image, {
    tags: { commit: ['2'], version: [], mutable: ['latest'], deployed: '2' }, platforms: ['linux/amd64', 'linux/arm64'], command: 'docker buildx build .', ...changes,
  });
  it('names the platforms, the tag and the command', () => {
    expect(build()).toEqual({ stage: 'build', title: `build \`${image}\` for linux/amd64, linux/arm64 and push it as \`2\``, commands: ['docker buildx build .'] });
  });
  it('is for the platform of the builder where none is known', () => {
    expect(build({ platforms: [] }).title).toBe(`build \`${image}\` for the platform of the builder and push it as \`2\``);
  });
  it('is none where the image of the commit is there already', () => {
    expect(build({ existing: { tag: '2', digest, platforms: ['linux/amd64'] } })).toEqual({
      stage: 'build', title: `use \`${image}:2\` (\`${digest}\`), which is already the image of this commit; nothing is built`, commands: [],
    });
  });
});
