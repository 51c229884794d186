import { good } from '../kit/checked.js';
import { convert, shortOr, type Kind, type Out } from '../kit/kind.js';
import { list } from '../kit/list.js';
import { object } from '../kit/object.js';
import { flag } from '../kit/text.js';
import { section } from '../setting.js';
import { age } from '../values/age.js';
import { argument } from '../values/argument.js';
import { duration } from '../values/duration.js';
import { hostName } from '../values/host-name.js';
import { port } from '../values/port.js';
import { reasonOf } from '../values/reason.js';

const copy = object({
  hosts: {
    description: 'More names under which the workload reaches the database, such as that of a connection pooler. In the rehearsal, they lead to the copy.',
    default: 'only the names of the Services that select its pod', kind: list(hostName, { expects: 'a list of host names' }),
  },
  port: { description: 'Port on which the workload reaches the database.', default: 'that of the Services', kind: port },
}, { expects: '`true`, `false`, or a map with `hosts` and `port`' });
type Copy = Out<typeof copy>;
/** `true`, or how the workload reaches its database. */
const rehearse: Kind<Copy | false> = shortOr<Copy | false>(convert(flag, (isOn) => good(isOn ? {} : false)), copy);

export const migrate = section('Migrations', ['deploy', 'rollout', 'pr-check'], {
  'migrate': {
    description: 'Migration of the database before the rollout. It runs as a Job with the new image, and the environment and service account of the workload. docs/migrations.md has the details.',
    examples: [{ run: 'npm run db:migrate', reversible: 'npm run db:rollback' }],
    kind: object({
      run: { needed: true, description: 'Command that migrates, started in the new image. With characters of a shell in it, `sh -c` of the image runs it.', kind: argument('a command') },
      workload: { description: 'Workload whose environment, volumes and service account the Job gets.', default: 'the first of `workloads`', kind: argument('a workload') },
      database: { description: 'Name of the database under `databases` that is migrated.', default: 'the only one with `engine: postgres`', kind: argument('the name of a database') },
      backup: {
        description: 'The backup that must exist before.',
        kind: object({
          'max-age': { description: 'Age of the last verified backup up to which no new one is made.', fallback: '15m', kind: age },
          off: { description: 'Why the migration needs no backup; it is recorded. Without it, there is one.', kind: reasonOf('Explain in a few words why the migration needs no backup.') },
        }),
      },
      rehearse: {
        description: '`true`: run the migration on a restored copy of the database first, which runs in the same pod. A map says how the workload reaches the database, where the Services of its pod do not.',
        fallback: 'false', examples: [true, { hosts: ['pgbouncer'], port: 6432 }], kind: rehearse,
      },
      reversible: {
        description: 'Command that undoes the migration, which is run with the new image before a rollback. `false`: it cannot be undone; then a failed rollout is not rolled back unless `force` is `true`.',
        default: 'unknown: a rollback restores the image alone and says so', kind: argument('a command or false'),
      },
      force: { description: '`true`: roll the image back although the migration cannot be undone.', fallback: 'false', kind: flag },
      timeout: { description: 'Maximum duration of the migration.', fallback: '10m', kind: duration },
    }),
  },
});

export type GivenMigrate = Out<typeof migrate.settings.migrate.kind>;
