import * as v from 'valibot';
import { causes, type Cause } from '../outcome/causes.js';
import { stageNames, verdicts } from '../outcome/verdict.js';

/*
 * The contents of report.json, declared once: the type of the value and schema/report.schema.json are derived from it. A run
 * uses only its types.
 */

const text = (description?: string) => described(v.string(), description);
const maybeText = (description?: string) => described(v.nullable(v.string()), description);
const maybeMs = (description: string) => described(v.nullable(ms()), description);
const count = (description?: string) => ms(description);
const ms = (description?: string) => described(v.pipe(v.number(), v.integer(), v.minValue(0)), description);
const list = <T extends v.GenericSchema>(items: T, description?: string) => described(v.array(items), description);

const described = <T extends v.GenericSchema>(schema: T, description: string | undefined) =>
  v.pipe(schema, v.metadata(description === undefined ? {} : { description }));

const stage = v.picklist(stageNames);
const cause = v.picklist(Object.keys(causes) as Cause[]);

/** Every kind of target has these four: readers of one kind understand the rows of all. */
const change = {
  workload: text('What has a version: `deployment/api`. With the target `command`, the name of the app.'),
  container: text('The part of it that the version is of: the name of a container. Empty with the target `command`, which has no parts.'),
  before: text('The version before the run: `name[:tag][@sha256:…]`. With `command`, what `current` printed; empty when that is not known.'),
  after: text('The version that the run set. With `command`, what `current` printed of it; its reference or commit until then.'),
};

const place = v.nullable(v.object({ file: text('Relative to the workspace.'), line: v.pipe(v.number(), v.integer(), v.minValue(1)) }));

const failure = v.object({
  cause, stage, message: text(), hint: text(), evidence: list(v.object({ title: text(), text: text() })), place,
});

const rollback = v.object({
  restoredAfterMs: maybeMs('From the failure until the previous version was set again.'),
  verifiedAfterMs: maybeMs('From then until the previous version was verified.'),
  continued: described(v.boolean(), 'The step was cancelled during the rollback, and the post step of the same job continues it: its result is in `…-post.json` next to this file.'),
  notes: list(text()),
});

const recovery = v.object({
  runId: text(), runUrl: maybeText(), startedAt: text('ISO 8601, UTC: when the interrupted run started.'),
  result: v.picklist(['confirmed', 'restored', 'failed']), notes: list(text()),
});

const middle = (description: string) => described(v.nullable(v.object({ medianMs: ms(), of: count('How many it is the median of.') })), description);

const figures = v.object({
  since: text('ISO 8601, UTC: the figures are of the time from here on.'), until: text('ISO 8601, UTC: to here.'),
  changes: count('Runs that changed something, without rollbacks to an earlier release and without runs that were cancelled.'),
  deployments: count('Those of them whose version was verified.'),
  perWeek: described(v.nullable(v.number()), 'Deployments in a week; null for less than two weeks.'),
  leadTime: middle('From the commit until its version was verified.'),
  failures: count('Changes that were rolled back, at once or by the next run, or could not be verified.'),
  failureRate: described(v.nullable(v.number()), 'Failures of all changes, 0 to 1; null for a single change.'),
  restore: middle('From the first change of a failure until the next verified state.'),
  unrestored: count('Failures after which nothing was verified yet.'),
  weeks: list(v.object({ deployments: count(), failures: count() }), 'Each seven days, oldest first; the last ones end now.'),
});

const plan = v.object({
  app: text(),
  environment: maybeText(),
  namespace: maybeText(),
  reference: maybeText('The reference that will be deployed, with `<digest of the build>` while the digest is not known.'),
  steps: list(v.object({ stage, title: text(), commands: list(text(), 'As they would be typed in a shell.') })),
  changes: list(v.object(change)),
  rollback: v.nullable(v.object({ possible: v.boolean(), reason: text() })),
  warnings: list(text()),
  notifications: list(text(), 'Who is notified of the end of a real run, and of which ends: `Slack: failure, recovery`.'),
});

const lastRun = v.object({
  failed: described(v.boolean(), 'Its version was not verified: the one before it was restored, or neither could be verified.'),
  runUrl: maybeText(), startedAt: text('ISO 8601, UTC.'),
});

