import { bad, good, quote, type Checked } from '../kit/checked.js';
import { controlCharacter, longLimit } from '../kit/limits.js';
import { map } from '../kit/map.js';

type KeyValue = readonly [string, string];

/** Sources of the regular expressions of the names of build arguments, labels and build secrets. */
const argumentPattern = '^[A-Za-z_][A-Za-z0-9_.-]{0,127}$';
const imageLabelPattern = '^[A-Za-z0-9_](?:[A-Za-z0-9_./-]{0,253}[A-Za-z0-9_])?$';
export const secretIdPattern = '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$';

/** `KEY=VALUE`; the value is everything after the first `=`. Messages name the key and never the value. */
export const parseKeyValue = (check: (key: string, value: string) => Checked<KeyValue>) => (text: string): Checked<KeyValue> => {
  const equals = text.indexOf('=');
  if (equals < 0) return bad('has no "="', 'Write one KEY=VALUE on each line; a value cannot have a line break.');
  return check(text.slice(0, equals).trim(), text.slice(equals + 1));
};

/** A build argument, as `ARG` in a Dockerfile names it. */
export function checkArgument(key: string, value: string): Checked<KeyValue> {
  if (new RegExp(argumentPattern).test(key)) return withoutControl(key, value);
  return bad(
    `has the name ${quote(key)}, which is not a valid name of a build argument`,
    'Use letters, digits and "_", as in the ARG line of the Dockerfile.',
  );
}

/** A label of an image, e.g. `org.opencontainers.image.title`. */
export function checkLabel(key: string, value: string): Checked<KeyValue> {
  if (new RegExp(imageLabelPattern).test(key)) return withoutControl(key, value);
  return bad(
    `has the name ${quote(key)}, which is not a valid name of a label`,
    'Use letters, digits, ".", "_", "-" and "/", e.g. org.opencontainers.image.title.',
  );
}

function withoutControl(key: string, value: string): Checked<KeyValue> {
  const fault = controlCharacter(value, true);
  return fault ? bad(`has ${quote(key)}, whose value ${fault.message}`, fault.hint) : good([key, value]);
}

const expects = 'a map of names and values';
export const buildArguments = map(checkArgument, {
  expects, limit: longLimit, names: { pattern: argumentPattern }, lines: { form: 'KEY=VALUE', parse: parseKeyValue(checkArgument) },
});
export const imageLabels = map(checkLabel, {
  expects, names: { pattern: imageLabelPattern }, lines: { form: 'KEY=VALUE', parse: parseKeyValue(checkLabel) },
});
