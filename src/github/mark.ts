import { createHash } from 'node:crypto';

/*
 * The mark of a comment: a comment of HTML, which GitHub does not show, and which stays when someone edits the text. It says
 * which comment of the pull request it is, and from which run. Nothing from outside is in it as it is.
 */

export interface Mark {
  /** Which of several comments of the same pull request: 16 hex digits. */
  readonly key: string;
  /** The commit that it is about. */
  readonly head: string;
  /** When its run started, ms since 1970. */
  readonly at: number;
}

/** The same for the same parts: what tells the comments of one pull request apart. */
export const keyOf = (parts: readonly string[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);

export const markText = ({ key, head, at }: Mark): string => `<!-- deploy-action pr-check ${key} head=${head} at=${at} -->`;

/** The mark with this key in the text of a comment, wherever it is in it; undefined if there is none. */
export function markIn(text: string, key: string): Mark | undefined {
  const found = [...text.matchAll(/<!-- deploy-action pr-check ([0-9a-f]{16}) head=([0-9a-f]{40,64}) at=(\d{1,15}) -->/g)].find(([, each]) => each === key);
  return found && { key, head: found[2] ?? '', at: Number(found[3]) };
}