const policy = v.object({
  findings: list(v.object({
    rule: text('As in `policy.rules`; docs/policy.md lists them.'),
    level: described(v.picklist(['deny', 'warn', 'allowed']), '`deny`: nothing was deployed. `allowed`: an exception applies.'),
    subject: text('`deployment/api`, or a file with its object.'), container: maybeText(), item: maybeText('What of it: the name of a variable, of a probe.'),
    path: maybeText('In the object: `spec.template.spec.containers[0]`.'), message: text(), fix: text('What to do.'), place,
    exception: v.nullable(v.object({ reason: text(), until: text('The last day on which it applies: `2027-01-31`.') })),
  })),
  notes: list(text(), 'What could not be checked, and why.'),
});

const leftOut = list(v.object({ what: text(), why: text() }), 'What was not checked.');

const check = v.object({
  origin: described(v.picklist(['own', 'fork']), 'Whose code was checked: of a fork, only the files were read.'),
  commentUrl: maybeText('Address of the comment of the pull request.'),
  environments: list(v.object({
    environment: maybeText('Null where the settings have no environments.'), app: text(), plan: v.nullable(plan),
    problems: list(v.object({ cause, message: text(), hint: maybeText() }), 'What would make a deployment fail before it changes anything.'),
    warnings: list(text(), 'Those of the policy rules are in `policy`.'), policy: described(v.nullable(policy), 'What the policy rules found. Null where they were not applied.'),
    differences: list(v.object({ workload: text(), old: text('YAML, without secrets.'), new: text(), note: maybeText('Why it may differ from what the target would store.') }),
      'What a deployment would change in the objects of the target.'),
    calendar: list(text(), 'When no rollout is allowed, now or next.'),
    leftOut,
  })),
  baseImages: list(v.object({
    dockerfile: text('Relative to the workspace.'), unknown: maybeText('Why it could not be compared with the base branch.'),
    changes: list(v.object({ stage: text(), old: maybeText(), new: maybeText() })),
  })),
  leftOut,
});

const data = v.object({
  backups: list(v.object({
    database: text('Its name in the settings.'), engine: text(), backup: text('`2026-11-30T16-40-00Z-3f9a`.'), manifest: text('Address of its manifest.'),
    bytes: count('Of the dump.'), storedBytes: count('Of what is stored.'), rows: described(v.nullable(v.number()), 'Of all tables; null if they were not counted.'),
    verified: described(v.picklist(['restore', 'archive']), '`restore`: it was restored and compared. `archive`: it was read to its end.'),
    compared: text('What was compared.'), encrypted: v.boolean(), dumpMs: ms(), verifyMs: ms(), storeMs: ms(),
  })),
  restores: list(v.object({
    database: text(), engine: text(), backup: text(), into: described(v.picklist(['live', 'scratch', 'emptied']), '`scratch`: a drill. `emptied`: a cache.'),
    rows: v.nullable(v.number()), compared: text(), kept: maybeText('Where the data from before is kept: the name of a database.'),
    rtoMs: ms('From the start until the data served again, or would have.'), rpoMs: ms('Between the moment of the backup and the start: what was written in between is lost.'),
    reason: maybeText('Why it was restored, as the input `reason` says.'),
  })),
  kept: list(v.object({
    database: text(), backup: text(), at: text('ISO 8601, UTC: the moment that it shows.'), bytes: count(),
    verified: described(v.picklist(['restore', 'archive', 'incomplete']), '`incomplete`: some of its objects are no longer in the store.'), stays: v.boolean(),
    removed: described(v.boolean(), 'By this run.'), reasons: list(text()),
  }), 'Every backup of the store, and why it stays or goes.'),
  rehearsal: described(v.nullable(v.object({
    database: text(), backup: text('The one that the copy was restored from.'), tookMs: ms('With the restore of the copy.'),
    headBefore: maybeText('The last migration before it, as its tool names it.'), headAfter: maybeText('That of the copy after it.'),
  })), 'The migration as it was tried on a restored copy of the database; null if it was not.'),
  pointInTime: list(v.object({
    database: text(), tool: maybeText('`pgBackRest`; null: no tool archives.'), earliest: maybeText('ISO 8601, UTC; null: not available.'), latest: maybeText('ISO 8601, UTC.'),
    reason: maybeText('Why it is not available.'), triggered: v.boolean(), recover: maybeText('How a person recovers to a moment, which replaces `TIME`.'),
  }), 'Of each PostgreSQL of a backup: the moments to which a tool that archives the WAL can recover it.'),
  recovery: described(v.nullable(v.object({
    startedAt: text('ISO 8601, UTC: of the first run of this recovery.'), continued: described(v.boolean(), 'It continues an earlier run.'),
    rtoMs: maybeMs('From the start until the checks of the app had passed; null unless they have.'), rtoLimitMs: ms(),
    rpoMs: maybeMs('Between the moment of the oldest backup and the start; null without a backup.'), rpoLimitMs: maybeMs('Null: no limit.'),
    steps: list(v.object({
      label: text(), title: text(), result: v.picklist(['done', 'failed', 'not reached']), tookMs: ms(), commands: list(text(), 'Those that do the same by hand.'),
    })),
  })), 'Only of a recovery after a disaster.'),
  oldestAgeMs: maybeMs('Age of the oldest of the last verified backups of all databases; null if one has none.'),
});

