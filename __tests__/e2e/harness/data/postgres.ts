import { randomBytes } from 'node:crypto';
import type { Any } from '../api.js';
import { eventually } from '../environment.js';
import type { Space } from '../namespace.js';
import { statefulset } from '../workloads.js';
import { contentsSql, fillSql, type Filling } from './filling.js';
import { inPod, outputInPod, type Ended } from './in-pod.js';
import type { Lab } from './lab.js';

export interface PostgresOptions {
  /** Of the StatefulSet, its Service, its Secret and its container. */
  readonly name?: string;
  readonly user?: string;
  readonly database?: string;
  /** More variables of the container. */
  readonly env?: Readonly<Record<string, string>>;
  /** Merged over the container. */
  readonly container?: Any;
  /** Merged over the pod's spec. */
  readonly pod?: Any;
}

/** A PostgreSQL in the cluster, whose data lasts as long as its pod. */
export interface Postgres {
  readonly name: string;
  readonly pod: string;
  readonly user: string;
  readonly database: string;
  readonly password: string;
  /** What psql prints: a line a row, columns separated by `|`. Throws its message. */
  sql(text: string, database?: string): Promise<string>;
  /** Creates one of each kind of object; see filling.ts. */
  fill(filling: Filling, database?: string): Promise<void>;
  /** `schema.table` or `schema.view` → number of rows and a hash of all of them: equal where the rows are equal. */
  contents(database?: string): Promise<Readonly<Record<string, string>>>;
  /** Runs a command in its container. */
  run(command: readonly string[], input?: string | Buffer): Promise<Ended>;
  /** A URL that this machine reaches: with the address of the pod, so no longer than that lives. */
  url(database?: string): Promise<string>;
}

/** A StatefulSet as the charts make it, with a Service and a Secret `NAME` with the key `postgres-password`. Resolves when it is ready. */
export async function postgres(space: Space, lab: Lab, options: PostgresOptions = {}): Promise<Postgres> {
  const { objects, open } = postgresObjects(lab, options);
  await space.apply(...objects);
  await space.rolledOut('StatefulSet', objects.at(-1).metadata.name);
  return open(space);
}

/** Objects, and what they become in a namespace. */
export interface Made<T> {
  readonly objects: readonly Any[];
  open(space: Space): T;
}

/** The objects of one, for whoever else applies them, and how it is reached in a namespace once it is ready. */
export function postgresObjects({ postgres: { image } }: Lab, options: PostgresOptions = {}): Made<Postgres> {
  const { name = 'postgresql', user = 'postgres', database = 'app' } = options;
  const password = randomBytes(12).toString('base64url');
  const objects = [
    { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { 'postgres-password': password } },
    {
      apiVersion: 'v1', kind: 'Service', metadata: { name },
      spec: { selector: { app: name }, ports: [{ name: 'postgresql', port: 5432, targetPort: 'postgresql' }] },
    },
    statefulset(name, { ...workload(name, { user, database }, options), image }),
  ];
  return { objects, open: (space) => connected(space, { name, user, database, password }) };
}

function workload(name: string, { user, database }: { user: string; database: string }, options: PostgresOptions): Any {
  const env = { POSTGRES_USER: user, POSTGRES_DB: database, ...options.env };
  return {
    replicas: 1, labels: { 'app.kubernetes.io/name': 'postgresql', 'app.kubernetes.io/instance': name },
    container: {
      ports: [{ name: 'postgresql', containerPort: 5432 }],
      env: [
        ...Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
        { name: 'POSTGRES_PASSWORD', valueFrom: { secretKeyRef: { name, key: 'postgres-password' } } },
      ],
      // While it is initialized, the server listens only on its socket: by TCP it is not ready too early.
      readinessProbe: { exec: { command: ['pg_isready', '--quiet', '--username', user, '--host', '127.0.0.1'] }, periodSeconds: 1, timeoutSeconds: 5 },
      volumeMounts: [{ name: 'data', mountPath: '/var/lib/postgresql' }],
      ...options.container,
    },
    pod: { volumes: [{ name: 'data', emptyDir: {} }], ...options.pod },
  };
}

function connected(space: Space, of: Pick<Postgres, 'name' | 'user' | 'database' | 'password'>): Postgres {
  const pod = `${of.name}-0`;
  const container = { pod, name: of.name };
  const sql: Postgres['sql'] = (text, database = of.database) => outputInPod(space, container, [
    'psql', '--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set', 'ON_ERROR_STOP=1', '--username', of.user, '--dbname', database,
  ], text);
  return {
    ...of, pod, sql,
    fill: async (filling, database) => {
      await sql(fillSql(filling), database);
    },
    contents: async (database) => JSON.parse(await sql(contentsSql, database)) as Record<string, string>,
    run: (command, input) => inPod(space, container, command, input),
    url: async (database = of.database) => {
      const address = await eventually(`${pod} has an address`, async () => (await space.get('Pod', pod))?.status?.podIP as string | undefined);
      return `postgresql://${encodeURIComponent(of.user)}:${encodeURIComponent(of.password)}@${address}:5432/${encodeURIComponent(database)}`;
    },
  };
}
