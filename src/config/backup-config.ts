import { bad, good, type Checked } from './kit/checked.js';
import { defined } from './kit/record.js';
import { content, password, token, type ReferencedSecrets, type SecretForm } from './referenced-secrets.js';
import type { BackupChoice } from './values/backup-choice.js';
import type { GivenBackup } from './sections/backup.js';
import type { StoreConfig } from './values/store-config.js';
import { parseIdentity } from './values/identity.js';

/** Which secrets a run needs: a backup signs, a restore decrypts, a check of its age only reads. A migration does both, unless nothing is encrypted. */
export type BackupUse = 'backup' | 'check' | 'restore' | 'migration';

/** How backups are made, kept and read, with the secrets that are in the environment. */
export const backupOf = (given: GivenBackup, use: BackupUse, secrets: ReferencedSecrets) => {
  const [accessKey, secretKey] = [given['access-key'] && secrets.needed(given['access-key'], token), given['secret-key'] && secrets.needed(given['secret-key'], password)];
  return defined({
    store: defined<StoreConfig>({
      to: given.to, endpoint: given.endpoint, region: given.region, pathStyle: given['path-style'], sse: given.sse, kmsKey: given['kms-key'],
      storageClass: given['storage-class'], image: given.image,
      /** Undefined: the usual ones of AWS in the environment. */
      credentials: accessKey === undefined || secretKey === undefined ? undefined : { accessKey, secretKey },
    }),
    /** The backup that is meant. */
    choice: given.choice ?? { by: 'latest' } as BackupChoice,
    /** Empty: not encrypted. */
    recipients: given.encrypt ? given.recipients ?? [] : [],
    /** Text of the private keys. */
    identity: identityOf(given, use, secrets),
    /** Private key, PEM. */
    signingKey: given.sign && (use === 'backup' || use === 'migration') ? secrets.needed(given.sign, signingKey) : undefined,
    /** Public key, PEM; undefined: signatures are not required. */
    signedBy: given['signed-by'],
    verify: given.verify, rows: given.rows, assertions: given.assertions ?? [], allowSmaller: given['allow-smaller'],
    /** Whether to look for a tool that archives the WAL, and whether it makes a backup. */
    pointInTime: given['point-in-time'],
    /** Undefined: all of them stay. */
    retention: given.retention,
    /** ms; undefined: no limit. */
    rpoMs: given.rpo,
    /** Of the dump, and of each restore, ms. */
    timeoutMs: given.timeout,
  });
};
export type BackupConfig = ReturnType<typeof backupOf>;

/** A backup never has it: who can make backups need not be able to read them. */
function identityOf({ identity: given }: GivenBackup, use: BackupUse, secrets: ReferencedSecrets): string | undefined {
  if (given === undefined || use === 'backup' || use === 'check') return undefined;
  return use === 'restore' ? secrets.needed(given, identity) : secrets.optional(given, identity, 'nothing that is encrypted can be read');
}

const identity: SecretForm<string> = { ...content, parse: (text) => parseIdentity(text) };

const parseKey = (text: string): Checked<string> => (/^-----BEGIN PRIVATE KEY-----[\s\S]+-----END PRIVATE KEY-----\s*$/.test(text)
  ? good(text)
  : bad('is not a private key in PEM', 'Create one with `openssl genpkey -algorithm ed25519`.'));
const signingKey: SecretForm<string> = { ...content, parse: parseKey };
