/** A JSON Schema. */
export type Schema = Readonly<Record<string, unknown>>;
type Definitions = Readonly<Record<string, Schema>>;

/** The value, with something that fits the schema for every field that must be there and is not given. */
export function filled(schema: Schema, given: unknown, definitions: Definitions): unknown {
  const target = resolved(schema, definitions);
  if (Array.isArray(given)) return given.map((each) => filled(target['items'] as Schema ?? {}, each, definitions));
  if (given === undefined) return anything(target, definitions);
  if (typeof given !== 'object' || given === null) return given;
  const properties = target['properties'] as Readonly<Record<string, Schema>> | undefined ?? {};
  const required = target['required'] as readonly string[] | undefined ?? [];
  const values = given as Readonly<Record<string, unknown>>;
  const names = [...new Set([...required, ...Object.keys(values)])].filter((name) => Object.hasOwn(values, name) || required.includes(name));
  return Object.fromEntries(names.map((name) => [name, filled(properties[name] ?? {}, values[name], definitions)]));
}

function resolved(schema: Schema, definitions: Definitions): Schema {
  const reference = schema['$ref'];
  if (typeof reference === 'string') return resolved(definitions[reference.split('/').at(-1) ?? ''] ?? {}, definitions);
  const parts = schema['allOf'] as readonly Schema[] | undefined;
  if (parts) return Object.assign({}, ...parts.map((part) => resolved(part, definitions))) as Schema;
  const choices = (schema['anyOf'] ?? schema['oneOf']) as readonly Schema[] | undefined;
  return choices ? resolved(choices[0] ?? {}, definitions) : schema;
}

/** The simplest value that fits. */
function anything(schema: Schema, definitions: Definitions): unknown {
  const choices = schema['enum'] as readonly unknown[] | undefined;
  if (choices) return choices[0];
  const type = schema['type'];
  const types = (Array.isArray(type) ? type : [type]) as readonly unknown[];
  if (types.includes('null')) return null;
  if (types.includes('object')) return filled(schema, {}, definitions);
  if (types.includes('array')) return [];
  if (types.includes('integer') || types.includes('number')) return 0;
  if (types.includes('boolean')) return false;
  const formats: Readonly<Record<string, string>> = { 'date-time': '2026-01-01T00:00:00Z', 'uri': 'https://api.github.com/anything', 'email': 'octocat@github.example' };
  return types.includes('string') ? formats[String(schema['format'])] ?? '' : {};
}
