import { bad, good, quote, type Checked } from '../kit/checked.js';
import { parseDigest } from './digest.js';
import { line } from '../kit/text.js';
import { parseArgument } from './argument.js';

type ReleaseNameType = 'revision' | 'digest' | 'commit';

const examples = 'Give its revision (12), its digest (sha256:…) or at least 7 digits of its commit.';

/** The name of an earlier release: its revision, its digest, or the sha of its commit, shortened to 7 digits or more. */
export function parseReleaseName(text: string): Checked<string> {
  if (/^sha256:|@/i.test(text)) return parseDigest(text);
  if (releaseNameType(text) !== undefined) return good(text);
  if (releaseNameType(text.toLowerCase()) !== undefined) return bad(`is ${quote(text)}, but a commit is written in lower case`, `Did you mean "${text.toLowerCase()}"?`);
  if (/^0+$/.test(text)) return bad(`is ${quote(text)}, but revisions are counted from 1`, 'Remove it to roll back to the previous release.');
  if (/^[0-9a-f]{1,6}$/.test(text)) return bad(`is ${quote(text)}, which is too short for a commit`, 'Give at least 7 of its digits.');
  if (/^(?:previous|last|before)$/i.test(text)) return bad(`is ${quote(text)}, which does not name a release`, 'Remove it to roll back to the previous release.');
  return bad(`is ${quote(text)}, which is neither a revision nor a digest nor a commit`, `${examples} A tag or branch is not accepted, because it can move.`);
}

/** The same, or any other text: what the platform of a `command` calls its versions. Without a `command`, a rule refuses it. */
function parseReleaseOrOther(text: string): Checked<string> {
  const named = parseReleaseName(text);
  return named.ok ? named : parseArgument(text);
}

/**
 * What a name is, or undefined when it is none. A number of 7 digits and more is a commit: no workload has been rolled out a
 * million times, while one in thirty short shas has no letter. Whole shas have 40 digits, or 64 in repositories of sha256.
 */
export function releaseNameType(text: string): ReleaseNameType | undefined {
  if (parseDigest(text).ok) return 'digest';
  if (/^[1-9][0-9]{0,5}$/.test(text)) return 'revision';
  return /^(?:[0-9a-f]{7,40}|[0-9a-f]{64})$/.test(text) ? 'commit' : undefined;
}

export const releaseName = line(parseReleaseOrOther, { expects: 'a revision, a digest or a commit' });
