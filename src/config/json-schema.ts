import { mapValues } from './kit/record.js';
import type { JsonSchema } from './kit/kind.js';
import { fieldSchema } from './kit/object.js';
import { fileSettings, settings } from './settings.js';

const base = 'https://raw.githubusercontent.com/acci/deploy-action/v1/schema';

/**
 * The JSON Schema (draft 7, as editors have it) of the settings file. It accepts what the parser accepts, except that
 * the parser also judges what a schema cannot: names of workloads, the range of durations, settings that need each other.
 */
export function settingsJsonSchema(): JsonSchema {
  const references = Object.fromEntries(fileSettings.map((name) => [name, { $ref: `#/definitions/${name}` }]));
  const definitions = Object.fromEntries(fileSettings.map((name) => [name, inLayers(fieldSchema(settings[name]))]));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: `${base}/deploy.schema.json`,
    title: 'Settings of a deployment',
    description: 'Settings at the top apply to every environment. Settings of the chosen environment override them.',
    type: 'object',
    properties: {
      ...references,
      environments: {
        description: 'Settings of each environment that differ, by its name. Maps are merged key by key; everything else is replaced.',
        type: 'object',
        propertyNames: { pattern: '\\S' },
        additionalProperties: { anyOf: [{ $ref: '#/definitions/environment' }, { type: 'null' }] },
      },
    },
    additionalProperties: false,
    definitions: {
      ...definitions,
      environment: { type: 'object', properties: references, additionalProperties: false },
    },
  };
}

/** A section as one layer may give it: what it lacks may be in another one. */
function inLayers({ required: _required, ...schema }: JsonSchema): JsonSchema {
  const { properties, anyOf } = schema as { properties?: Readonly<Record<string, JsonSchema>>; anyOf?: readonly JsonSchema[] };
  return { ...schema, ...(properties ? { properties: mapValues(properties, inLayers) } : {}), ...(anyOf ? { anyOf: anyOf.map(inLayers) } : {}) };
}
