import type { Server } from '../engine.js';
import { identifier, literal } from './quote.js';
import type { Session } from './session.js';

export interface DatabaseOptions {
  readonly owner?: string;
  /** Named only if it is not that of template0: the user needs a permission for it then. */
  readonly tablespace?: string;
  /** -1: none. */
  readonly connectionLimit?: number;
}

/** Creates an empty database with the encoding and locale of another one. @param settings of its server, as facts.ts reads them */
export async function createDatabase(session: Session, name: string, settings: Server['settings'], options: DatabaseOptions = {}): Promise<void> {
  const { encoding, collate, ctype, provider, locale } = settings;
  const parts = [
    'TEMPLATE template0',
    options.owner && `OWNER ${identifier(options.owner)}`,
    encoding && `ENCODING ${literal(encoding)}`,
    collate && `LC_COLLATE ${literal(collate)}`,
    ctype && `LC_CTYPE ${literal(ctype)}`,
    // Before PostgreSQL 15 there is only libc, and no word for it.
    provider === 'i' && locale && `LOCALE_PROVIDER icu ICU_LOCALE ${literal(locale)}`,
    provider === 'i' && settings['icu-rules'] && `ICU_RULES ${literal(settings['icu-rules'])}`,
    provider === 'b' && locale && `LOCALE_PROVIDER builtin BUILTIN_LOCALE ${literal(locale)}`,
    provider === 'c' && 'LOCALE_PROVIDER libc',
    options.tablespace && `TABLESPACE ${identifier(options.tablespace)}`,
    options.connectionLimit !== undefined && options.connectionLimit >= 0 && `CONNECTION LIMIT ${options.connectionLimit}`,
  ];
  await session.run(`CREATE DATABASE ${identifier(name)} ${parts.filter(Boolean).join(' ')}`, 120_000);
}
