import * as v from 'valibot';
import type { JsonError} from '../ports/json.js';
import { readJson } from '../ports/json.js';
import { keptOf, phases, type Ledger } from './ledger.js';
import { migrationShape } from './migration.js';
import { schema1, upgraded } from './schema-1.js';

/*
 * The ledger as text. Records of earlier versions are converted; those of later versions are refused. A later version may add
 * fields to the same schema. They are kept when the record is written again, so an older or pinned version does not erase them.
 */

const text = v.string();
const maybe = v.optional(text);
const content = v.looseObject({ subject: text, part: text, version: text, withdrawnAt: maybe });
const release = v.looseObject({
  reference: text, commit: maybe, runUrl: maybe, at: text, verified: v.boolean(), unverified: v.optional(v.array(text)), repository: maybe, override: maybe,
  reason: maybe, migrations: v.optional(v.array(migrationShape)), head: maybe, contents: v.array(content),
});
const run = v.looseObject({
  id: text, url: maybe, commit: maybe, actor: maybe, startedAt: text, phase: v.picklist(phases), changedAt: maybe, committedAt: maybe, marks: v.array(text),
  target: v.looseObject({ kind: text, schema: v.number(), recorded: v.unknown() }),
  before: v.array(content), after: v.array(content), repository: maybe, override: maybe, reason: maybe, goesBackTo: v.optional(release),
  rollback: v.picklist(['auto', 'off']), checks: v.array(text), unrecordedChecks: v.optional(v.number()), passedBefore: v.array(text),
});
const pastRun = v.looseObject({
  id: text, result: text, changedAt: text, endedAt: text, commit: maybe, committedAt: maybe, repository: maybe, cause: maybe, wentBack: v.optional(v.boolean()),
});
type Past = v.InferOutput<typeof pastRun>;
// Nothing depends on it, so damage in it is no reason to refuse the record, and damage in one run no reason to forget the others.
const past = v.fallback(v.optional(v.pipe(v.array(v.unknown()), v.transform((runs) => runs.filter((each): each is Past => v.is(pastRun, each))))), undefined);
const migrations = v.optional(v.array(migrationShape));
const schema2 = v.looseObject({ schema: v.literal(2), app: text, run, releases: v.array(release), past, ahead: migrations, head: maybe });
const known = v.variant('schema', [schema2, schema1]);

/**
 * The record that a text holds, in the form of this version.
 * @param source what it was read from, as the subject of a sentence: `The ledger (ConfigMap x in namespace y)`
 * @throws JsonError when it was damaged, or a later version of the action wrote it
 */
export function parseLedger(json: string, source: string): Ledger {
  const ledger = readJson(json, known, source);
  return ledger.schema === 1 ? upgraded(ledger) : ledger;
}

/** Why a record cannot be read, as the end of a sentence. */
export function whyUnreadable(json: string, error: JsonError): string {
  return isOfLaterVersion(json) ? 'it was written by a later version of this action' : `it was edited by hand or damaged: ${error.problem}`;
}

const versions = v.object({ schema: v.number(), run: v.optional(v.object({ phase: v.optional(text) })) });

/** It has a later schema, or a run in a phase that this version does not know. */
function isOfLaterVersion(json: string): boolean {
  try {
    const { schema, run: last } = readJson(json, versions, 'The ledger');
    return schema > 2 || (schema === 2 && last?.phase !== undefined && !(phases as readonly string[]).includes(last.phase));
  } catch {
    return false;
  }
}

/** A ConfigMap holds 1 MiB at most; the ledger stays far below, so a write never fails for its size. */
const maxLedgerBytes = 512 * 1024;

/** As JSON, with as many releases as fit. */
export function formatLedger(ledger: Ledger): string {
  const releases = keptOf(ledger.releases);
  for (let kept = releases.length; ; kept = Math.floor(kept / 2)) {
    const json = JSON.stringify({ ...ledger, releases: releases.slice(0, kept) }, undefined, 1);
    if (kept === 0 || Buffer.byteLength(json) <= maxLedgerBytes) return json;
  }
}
