/** What programs have to be made for to run here, as Node.js calls it. */
export interface Machine {
  /** `linux`. */
  readonly system: string;
  /** `x64`, `arm64`. */
  readonly architecture: string;
}
