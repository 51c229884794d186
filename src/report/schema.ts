import { causes } from '../outcome/causes.js';
import { stageNames, verdicts } from '../outcome/verdict.js';
import { reportSchema } from './json.js';

type Schema = Readonly<Record<string, unknown>>;

const text = (description?: string): Schema => ({ type: 'string', ...description && { description } });
const maybeText = (description?: string): Schema => ({ type: ['string', 'null'], ...description && { description } });
const maybe = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const list = (items: Schema, description?: string): Schema => ({ type: 'array', ...description && { description }, items });
const ms = (description?: string): Schema => ({ type: 'integer', minimum: 0, ...description && { description } });
const maybeMs = (description: string): Schema => ({ ...ms(description), type: ['integer', 'null'] });
const object = (properties: Readonly<Record<string, Schema>>): Schema => ({ type: 'object', required: Object.keys(properties), properties });
const stage: Schema = { $ref: '#/$defs/stage' };

const change = { workload: text('`deployment/api`.'), container: text(), before: text('`name[:tag][@sha256:…]`.'), after: text('What the run wrote.') };

/** The JSON Schema of report.json. `schema/report.schema.json` is generated from it. */
export const reportJsonSchema = (): Schema => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'https://raw.githubusercontent.com/acci/deploy-action/v1/schema/report.schema.json',
  title: 'Report of a deployment',
  description: 'What report.json says. Every field is always there, null where there is nothing to say. New fields may be added; '
    + '`schema` is raised when one changes its meaning.',
  ...object({
    schema: { const: reportSchema },
    verdict: { enum: verdicts },
    success: { type: 'boolean', description: 'Whether the step ended in success.' },
    app: text(),
    environment: maybeText(),
    namespace: maybeText(),
    commit: maybeText(),
    runUrl: maybeText('Address of the workflow run.'),
    startedAt: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$', description: 'ISO 8601, UTC.' },
    durationMs: ms(),
    image: maybeText('Repository, without tag and digest.'),
    digest: maybeText('`sha256:…`.'),
    reference: maybeText('`name@sha256:…` of what was to be deployed.'),
    tags: list(text()),
    changes: list(object({ ...change, now: maybeText('What the container is set to at the end of the run; null when it was not read.') }),
      'One entry for each container.'),
    timeline: list(object({
      stage, label: text(), startMs: ms('Since the start of the run.'), endMs: ms(), result: { enum: ['ok', 'failed', 'skipped'] },
    })),
    failure: maybe({ $ref: '#/$defs/failure' }),
    rolledOutMs: maybeMs('From the change until the controllers had finished; the proof that it serves is not in it.'),
    unverified: list(object({ workload: text(), reason: text() }), 'Workloads of which nothing was seen to run with the image that they have at the end.'),
    rollback: maybe({ $ref: '#/$defs/rollback' }),
    recovery: maybe({ $ref: '#/$defs/recovery' }),
    undoCommands: list(text(), 'Commands that go back by hand.'),
    warnings: list(text()),
    plan: maybe({ $ref: '#/$defs/plan' }),
  }),
  $defs: { stage: { enum: stageNames }, cause: { enum: Object.keys(causes) }, failure, rollback, recovery, plan },
});

const failure = object({
  cause: { $ref: '#/$defs/cause' }, stage, message: text(), hint: text(), evidence: list(object({ title: text(), text: text() })),
});

const rollback = object({
  restoredAfterMs: maybeMs('From the failure to the patch that put the old images back.'),
  verifiedAfterMs: maybeMs('From that patch to the proof that it holds.'),
  notes: list(text()),
});

const recovery = object({
  runId: text(), runUrl: maybeText(), startedAt: text('ISO 8601, UTC: when the run began that had died.'),
  result: { enum: ['confirmed', 'restored', 'failed'] }, notes: list(text()),
});

const plan = object({
  app: text(),
  environment: maybeText(),
  namespace: maybeText(),
  reference: maybeText('What the workloads will get; `<digest of the build>` stands where the digest is not known yet.'),
  steps: list(object({ stage, title: text(), commands: list(text(), 'As they could be typed.') })),
  changes: list(object(change)),
  rollback: maybe(object({ possible: { type: 'boolean' }, reason: text() })),
  warnings: list(text()),
});
