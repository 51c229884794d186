import type { JsonSchema } from './kinds.js';
import type { ActionName } from '../outcome/action.js';
import { descriptionOf } from './setting.js';
import { fileSettings, settings, type SettingName } from './settings.js';

const base = 'https://raw.githubusercontent.com/acci/deploy-action/v1/schema';

/** One paragraph for people: what a setting means (to one action, or in general) and what holds without it. */
export function describeSetting(name: SettingName, action?: ActionName): string {
  const description = descriptionOf(settings[name], action);
  const fallback = settings[name].default;
  return fallback === undefined ? description : `${description} Default: ${fallback}.`;
}

/**
 * The JSON Schema (draft 7, as editors have it) of the settings file. It accepts what the parser accepts, except that
 * the parser also judges what a schema cannot: names of workloads, the range of durations, settings that need each other.
 */
export function settingsJsonSchema(): JsonSchema {
  const references = Object.fromEntries(fileSettings.map((name) => [name, { $ref: `#/definitions/${name}` }]));
  const definitions = Object.fromEntries(fileSettings.map((name) => [name, {
    description: describeSetting(name),
    ...settings[name].kind.schema,
    ...(settings[name].examples.length > 0 ? { examples: settings[name].examples } : {}),
  }]));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: `${base}/deploy.schema.json`,
    title: 'Settings of a deployment',
    description: 'Settings at the top hold for every environment; those of the environment that is deployed to win over them.',
    type: 'object',
    properties: {
      ...references,
      environments: {
        description: 'What differs in each environment, by its name. Maps are joined name by name, everything else is replaced.',
        type: 'object',
        propertyNames: { pattern: '\\S' },
        additionalProperties: { anyOf: [{ $ref: '#/definitions/environment' }, { type: 'null' }] },
      },
    },
    additionalProperties: false,
    definitions: {
      ...definitions,
      environment: { type: 'object', properties: references, additionalProperties: false },
      status: { description: 'A status code of HTTP.', type: 'integer', minimum: 100, maximum: 599 },
    },
  };
}