/** What is named in the `$defs` of the published schema. */
export const reportDefinitions = { stage, cause, failure, rollback, recovery, figures, policy, plan, lastRun, data };

export const report = v.object({
  /** Raised only when a field changes its meaning or is removed, not for new fields. */
  schema: v.literal(1),
  verdict: v.picklist(verdicts),
  success: described(v.boolean(), 'Whether the step succeeded.'),
  app: text(),
  environment: maybeText(),
  environmentUrl: maybeText('Where users reach the app.'),
  target: maybeText('Kind of the target: `set-image` for workloads in a cluster, `command`. Null where nothing is deployed, or the run ended before it was read.'),
  namespace: maybeText('Of Kubernetes; null with the target `command`.'),
  commit: maybeText(),
  runUrl: maybeText('Address of the workflow run.'),
  actor: maybeText('Who started the workflow run.'),
  lastRun: described(v.nullable(lastRun), 'The last recorded run of the app before this one. A run that failed before it changed anything leaves no record.'),
  startedAt: described(v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)), 'ISO 8601, UTC.'),
  durationMs: ms(),
  image: maybeText('Repository, without tag and digest.'),
  digest: maybeText('`sha256:…`.'),
  reference: maybeText('`name@sha256:…` of what was to be deployed.'),
  tags: list(text()),
  changes: list(v.object({ ...change, now: maybeText('The version at the end of the run; null when it could not be read.') }),
    'One entry for each container, and for whatever else has a version of its own.'),
  timeline: list(v.object({ stage, label: text(), startMs: ms('Since the start of the run.'), endMs: ms(), result: v.picklist(['ok', 'failed']) })),
  failure: v.nullable(failure),
  rolledOutMs: maybeMs('From the change until the rollout was complete, without the verification after it.'),
  verified: list(v.object({ what: text('`service/api/healthz -> 200`.'), seen: text('`passed on 3 pods and service/api`.') }), 'What was verified of the new version. Empty after a failure.'),
  unverified: list(v.object({ workload: text(), reason: text() }), '`workload` as in `changes`: those whose version at the end of the run is not verified.'),
  rollback: v.nullable(rollback),
  recovery: v.nullable(recovery),
  undoCommands: list(text(), 'Commands that roll back by hand.'),
  warnings: list(text()),
  figures: v.nullable(figures),
  policy: described(v.nullable(policy), 'What the policy rules found. Null where they were not applied.'),
  plan: v.nullable(plan),
  data: described(v.nullable(data), 'Only of backups, restores and migrations.'),
  check: described(v.nullable(check), 'Only of the action `pr-check`.'),
});

/** The same, read-only: the value is assembled from parts of an outcome. */
type ReadOnly<T> = { readonly [Key in keyof T]: ReadOnly<T[Key]> };

/** The value that report.json holds. */
export type Report = ReadOnly<v.InferOutput<typeof report>>;
/** The value of its field `figures`. */
export type ReportedFigures = ReadOnly<v.InferOutput<typeof figures>>;
/** The value of its field `data`. */
export type ReportedData = ReadOnly<v.InferOutput<typeof data>>;
/** The value of its field and of the output `plan`. */
export type ReportedPlan = ReadOnly<v.InferOutput<typeof plan>>;
