import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { parseIdentity } from '../../src/config/values/identity.js';
import { parseRecipient } from '../../src/config/values/recipients.js';
import { seal, unseal } from '../../src/data/seal.js';

async function* pieces(...all: readonly (Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  for (const piece of all) {
    if (piece instanceof Error) throw piece;
    yield piece;
  }
}

async function bytesOf(all: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const read: Uint8Array[] = [];
  for await (const piece of all) read.push(piece);
  return Buffer.concat(read);
}

const key = async () => {
  const identity = await generateIdentity();
  return { identity, recipient: await identityToRecipient(identity) };
};

describe('encryption', () => {
  it('gives back what was encrypted, to each recipient', async () => {
    const [a, b] = [await key(), await key()];
    for (const size of [0, 1, 65_536, 200_000]) {
      const bytes = randomBytes(size);
      const sealed = await bytesOf(seal(pieces(bytes.subarray(0, size >> 1), bytes.subarray(size >> 1)), [a.recipient, b.recipient]));
      expect(sealed.includes(bytes) && size > 8).toBe(false);
      for (const { identity } of [a, b]) expect((await bytesOf(unseal(pieces(sealed), identity, 'x'))).equals(bytes)).toBe(true);
    }
  });

  it('is that of age: its own library reads it, and what that has written is read', async () => {
    const { identity, recipient } = await key();
    const [theirs, reading] = [new Encrypter(), new Decrypter()];
    theirs.addRecipient(recipient);
    reading.addIdentity(identity);
    for (const size of [0, 1, 65_535, 65_536, 65_537, 131_072, 300_001]) {
      const bytes = randomBytes(size);
      expect(Buffer.from(await reading.decrypt(await bytesOf(seal(pieces(bytes), [recipient])))).equals(bytes)).toBe(true);
      const sealed = Buffer.from(await theirs.encrypt(bytes));
      for (const cut of [0, 10, 216, 231, 232, 233]) expect((await bytesOf(unseal(pieces(sealed.subarray(0, cut), sealed.subarray(cut)), identity, 'x'))).equals(bytes)).toBe(true);
    }
  });

  it.each([['nothing at all', 0], ['only a part of the header', 100], ['only the header', 200], ['no payload', 232]])('says that %s is left', async (_, bytes) => {
    const { identity, recipient } = await key();
    const sealed = await bytesOf(seal(pieces(randomBytes(1000)), [recipient]));
    await expect(bytesOf(unseal(pieces(sealed.subarray(0, bytes)), identity, 'x'))).rejects.toMatchObject({ code: 'restore-failed', message: expect.stringMatching(/changed or cut/) });
  });

  it('finds the right one of several private keys', async () => {
    const [a, b] = [await key(), await key()];
    const sealed = await bytesOf(seal(pieces(Buffer.from('text')), [b.recipient]));
    expect(String(await bytesOf(unseal(pieces(sealed), `${a.identity}\n${b.identity}`, 'x')))).toBe('text');
  });

  it('says that no key fits', async () => {
    const [a, b] = [await key(), await key()];
    const sealed = await bytesOf(seal(pieces(Buffer.from('text')), [a.recipient]));
    await expect(bytesOf(unseal(pieces(sealed), b.identity, 'The backup 2026'))).rejects.toMatchObject({
      code: 'restore-failed', message: 'The backup 2026 cannot be decrypted: none of the private keys in `backup.identity` is that of a recipient of it.',
    });
  });

  it.each([['a flipped bit', (sealed: Buffer) => { sealed[sealed.length - 40] = (sealed.at(-40) ?? 0) ^ 1; return sealed; }], ['a cut end', (sealed: Buffer) => sealed.subarray(0, -1)],
    ['a cut after a whole chunk', (sealed: Buffer) => sealed.subarray(0, sealed.length - (200_000 % 65_536) - 16)], ['a damaged header', (sealed: Buffer) => sealed.subarray(1)]])('finds %s', async (_, damage) => {
    const { identity, recipient } = await key();
    const sealed = damage(await bytesOf(seal(pieces(randomBytes(200_000)), [recipient])));
    await expect(bytesOf(unseal(pieces(sealed), identity, 'x'))).rejects.toMatchObject({ code: 'restore-failed', message: expect.stringMatching(/changed or cut/) });
  });

  it('passes on what its source rejects with, in both directions', async () => {
    const { identity, recipient } = await key();
    await expect(bytesOf(seal(pieces(Buffer.from('a'), new Error('the disk broke')), [recipient]))).rejects.toThrow('the disk broke');
    const sealed = await bytesOf(seal(pieces(randomBytes(100)), [recipient]));
    await expect(bytesOf(unseal(pieces(sealed, new Error('the store broke')), identity, 'x'))).rejects.toThrow('the store broke');
  });
});

describe('keys in settings', () => {
  it('accepts keys of age-keygen', async () => {
    const { identity, recipient } = await key();
    expect(parseRecipient(recipient)).toMatchObject({ ok: true, value: recipient });
    expect(parseIdentity(`# created: 2026-11-30\n# public key: ${recipient}\n${identity}\n`)).toMatchObject({ ok: true, value: identity });
  });

  it.each([
    ['ssh-ed25519 AAAA', 'is an SSH key, which is not supported'],
    ['acme', 'is "acme", which is not a public key of age'],
    ['age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8q', 'is "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac…", which has a typing error: its checksum is wrong'],
  ])('refuses %s as a public key', (text, message) => {
    expect(parseRecipient(text)).toMatchObject({ ok: false, faults: [{ message }] });
  });

  it('never repeats a private key', async () => {
    const { identity } = await key();
    const [asRecipient, cut] = [parseRecipient(identity), parseIdentity(identity.slice(0, -1))];
    expect(asRecipient).toMatchObject({ ok: false, faults: [{ message: expect.stringContaining('is a private key') }] });
    expect(cut).toMatchObject({ ok: false, faults: [{ message: 'is not a private key of age' }] });
    expect(JSON.stringify([asRecipient, cut])).not.toContain(identity.slice(20, 30));
  });

  it('says what else was given as a private key', async () => {
    const { recipient } = await key();
    expect(parseIdentity(recipient)).toMatchObject({ ok: false, faults: [{ message: 'is a public key' }] });
    expect(parseIdentity('# nothing\n')).toMatchObject({ ok: false, faults: [{ message: 'has no private key in it' }] });
  });
});
