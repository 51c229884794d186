/** One request that notifies a target. */
export interface HttpMessage {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Why an answer with a status of 2xx is not one of success: some services report errors so. Undefined: it is. */
  readonly refusal?: (answer: Answer) => string | undefined;
  /** What to do when the service rejects it with this status: who reads it knows the settings, not the service. */
  readonly hint: (status: number) => string;
}

export interface Answer {
  readonly status: number;
  /** The beginning of it, without blanks around it. */
  readonly text: string;
}

export const jsonHeaders = { 'content-type': 'application/json; charset=utf-8' } as const;
