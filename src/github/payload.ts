import { literal, object, safeParse, string, type InferOutput } from 'valibot';
import { tryJson } from '../ports/json.js';

/*
 * What a deployment of this action says of itself. Several apps are deployed to one environment of GitHub, often from one
 * commit, and GitHub tells their deployments apart by nothing: `task` is a convention that other programs filter by ("deploy").
 */

const payload = object({
  by: literal('acci/deploy-action'),
  app: string(),
  /** Id of the run that created it. */
  run: string(),
});
export type Payload = Readonly<InferOutput<typeof payload>>;

export const payloadOf = (app: string, run: string): Payload => ({ by: 'acci/deploy-action', app, run });

/** GitHub returns it as it was sent, or as text. @returns `null` when there is nothing in it, undefined when it is another program's */
export function readPayload(value: unknown): Payload | null | undefined {
  if (typeof value === 'string' && value !== '') return tryJson(value, payload);
  if (value === null || value === undefined || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)) return null;
  const read = safeParse(payload, value);
  return read.success ? read.output : undefined;
}
