import type { Config } from '../../../src/config/config.js';
import type { Workload } from '../../../src/kubernetes/client/objects.js';
import type { Content } from '../../../src/record/ledger.js';
import { setImage } from '../../../src/target/set-image/target.js';
import { deploymentPath } from '../../kubernetes/server/deployments.js';
import { first, second, TestWorld, third } from '../../workflow/world.js';
import { describeTarget, type Place } from '../contract.js';

/** Deployments in a cluster in memory. */
function cluster(names: readonly string[], settings: Partial<Config>): Place {
  const world = new TestWorld();
  for (const name of names.slice(1)) world.deployments.add(name, { image: world.imageOf(first) });
  const workloads = names.map((name) => ({ kind: 'deployment', name }) as const);
  return {
    kind: setImage, before: world.imageOf(first), after: world.imageOf(second),
    start: () => {
      const { run, kill } = world.deployment(second, { workloads, ...settings });
      return { context: run, config: run.config, kill };
    },
    look: () => names.map((name) => [world.server.get<Workload>(deploymentPath(world.server, name))?.spec, world.deployments.images(name)]),
    versions: () => names.map((name): Content => ({ subject: `deployment/${name}`, part: 'app', version: world.deployments.imageOf(name) ?? '' })),
    interfere: async () => {
      for (const name of names) world.deployments.set(name, world.imageOf(third));
    },
    spoil: () => void world.behaviours.set(second, 'wrong'),
    close: async () => world.deployments.stop(),
  };
}

describeTarget('set-image, rolling', () => cluster(['api'], { proveFirst: false }));
describeTarget('set-image, with the first pods proven first', () => cluster(['api'], { proveFirst: true }));
describeTarget('set-image of several workloads', () => cluster(['api', 'worker'], { proveFirst: false }));
