/*
 * References of images have 120 characters and more. A person tells them apart by their name and the first digits of the commit
 * and the digest; `--verbose` and the report have all of them in full.
 */

const shaLength = 7;

/** A text with every reference, digest and commit in it shortened: `api:5e94acd@0123456`. What is in backticks is there to be copied, and stays. */
export const shortenText = (text: string): string =>
  text.split('`').map((part, index) => (index % 2 === 1 ? part : part.replace(/[^\s'"=,;()]+/g, shortenWord))).join('`');

function shortenWord(word: string): string {
  const [, name, tag, digest = '', rest = ''] = /^(?!https?:\/\/)(?:[^/@]+\/)*([^/:@]+)(?::([^@/:]+))?@sha256:([0-9a-f]{64})([^0-9a-f].*)?$/.exec(word) ?? [];
  if (name === undefined) return shortenShas(word);
  return `${name}${tag === undefined ? '' : `:${shortenShas(tag)}`}@${digest.slice(0, shaLength)}${rest}`;
}

const shortenShas = (word: string): string => word.replace(/(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])/g, (sha) => sha.slice(0, shaLength));
