/** What an environment of the settings file sets, for a comparison with others. */
export interface EnvironmentSettings {
  readonly name: string;
  readonly namespace?: string;
  readonly context?: string;
  /** What the app gets or is checked by, by its path: `build-args.SENTRY`, `workloads.deployment/api`, `smoke`. */
  readonly keys: Readonly<Record<string, string>>;
}
