import { openCluster } from '../../../src/kubernetes/client/cluster.js';
import { kubernetesStore } from '../../../src/kubernetes/store/store.js';
import { describeLock, describeRecord, type LockedPlace } from '../../record/store-contract.js';
import { TestWorld } from '../../workflow/world.js';

/** The record of an app in a cluster in memory. */
function inCluster(): LockedPlace {
  const world = new TestWorld();
  return {
    clock: world.clock,
    open: async () => {
      const { run: { ports, config, folder }, kill } = world.start('deploy');
      return { store: kubernetesStore(ports, await openCluster(ports, config.cluster, folder), config.app), kill };
    },
    damage: async (text) => world.keepLedger(text),
    takeOver: (by) => world.takeLock(by),
    close: async () => world.deployments.stop(),
  };
}

describeRecord('a ConfigMap', inCluster);
describeLock('a Lease', inCluster);
