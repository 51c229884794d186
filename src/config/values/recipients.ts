import { bad, good, quote, type Checked } from '../kit/checked.js';
import { repeated } from '../kit/faults.js';
import { list } from '../kit/list.js';
import { line } from '../kit/text.js';
import { isBech32 } from './bech32.js';

/** X25519 keys, and those of other kinds that begin the same. https://github.com/C2SP/C2SP/blob/main/age.md */
const recipientPattern = '^age1[02-9ac-hj-np-z]+$';

/** A public key of age. No message repeats a private key that stands in its place. */
export function parseRecipient(text: string): Checked<string> {
  if (/AGE-SECRET-KEY-/i.test(text)) {
    return bad('is a private key, and everyone who can read this file could decrypt the backups', 'Write its public key, which starts with age1 (`age-keygen -y` prints it), and replace this key: it is in the history of the repository.');
  }
  if (/^ssh-/.test(text)) return bad('is an SSH key, which is not supported', 'Create a key of age with `age-keygen`.');
  if (!new RegExp(recipientPattern).test(text)) return bad(`is ${quote(text)}, which is not a public key of age`, 'It starts with age1: `age-keygen` prints it.');
  return isBech32(text) ? good(text) : bad(`is ${quote(text)}, which has a typing error: its checksum is wrong`, 'Copy it again.');
}

const recipient = line(parseRecipient, { expects: 'a public key of age', schema: { pattern: recipientPattern } });
export const recipients = list(recipient, { expects: 'a list of public keys of age', separator: ',', mayBeEmpty: true, check: repeated((each: string) => each) });
