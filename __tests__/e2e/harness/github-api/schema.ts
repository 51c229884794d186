import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Call } from './call.js';
import { filled, type Schema } from './fill.js';

interface Operation {
  readonly query: Readonly<Record<string, Schema>>;
  readonly body?: Schema;
  /** By status; `null` for an answer without a body. */
  readonly answers: Readonly<Record<string, Schema | null>>;
}

interface Description {
  readonly operations: Readonly<Record<string, Operation>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

const described = JSON.parse(readFileSync(new URL('schema.json', import.meta.url), 'utf8')) as Description;
export const routes: readonly string[] = Object.keys(described.operations);

const ajv = new Ajv2020({ strict: false, allErrors: true, coerceTypes: false, schemas: { github: described as object } });
formats.default(ajv);
/** What is in a query is text, and means a number or a flag all the same. */
const loose = new Ajv2020({ strict: false, allErrors: true, coerceTypes: true, schemas: { github: described as object } });
formats.default(loose);

const known = new Map<string, ValidateFunction>();
const validator = (where: string, compiler: Ajv2020 = ajv): ValidateFunction => {
  const made = known.get(where) ?? compiler.compile({ $ref: `github#${where}` });
  known.set(where, made);
  return made;
};

/** `#/operations/POST ~1repos…/body`, as a pointer in a URL. */
const pointer = (...keys: readonly string[]): string => `/${keys.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

const faultsOf = (validate: ValidateFunction, value: unknown): readonly string[] =>
  (validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath || 'it'} ${message ?? 'is wrong'} ${JSON.stringify(params)}`));

/** What does not fit GitHub's description of a request. A parameter that it does not have is one too: GitHub ignores it, so it does nothing. */
export function faultsOfCall(route: string, { query, body }: Call): readonly string[] {
  const operation = described.operations[route];
  if (!operation) return [`${route} is not described`];
  const strangers = Object.keys(query).filter((name) => !Object.hasOwn(operation.query, name)).map((name) => `the query has ${name}`);
  const ofQuery = Object.keys(query).filter((name) => Object.hasOwn(operation.query, name))
    .flatMap((name) => faultsOf(validator(pointer('operations', route, 'query', name), loose), query[name]).map((fault) => `${name}: ${fault}`));
  if (!operation.body) return [...strangers, ...ofQuery, ...body === undefined ? [] : ['it has a body']];
  const allowed = operation.body['properties'] as object | undefined;
  const unknown = allowed ? Object.keys(body ?? {}).filter((name) => !Object.hasOwn(allowed, name)).map((name) => `the body has ${name}`) : [];
  return [...strangers, ...ofQuery, ...unknown, ...faultsOf(validator(pointer('operations', route, 'body')), body ?? {})];
}

/** What of an answer does not fit the description. */
export function faultsOfAnswer(route: string, status: number, body: unknown): readonly string[] {
  const schema = described.operations[route]?.answers[String(status)];
  if (schema === undefined) return [`${route} does not return ${status}`];
  if (schema === null) return body === undefined ? [] : [`${route} returns ${status} without a body`];
  return faultsOf(validator(pointer('operations', route, 'answers', String(status))), body);
}

/** A whole answer: what is given, and something that fits the description for every other field that must be there. */
export function whole(route: string, status: number, given: unknown): unknown {
  const schema = described.operations[route]?.answers[String(status)];
  return schema ? filled(schema, given, described.definitions) : given;
}
