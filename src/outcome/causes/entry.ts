/** One cause of failure: what is observed, how long it must last to be certain, what to say, what to do. */
export interface CauseEntry {
  /** What is seen in the cluster, the builder or the registry. */
  readonly observed: string;
  /** Seconds for which the symptom must last before the judge is sure; undefined: certain at once, or not judged over time. */
  readonly patienceSeconds?: number;
  /** A longer time, and when it counts instead. */
  readonly longer?: { readonly seconds: number; readonly when: string };
  /** One more of them. */
  readonly longest?: { readonly seconds: number; readonly when: string };
  /** One sentence for the user, without the particulars: those are in the error's message. */
  readonly sentence: string;
  /** What to do about it. */
  readonly hint: string;
}

/** The causes of one room, by their code. */
export type CauseTable = Readonly<Record<string, CauseEntry>>;
