import type { Config } from '../config/config.js';
import type { TargetKind } from './target.js';

/**
 * The kind of target that the settings name; undefined where nothing is deployed to. Loaded when it is needed.
 * @param byRecord what to deploy to may be left to the record, as in a rollback without `workloads`
 */
export async function kindOf(config: Config, byRecord: 'by record' | 'by settings'): Promise<TargetKind | undefined> {
  if (config.command) return (await import('./command/target.js')).command;
  if (config.workloads.length === 0 && byRecord === 'by settings') return undefined;
  return (await import('./set-image/target.js')).setImage;
}
