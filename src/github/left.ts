import { nullable, number, object, optional, picklist, string, type InferOutput } from 'valibot';
import { tryJson } from '../ports/json.js';

const end = object({
  state: picklist(['success', 'failure', 'error']),
  description: string(),
  /** What becomes of the deployment before it. */
  previous: optional(picklist(['active', 'inactive'])),
});
/** How a run ended, for GitHub. */
export type End = Readonly<InferOutput<typeof end>>;

const left = object({
  /** None for a version whose commit is not known, and while the deployment is being created. */
  id: optional(number()),
  commit: optional(string()),
  /** Id of the deployment that was active before it; `null` for none that the action has to change, absent until it was looked for. */
  previous: optional(nullable(number())),
  /** Known as soon as the run has ended; it is not certain that GitHub has it. */
  end: optional(end),
});
/** What is open on GitHub, as the main step keeps it for its post step. */
export type Left = Readonly<InferOutput<typeof left>>;

/** Empty for none. */
export const formatLeft = (value: Left | undefined): string => (value ? JSON.stringify(value) : '');
/** Undefined when nothing is left, or nothing that can be read. */
export const parseLeft = (text: string): Left | undefined => tryJson(text, left);
