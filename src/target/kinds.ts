import type { Config } from '../config/config.js';
import type { TargetKind } from './target.js';

/**
 * The kind of target that the settings name; undefined when nothing is deployed. Loaded when it is needed.
 * @param byRecord whether the record can name the workloads, as in a rollback without `workloads`
 */
export async function kindOf(config: Config, byRecord: 'by record' | 'by settings'): Promise<TargetKind | undefined> {
  if (config.command) return (await import('./command/target.js')).command;
  if (config.workloads.length === 0 && byRecord === 'by settings') return undefined;
  return (await import('./set-image/target.js')).setImage;
}
