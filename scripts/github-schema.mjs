/**
 * Writes the part of GitHub's published API description that the tests' own GitHub (`__tests__/e2e/harness/github-api/`) answers by.
 *
 *   npm pack @octokit/openapi@23.0.2 && tar -xf octokit-openapi-23.0.2.tgz
 *   node scripts/github-schema.mjs package/generated/api.github.com.json 23.0.2
 *
 * The package has 436 MB and is no dependency: what is taken of it changes when an operation is added here.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** @typedef {{ readonly [key: string]: unknown }} Schema */

/** What the tests' GitHub knows. Those with `loose` have answers of 100 kB of schema, of which nobody reads more than the top. */
const operations = [
  { route: 'GET /repos/{owner}/{repo}/deployments' },
  { route: 'POST /repos/{owner}/{repo}/deployments' },
  { route: 'GET /repos/{owner}/{repo}/deployments/{deployment_id}' },
  { route: 'GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses' },
  { route: 'POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses' },
  { route: 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments' },
  { route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments' },
  { route: 'GET /repos/{owner}/{repo}/issues/comments/{comment_id}' },
  { route: 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}' },
  { route: 'DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}' },
  { route: 'POST /repos/{owner}/{repo}/check-runs' },
  { route: 'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}' },
  { route: 'GET /repos/{owner}/{repo}/pulls/{pull_number}', loose: true },
  { route: 'GET /repos/{owner}/{repo}/pulls/{pull_number}/files' },
  { route: 'GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs', loose: true },
];

const [, , path = '', version = ''] = process.argv;
if (path === '' || version === '') {
  console.error('Usage: node scripts/github-schema.mjs FILE VERSION');
  process.exit(1);
}
/** @type {any} */
const source = JSON.parse(readFileSync(path, 'utf8'));
/** @type {Record<string, unknown>} */
const definitions = {};

/** @param {string} reference `#/components/schemas/deployment` */
const lookUp = (reference) => reference.slice(2).split('/').reduce((/** @type {any} */ at, key) => at[key], source);

/** Words for people, and for programs that make code of a schema. */
const dropped = new Set(['description', 'title', 'example', 'examples', 'externalDocs', 'deprecated', 'default', 'x-github', 'x-multi-segment', 'x-githubEnterpriseOnly']);

/**
 * A schema of OpenAPI 3.0 as JSON Schema: `null` is a type, and a reference leads to `definitions`.
 *
 * @param {any} schema
 * @param {boolean} loose whether what is inside is left out
 * @returns {any}
 */
function converted(schema, loose = false, depth = 0) {
  if (Array.isArray(schema)) return schema.map((each) => converted(each, loose, depth));
  if (typeof schema !== 'object' || schema === null) return schema;
  if (typeof schema.$ref === 'string') return loose && depth > 1 ? {} : referred(schema.$ref, loose, depth);
  if (loose && depth > 1 && (schema.properties || schema.allOf || schema.anyOf || schema.oneOf)) return {};
  const { nullable, properties, ...rest } = schema;
  const own = Object.fromEntries(Object.entries(rest).filter(([key]) => !dropped.has(key)).map(([key, value]) => [key, converted(value, loose, depth)]));
  const fields = properties && { properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, converted(each, loose, depth + 1)])) };
  return orNull({ ...own, ...fields }, nullable === true);
}

/** @param {any} schema @param {boolean} nullable */
function orNull(schema, nullable) {
  if (!nullable) return schema;
  if (schema.enum) return { ...schema, type: undefined, enum: [...new Set([...schema.enum, null])] };
  return schema.type ? { ...schema, type: [schema.type, 'null'].flat() } : { anyOf: [schema, { type: 'null' }] };
}

/** @param {string} reference @param {boolean} loose @param {number} depth */
function referred(reference, loose, depth) {
  const target = lookUp(reference);
  if (loose) return converted(target, loose, depth);
  const name = reference.split('/').at(-1) ?? '';
  if (!Object.hasOwn(definitions, name)) {
    definitions[name] = true;
    definitions[name] = converted(target);
  }
  return { $ref: `#/definitions/${name}` };
}

/** Follows a reference. @param {any} each */
const found = (each) => (each.$ref ? lookUp(each.$ref) : each);

/** @param {string} route @param {boolean} loose */
function operationOf(route, loose) {
  const [method = '', address = ''] = route.split(' ');
  const operation = source.paths[address]?.[method.toLowerCase()];
  if (!operation) throw new Error(`${route} is not in ${path}`);
  const parameters = [...source.paths[address].parameters ?? [], ...operation.parameters ?? []].map(found);
  const query = parameters.filter((/** @type {any} */ each) => each.in === 'query').map((/** @type {any} */ each) => [each.name, converted(each.schema)]);
  const body = operation.requestBody?.content?.['application/json']?.schema;
  const answers = Object.entries(operation.responses).filter(([status]) => /^2/.test(status)).map(([status, answer]) => {
    const schema = found(answer).content?.['application/json']?.schema;
    return [status, schema ? converted(schema, loose) : null];
  });
  return { query: Object.fromEntries(query), body: body && converted(body), answers: Object.fromEntries(answers) };
}

/**
 * A line for each operation and each definition, so a change of the version shows which of them differ.
 *
 * @param {Readonly<Record<string, unknown>>} value
 */
const lines = (value) => `{\n${Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${typeof each === 'object' && each !== null
  ? `{\n${Object.entries(each).map(([key, inner]) => ` ${JSON.stringify(key)}: ${JSON.stringify(inner)}`).join(',\n')}\n}` : JSON.stringify(each)}`).join(',\n')}\n}`;

const written = {
  source: `@octokit/openapi ${version}, api.github.com.json: the description of GitHub's REST API that GitHub publishes (https://github.com/github/rest-api-description)`,
  license: 'MIT, Copyright (c) 2020 Octokit contributors',
  operations: Object.fromEntries(operations.map(({ route, loose = false }) => [route, operationOf(route, loose)])),
  definitions,
};
const target = join(dirname(dirname(fileURLToPath(import.meta.url))), '__tests__', 'e2e', 'harness', 'github-api', 'schema.json');
writeFileSync(target, `${lines(written)}\n`);
console.log(`${target}: ${Object.keys(definitions).length} schemas`);
