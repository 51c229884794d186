/*
 * The wire format of Protocol Buffers (https://protobuf.dev/programming-guides/encoding/), as far as traces need it. Written
 * from its description and not with the serializer that it checks.
 */

interface Field { readonly number: number; readonly value: Uint8Array | bigint }

function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    for (let [value, shift] = [0n, 0n]; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('the message is cut');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const [number, type] = [tag >> 3, tag & 7];
    if (type === 0) yield { number, value: varint() };
    else if (type === 1 || type === 5) {
      const size = type === 1 ? 8 : 4;
      const view = new DataView(bytes.buffer, bytes.byteOffset + at, size);
      yield { number, value: type === 1 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true)) };
      at += size;
    } else if (type === 2) {
      const size = Number(varint());
      if (at + size > bytes.length) throw new Error('the message is cut');
      yield { number, value: bytes.subarray(at, at + size) };
      at += size;
    } else throw new Error(`wire type ${type}`);
  }
}

const text = (value: Field['value']): string => Buffer.from(value as Uint8Array).toString('utf8');
const hex = (value: Field['value']): string => Buffer.from(value as Uint8Array).toString('hex');

type Read = (value: Field['value']) => unknown;
/** Number of a field → its name, how it is read, and whether there may be several. */
type Message = Readonly<Record<number, readonly [name: string, read: Read, many?: 'many']>>;

const message = (shape: Message): Read => (value) => {
  const found: Record<string, unknown> = {};
  for (const { number, value: inner } of fieldsOf(value as Uint8Array)) {
    const [name, read, many] = shape[number] ?? [`field${number}`, () => 'unknown'];
    if (many) found[name] = [...(found[name] as unknown[] | undefined) ?? [], read(inner)];
    else found[name] = read(inner);
  }
  return found;
};

const anyValue: Read = (value) => message({ 1: ['stringValue', text], 3: ['intValue', String], 5: ['arrayValue', message({ 1: ['values', anyValue, 'many'] })] })(value);
const keyValue = message({ 1: ['key', text], 2: ['value', anyValue] });
const attributes = ['attributes', keyValue, 'many'] as const;

/** `ExportTraceServiceRequest` as its JSON would be: https://github.com/open-telemetry/opentelemetry-proto */
export const readExport = message({
  1: ['resourceSpans', message({
    1: ['resource', message({ 1: attributes, 2: ['droppedAttributesCount', Number] })],
    2: ['scopeSpans', message({
      1: ['scope', message({ 1: ['name', text] })],
      2: ['spans', message({
        1: ['traceId', hex], 2: ['spanId', hex], 3: ['traceState', text], 4: ['parentSpanId', hex], 5: ['name', text], 6: ['kind', Number],
        7: ['startTimeUnixNano', String], 8: ['endTimeUnixNano', String], 9: attributes, 10: ['droppedAttributesCount', Number], 12: ['droppedEventsCount', Number],
        14: ['droppedLinksCount', Number], 15: ['status', message({ 2: ['message', text], 3: ['code', Number] })], 16: ['flags', Number],
      }), 'many'],
    }), 'many'],
  }), 'many'],
});
