import type { configOf } from './assemble.js';

/** The settings of a run after all checks: what the inputs and the settings file mean together. */
export type Config = ReturnType<typeof configOf>;

export type { NotifyTarget, TargetOf } from './notify-targets.js';
export type { Digest } from './values/digest.js';
export type { ImageName } from './values/image-name.js';
export type { Period } from './values/periods.js';
export type { BackupConfig } from './backup-config.js';
export type { DatabaseConfig } from './database-config.js';
export type { DisasterConfig } from './disaster-config.js';
export type { MigrateConfig } from './migrate-config.js';
export type { BuildConfig } from './sections/build.js';
export type { ClusterConfig } from './sections/cluster.js';
export type { CommandConfig } from './sections/command.js';
export type { PolicyConfig } from './sections/policy.js';
export type { RegistryLogin } from './sections/registry.js';
export type { GateConfig } from './sections/test.js';
export type { WatchConfig } from './sections/watch.js';
export type { Occasion } from './values/occasions.js';
export type { SmokeCheck } from './values/smoke.js';
export { workloadKinds, type WorkloadKind, type WorkloadRef } from './values/workloads.js';
