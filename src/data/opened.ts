import type { DatabaseConfig } from '../config/config.js';
import type { Database, Engine, Login } from './engine.js';
import type { Reach } from './place.js';

/** A database of the settings that answers. Whoever opens it closes it. */
export interface OpenedDatabase {
  readonly config: DatabaseConfig;
  readonly engine: Engine;
  readonly reach: Reach;
  readonly login: Login;
  readonly database: Database;
  close(): Promise<void>;
}
