import type { Taker } from '../../outcome/action.js';
import type { Out } from '../kit/kind.js';
import { list } from '../kit/list.js';
import { named } from '../kit/named.js';
import { object } from '../kit/object.js';
import { flag, word } from '../kit/text.js';
import { section } from '../setting.js';
import { argument, path } from '../values/argument.js';
import { databasePassword, parseDatabaseName, selector } from '../values/database.js';
import { label } from '../values/kubernetes-names.js';
import { secretReference } from '../values/secret-reference.js';

/** What saves, restores or migrates data. */
export const dataActions: readonly Taker[] = ['backup', 'restore', 'deploy', 'rollout', 'pr-check'];

const fields = {
  engine: { needed: true, description: 'Kind of the database.', kind: word(['postgres', 'redis']) },
  pod: {
    description: 'Labels of its pod in the namespace. Exactly one pod must have them, be ready, and be the primary. Its programs are started in it.',
    examples: ['app.kubernetes.io/name=postgresql'], kind: selector,
  },
  container: { description: 'Container of the pod.', default: 'the only one, or the one whose name contains the engine', kind: label('the name of a container') },
  url: { description: 'Its address with user, password and database, as `env:NAME`. The programs of the engine must be installed on this machine.', kind: secretReference },
  service: { description: 'Its service of Docker Compose. Its programs are started in the container of the service.', kind: argument('the name of a service') },
  'compose-files': { description: 'The compose files of `service`.', default: 'those that `docker compose` finds', kind: list(path, { expects: 'a list of paths' }) },
  database: {
    description: 'Name of the database on its server; the number of the database with `engine: redis`.', default: 'the name of the user; `0` with `engine: redis`',
    kind: argument('the name of a database'),
  },
  user: { description: 'User who logs in. It needs to be able to read everything.', default: '`postgres`; none with `engine: redis`', kind: argument('a user name') },
  password: { description: 'Password of the user: `env:NAME`, or `secret/NAME/KEY` for a key of a Secret in the namespace.', default: 'none, as for a local login', kind: databasePassword },
  cache: {
    description: '`true`: it only has copies of data that is elsewhere. A restore empties it instead of restoring it. Only with `engine: redis`.',
    fallback: 'false', kind: flag,
  },
} as const;

export const databases = section('Databases', dataActions, {
  'databases': {
    description: 'The databases of the app, by names of your own. docs/backup.md has the details.',
    examples: [{ main: { engine: 'postgres', pod: 'app.kubernetes.io/name=postgresql', database: 'acci', user: 'acci', password: 'secret/postgresql/password' } }],
    kind: named(object(fields), { expects: 'a map of databases by names of your own', parse: parseDatabaseName }),
  },
  'database': {
    actions: ['backup', 'restore'], inFile: false,
    description: 'Name of the database under `databases`, if there are several.',
    descriptionFor: { backup: 'Names of the databases under `databases` that are backed up, separated by commas.' },
    default: 'the only one; all of them in a backup',
    kind: list(argument('the name of a database'), { expects: 'a list of databases', separator: ',' }),
  },
});

export type GivenDatabases = Out<typeof databases.settings.databases.kind>;
