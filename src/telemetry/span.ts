/** The value of an attribute. Undefined ones are left out. */
export type Attribute = string | number | readonly string[] | undefined;
export type Attributes = Readonly<Record<string, Attribute>>;

/** One span, complete. Names and keys follow https://opentelemetry.io/docs/specs/semconv/ */
export interface Span {
  /** 16 hex digits. */
  readonly id: string;
  /** Undefined for the first span of a trace. */
  readonly parentId?: string;
  /** It is another process that has the parent. */
  readonly hasRemoteParent?: boolean;
  readonly name: string;
  /** `server`: the whole run. `internal`: a part of it. `client`: a program that it has started. */
  readonly kind: 'server' | 'internal' | 'client';
  /** Milliseconds since 1970, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  /** Why it failed; undefined for one that did not. */
  readonly error?: string;
}

/** Characters of a message. What is longer has the rest in the log. */
const longestMessage = 2000;

/** A text of any length as the message or an attribute of a span. */
export const shortened = (text: string): string => (text.length <= longestMessage ? text : `${text.slice(0, longestMessage)}…`);
