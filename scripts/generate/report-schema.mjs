import { toJsonSchema } from '@valibot/to-json-schema';

/** @typedef {import('./source.mjs').Source} Source */

/**
 * The JSON Schema of report.json.
 *
 * @param {Pick<Source, 'report' | 'reportDefinitions'>} source
 */
export const reportJsonSchema = ({ report, reportDefinitions }) => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'https://raw.githubusercontent.com/acci/deploy-action/v1/schema/report.schema.json',
  title: 'Report of a deployment',
  description: 'The content of report.json. Every field is always present, and null when it has no value. New fields may be added; '
    + '`schema` is increased when a field changes its meaning.',
  ...toJsonSchema(report, { target: 'draft-07', definitions: reportDefinitions, overrideSchema: ({ jsonSchema }) => withNull(jsonSchema) }),
});

/**
 * `{ type: ['string', 'null'] }`, which is easier to read than an `anyOf` of both.
 *
 * @param {import('@valibot/to-json-schema').JsonSchema} schema
 */
function withNull({ anyOf: [value, nothing] = [], ...rest }) {
  if (typeof value !== 'object' || typeof value.type !== 'string' || value.type === 'object' || typeof nothing !== 'object' || nothing.type !== 'null') return undefined;
  return { ...value, type: [value.type, nothing.type], ...rest };
}
