import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as v from 'valibot';
import { checkShape, JsonError, readJson, tryJson } from '../../src/ports/json.js';
import { anyCharacter } from '../any-character.js';

const schema = v.object({
  phase: v.picklist(['changing', 'verified']),
  digest: v.optional(v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{4}$/))),
  seconds: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  labels: v.optional(v.record(v.string(), v.nullable(v.string()))),
  targets: v.optional(v.array(v.variant('type', [
    v.object({ type: v.literal('url'), url: v.string() }),
    v.object({ type: v.literal('service'), name: v.string() }),
  ]))),
  done: v.optional(v.boolean()),
  after: v.optional(v.object({ at: v.union([v.string(), v.number()]) })),
});

function problemOf(text: string): JsonError {
  try {
    readJson(text, schema, 'The record');
  } catch (error) {
    if (error instanceof JsonError) return error;
    throw error;
  }
  throw new Error(`${text} was read.`);
}

describe('JSON from outside', () => {
  it('is the value, with the fields that are declared', () => {
    expect(readJson('{"phase":"changing","seconds":3,"newer":true}', schema, 'The record')).toEqual({ phase: 'changing', seconds: 3 });
  });

  it.each([
    ['', 'The record is empty'],
    [' \n', 'The record is empty'],
    ['<html>\n502', 'The record is not JSON: it starts with "<html>\\n502"'],
    ['{"phase":', 'The record is truncated JSON: it ends with "{\\"phase\\":"'],
    ['{"phase":"changing"', 'The record is truncated JSON: it ends with "{\\"phase\\":\\"changing\\""'],
    ['{"phase":"chan', 'The record is truncated JSON: it ends with "{\\"phase\\":\\"chan"'],
    ['{"phase":"changing"}}', 'The record is not valid JSON at character 21: "}"'],
    ['null', 'The record must be an object, not null'],
    ['"text"', 'The record must be an object, not "text"'],
    ['[{"phase":"changing"}]', 'The record must be an object, not [{"phase":"changing"}]'],
    ['{}', 'The record lacks phase'],
    ['{"phase":"verifying"}', 'The record must have "changing" or "verified" as phase, not "verifying"'],
    ['{"phase":"changing","digest":"abc"}', 'The record must have text that matches /^sha256:[0-9a-f]{4}$/ as digest, not "abc"'],
    ['{"phase":"changing","digest":null}', 'The record must have a string as digest, not null'],
    ['{"phase":"changing","seconds":1.5}', 'The record must have an integer as seconds, not 1.5'],
    ['{"phase":"changing","seconds":-1}', 'The record must have a value >=0 as seconds, not -1'],
    ['{"phase":"changing","labels":{"a b":[]}}', 'The record must have a string as labels["a b"], not []'],
    ['{"phase":"changing","targets":{}}', 'The record must have a list as targets, not {}'],
    ['{"phase":"changing","targets":[{"type":"url","url":"u"},{"type":"service"}]}', 'The record lacks targets[1].name'],
    ['{"phase":"changing","targets":[{"type":"tcp"}]}', 'The record must have "url" or "service" as targets[0].type, not "tcp"'],
    ['{"phase":"changing","done":"yes"}', 'The record must have true or false as done, not "yes"'],
    ['{"phase":"changing","after":{"at":true}}', 'The record must have a string or a number as after.at, not true'],
  ])('%s: %s', (text, message) => {
    expect(problemOf(text).message).toBe(message);
  });

  it('shows at most the beginning of what is there instead', () => {
    expect(problemOf(`{"phase":"${'x'.repeat(5000)}"}`).message).toMatch(/^The record must have "changing" or "verified" as phase, not "x{79}…$/);
    expect(problemOf('<'.repeat(5000)).message).toMatch(/^The record is not JSON: it starts with "<{79}…$/);
  });

  it.each(['{"phase":"hunter2"}', 'hunter2', '{"phase": hunter2}', '{"phase":"hunter2'])('has a problem without anything of the text: %s', (text) => {
    expect(problemOf(text).problem).not.toContain('hunter2');
  });

  it('is either read or refused with a JsonError, whatever the text is', () => {
    const readOrRefused = (text: string): void => {
      try {
        readJson(text, schema, 'The record');
      } catch (error) {
        if (!(error instanceof JsonError)) throw error;
      }
    };
    fc.assert(fc.property(fc.oneof(fc.json(), fc.string({ unit: anyCharacter })), readOrRefused));
  });

  it('may be something else where that is no problem', () => {
    expect(tryJson('{"phase":"verified"}', schema)).toEqual({ phase: 'verified' });
    expect(tryJson('{"phase":1}', schema)).toBeUndefined();
    expect(tryJson('OK', schema)).toBeUndefined();
  });

  it.each(['null', ' true\n', 'false', '5', '-5', '"a"', ' [1] ', '\t{}', 'nullify', 'truth', 'nothing', '+1', '\ufeff{}', '', ' ', '<html>', '{', '-', '[1', '"a'])('is read as JSON.parse reads it: %j', (text) => {
    const parsed = (): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        return undefined;
      }
    };
    expect(tryJson(text, v.unknown())).toEqual(parsed());
  });

  it('may be parsed before', () => {
    expect(checkShape({ phase: 'verified' }, schema, 'The state')).toEqual({ phase: 'verified' });
    expect(() => checkShape({ phase: 1 }, schema, 'The state')).toThrow('The state must have "changing" or "verified" as phase, not 1');
  });
});
