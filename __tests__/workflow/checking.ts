import type { Config } from '../../src/config/config.js';
import type { ParsedEnvironment } from '../../src/config/parse-environments.js';
import type { Origin } from '../../src/outcome/pull-request.js';
import { annotateIn } from '../../src/ports/log.js';
import type { Checking } from '../../src/workflow/pull-request.js';
import { build, gate, second, type TestRun, type TestWorld } from './world.js';

export interface Options {
  readonly origin?: Origin;
  readonly others?: readonly ParsedEnvironment[];
}

/** A check of a pull request that would build the commit that is checked out, and deploy it. */
export function checking(world: TestWorld, changes: Partial<Config> = {}, { origin = 'own', others = [] }: Options = {}): TestRun & { readonly given: Checking } {
  const test = world.start('pr-check', { ...world.deploying(second), digest: undefined, build, gate, environment: 'production', ...changes });
  const { config, ...run } = test.run;
  const parsed = { config, warnings: [], given: {}, variables: [], secrets: [], names: [] };
  const settings = { warnings: [], environments: [{ environment: config.environment, parsed }, ...others] };
  return { ...test, given: { ...run, annotate: annotateIn(run.ports.log), settings, origin, base: { head: second }, defaultApp: 'repository' } };
}
