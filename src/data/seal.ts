import { messageOf } from '../outcome/wording.js';
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
  yield* readable(await encrypter.encrypt(ReadableStream.from(pieces)));
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
  try {
    yield* readable(await decrypter.decrypt(ReadableStream.from(watched())));
  } catch (error) {
    if (passing) throw passing.error;
    const noKey = /no identity matched/i.test(messageOf(error));
    throw noKey
      ? new DataError('restore-failed', `${what} cannot be decrypted: none of the private keys in \`backup.identity\` is that of a recipient of it.`, {
        hint: 'The manifest of the backup lists its recipients. Use the private key of one of them.', cause: error,
      })
      : new DataError('restore-failed', `${what} cannot be decrypted: it was changed or cut after it was encrypted (${messageOf(error)}).`, {
        hint: 'Choose an earlier backup. If the store has versions, look at earlier ones of this object.', cause: error,
      });
  }
}

async function* readable(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
