/** A request to GitHub's API, without the address of the server. */
export interface Call {
  readonly method: string;
  /** `/repos/acme/app/deployments`, decoded part by part. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined when there was none. */
  readonly body: unknown;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer as GitHub words its refusals. */
export const refusal = (status: number, message: string, headers: Readonly<Record<string, string>> = {}, errors?: unknown): Answer =>
  ({ status, headers, body: { message, ...errors !== undefined && { errors }, documentation_url: 'https://docs.github.com/rest', status: String(status) } });
