import { formatBackupAddress } from '../config/values/backup-address.js';
import type { StoreConfig } from '../config/values/store-config.js';
import type { Ports } from '../ports/ports.js';
import { StoreError, type ObjectStore } from './store.js';
import type { MountVolume } from './volume/mounted.js';

export interface StoreContext {
  readonly ports: Pick<Ports, 'http' | 'clock' | 'log' | 'env' | 'disk' | 'files'>;
  /** Whether an object of this name is written by this action: unfinished uploads of others are not touched. */
  readonly isOwn: (name: string) => boolean;
  /** How a volume of the cluster is mounted; undefined where there is no cluster. */
  readonly mount?: MountVolume;
}

/** Opens the place of the backups. Only the code of its kind is loaded. Close it at the end. @throws StoreError */
export async function openStore({ ports, isOwn, mount }: StoreContext, config: StoreConfig): Promise<ObjectStore> {
  const { to } = config;
  switch (to.kind) {
    case 's3': {
      const { s3Store } = await import('./s3/store.js');
      return s3Store({ ports, isOwn }, { ...config, to });
    }
    case 'folder': {
      const { folderStore } = await import('./folder.js');
      return folderStore(ports, to.path);
    }
    case 'volume': {
      if (!mount) throw new StoreError('invalid', `${formatBackupAddress(to)} cannot be used without a cluster`, 'Give a kubeconfig, or keep the backups in a bucket or a folder.');
      const { volumeStore } = await import('./volume/store.js');
      return volumeStore({ ports, mount }, to, config.image);
    }
  }
}
