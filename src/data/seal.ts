import { randomBytes } from 'node:crypto';
import { messageOf } from '../outcome/wording.js';
import { nonceBytes, openPayload, sealPayload } from './age-payload.js';
import { DataError } from './error.js';

/*
 * Encryption with age (https://github.com/C2SP/C2SP/blob/main/age.md). Its library is loaded when something is encrypted or decrypted.
 */

/** Whether one of the private keys, one on each line, is that of a recipient. A key whose recipient cannot be known may be. */
export async function mayRead(identity: string, recipients: readonly string[]): Promise<boolean> {
  const { identityToRecipient } = await import('age-encryption');
  const own = await Promise.all(identity.split('\n').map((key) => identityToRecipient(key).catch(() => undefined)));
  return own.some((recipient) => recipient === undefined || recipients.includes(recipient));
}

/** The pieces, encrypted so that the private key of each of these recipients can read them. Read once. */
export async function* seal(pieces: AsyncIterable<Uint8Array>, recipients: readonly string[]): AsyncGenerator<Uint8Array> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  let fileKey: Uint8Array | undefined;
  // One that only learns the key of the file: it adds nothing to the header.
  encrypter.addRecipient({ wrapFileKey: (key) => {
    fileKey = key;
    return [];
  } });
  const empty = await encrypter.encrypt(new Uint8Array());
  if (!fileKey) throw new Error('bug in this action: the library of age has not used the recipient');
  yield empty.subarray(0, headerBytes(empty));
  const nonce = randomBytes(nonceBytes);
  yield nonce;
  yield* sealPayload(pieces, fileKey, nonce);
}

/**
 * The pieces as they were before. Read once. What is read is genuine; only its end tells that it is complete.
 * @param identity private keys, one on each line
 * @param what is decrypted, for messages: the name of a backup
 * @throws DataError restore-failed when no key fits, or what was encrypted was changed or cut; what `pieces` rejects with
 */
export async function* unseal(pieces: AsyncIterable<Uint8Array>, identity: string, what: string): AsyncGenerator<Uint8Array> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const key of identity.split('\n')) decrypter.addIdentity(key);
  let passing: { readonly error: unknown } | undefined;
  const watched = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* pieces;
    } catch (error) {
      passing = { error };
      throw error;
    }
  };
  const source = watched();
  try {
    const { header, nonce, rest } = await headOf(source);
    yield* openPayload(rest, await decrypter.decryptHeader(header), nonce);
  } catch (error) {
    if (passing) throw passing.error;
    throw unreadable(error, what);
  } finally {
    await source.return(undefined);
  }
}

function unreadable(error: unknown, what: string): DataError {
  if (/no identity matched/i.test(messageOf(error))) {
    return new DataError('restore-failed', `${what} cannot be decrypted: none of the private keys in \`backup.identity\` is that of a recipient of it.`, {
      hint: 'The manifest of the backup lists its recipients. Use the private key of one of them.', cause: error,
    });
  }
  return new DataError('restore-failed', `${what} cannot be decrypted: it was changed or cut after it was encrypted (${messageOf(error)}).`, {
    hint: 'Choose an earlier backup. If the store has versions, look at earlier ones of this object.', cause: error,
  });
}

/** Of the longest header that is read: one of a thousand recipients. */
const mostHeaderBytes = 256 * 1024;

/** Where the header of a file of age ends, behind the line with its checksum. @throws when that has not come */
function headerBytes(file: Uint8Array): number {
  const mark = Buffer.from(file.buffer, file.byteOffset, file.byteLength).indexOf('\n--- ');
  const end = mark < 0 ? -1 : file.indexOf(10, mark + 1);
  if (end < 0) throw new Error('it has no header of age');
  return end + 1;
}

/** The parts of a file of age. */
interface Head {
  readonly header: Uint8Array;
  readonly nonce: Uint8Array;
  readonly rest: AsyncIterable<Uint8Array>;
}

async function headOf(pieces: AsyncGenerator<Uint8Array>): Promise<Head> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < mostHeaderBytes) {
    const { value, done } = await pieces.next();
    if (done) break;
    head = Buffer.concat([head, value]);
    const mark = head.indexOf('\n--- ');
    if (mark >= 0 && head.indexOf(10, mark + 1) >= 0 && head.length >= headerBytes(head) + nonceBytes) break;
  }
  const end = headerBytes(head);
  const nonce = head.subarray(end, end + nonceBytes);
  if (nonce.length < nonceBytes) throw new Error('it ends with its header');
  const first = head.subarray(end + nonceBytes);
  return { header: head.subarray(0, end), nonce, rest: (async function* () {
    yield first;
    yield* pieces;
  })() };
}
