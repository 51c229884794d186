/** A wording that readers stumble over, and what to write instead. */
export interface Wording {
  readonly pattern: RegExp;
  readonly instead: string;
}

const wording = (pattern: RegExp, instead: string): Wording => ({ pattern, instead });

/** Matched without `code`, {what is filled in} and addresses: names of causes, settings and inputs are not affected. */
export const wordings: readonly Wording[] = [
  wording(/\bmay not\b/i, '"is not allowed to" or "cannot": "may not" reads as "might not"'),
  wording(/\bmay (?:read|write|pull|push|reach|deploy|list|get|create|patch|delete|change|look|ask|see|also)\b/i, '"can" or "is allowed to"; "may" only for a possibility'),
  wording(/\bmend(?:s|ed|ing)?\b/i, '"fix"'),
  wording(/\b(?:put|puts|putting|set|sets) (?:\w+ )?back\b/i, '"restore"'),
  wording(/\b(?:bring|brings|brought|take|takes|taken|give|gives|given) (?:\w+ )?back\b/i, '"restore", "roll back" or "undo"'),
  wording(/\b(?:go|goes|going|gone|went) back\b/i, '"roll back" or "restore"'),
  wording(/\b(?:is|are|was|were|not|be|provably,?) back\b/i, '"restored", or "available" for a server'),
  wording(/\bprove[dns]\b/i, '"verified"'),
  wording(/\bfor ever\b/i, '"indefinitely"'),
  wording(/\banew\b/i, '"again", "recreated"'),
  wording(/\b(?:begins?|beginning|began|begun)\b/i, '"start"'),
  wording(/\b(?:wrongly|rightly)\b/i, '"fails" or "passes the check", "returns 500"'),
  wording(/\banswers? (?:wrong|right)\b/i, '"fails" or "passes the check", "returns 500"'),
  wording(/\bso that\b/i, '"so"'),
  wording(/\b(?:told|tells)\b/i, '"reported", "reports", "shows"'),
  wording(/\basked\b/i, '"checked", "probed", "requested" or "queried"'),
  wording(/\b(?:there is none|none of (?:it|them) is there)\b/i, '"does not exist"'),
  wording(/\b(?:stands?|stood|standing)\b/i, '"is"; "healthy" or "stable" for a version'),
  wording(/\bsettle[sd]?\b/i, '"stable"'),
  wording(/\b(?:is|was|are|were|be|been) held\b(?! by\b)|\bheld (?:before|again)\b/i, '"paused" for a Deployment, "passed before" for a check'),
  wording(/\bon (?:its|their) way (?:out|up)\b/i, '"terminating" or "starting"'),
  wording(/\bdied\b/i, '"was interrupted", "was killed" or "exited"'),
  wording(/\bended (?:twice|\w+ times|with (?:exit )?(?:code|signal))\b/i, '"exited" for a container, "failed" for a command'),
  wording(/\bwho(?:so)?ever\b/i, 'name who it is'),
  wording(/\bsomebody\b/i, '"someone"'),
  wording(/\bneeds a person\b/i, '"manual action is required"'),
  wording(/\bdefects?\b/i, '"bug in this action"'),
  wording(/\bsuperseded\b/i, '"changed by someone else during the run"; the cause only as `superseded`'),
  wording(/\bwhat (?:was|is|stands) there\b/i, '"the previous version", "the current value"'),
  wording(/\bunder way\b/i, '"in progress"'),
  wording(/\blet (?:come|go on)\b/i, '"can finish", "continues"'),
  wording(/\bdead run\b/i, '"interrupted run"'),
  wording(/\bin the course of\b/i, '"during"'),
  wording(/\bcome to (?:its|their) end\b/i, '"finish"'),
];

export interface Fault {
  /** The words that were found. */
  readonly found: string;
  readonly instead: string;
}

const isNoProse = /`[^`]*`|\{[^{}]*\}|https?:\/\/\S+|\]\([^)]*\)/g;

/** The wordings of the list that a text has. */
export function faultsIn(text: string): readonly Fault[] {
  const prose = text.replace(isNoProse, '…');
  return wordings.flatMap(({ pattern, instead }) => {
    const found = pattern.exec(prose)?.[0];
    return found === undefined ? [] : [{ found, instead }];
  });
}

/** The lines of a page that are prose: those between fences are code, except for diagrams. */
export function proseOf(markdown: string): readonly { readonly line: number; readonly text: string }[] {
  let fence: string | undefined;
  return markdown.split('\n').flatMap((text, index) => {
    const [, mark] = /^\s*```\s*(\w*)/.exec(text) ?? [];
    if (mark !== undefined) {
      fence = fence === undefined ? mark || 'text' : undefined;
      return [];
    }
    return fence === undefined || fence === 'mermaid' ? [{ line: index + 1, text }] : [];
  });
}
