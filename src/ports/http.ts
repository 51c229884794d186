/** Plain HTTP requests to the outside, for smoke checks of `https://…`. */
export interface Http {
  /** Rejects when there was no answer (name, connection, TLS, time out). Redirects are not followed. */
  get(url: string, options: { timeoutMs: number; signal?: AbortSignal; headers?: Readonly<Record<string, string>> }): Promise<HttpAnswer>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** At most the first 64 KiB. */
  readonly body: string;
}
