import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, pause } from '../e2e/harness/environment.js';
import { namespace, type Space } from '../e2e/harness/namespace.js';
import { registryProxy, type RegistryProxy } from '../e2e/harness/registry-proxy.js';
import { differences, imagesIn, look, type Expected, type Seen } from './oracle.js';
import { imageOf } from './release.js';
import { objectsOf, refOf, type Shape } from './shape.js';

/** The name under which the action keeps its records of the app. */
export const appName = 'chaos';

/** An app that runs in a namespace of its own. */
export interface Stand {
  readonly space: Space;
  readonly shape: Shape;
  /** What the app answers now, when all is well. */
  readonly version: string;
  /** Reference of an image → what the app answers when it runs it. */
  readonly versions: Map<string, string>;
  /** A registry that can be told to lose its images. */
  losingRegistry(): Promise<RegistryProxy>;
  dispose(): Promise<void>;
}

/** Starts the first version of an app, and waits until everything of it answers. */
export async function startApp(shape: Shape): Promise<Stand> {
  const image = await imageOf('good', 'v1', 'all');
  const space = await namespace('chaos');
  let registry: RegistryProxy | undefined;
  const stand: Stand = {
    space, shape, version: 'v1', versions: new Map([[image.reference, 'v1']]),
    losingRegistry: async () => (registry ??= await registryProxy()),
    dispose: async () => {
      await registry?.close();
      await space.dispose();
    },
  };
  await space.apply(...objectsOf(shape, image.reference));
  for (const workload of shape.workloads) await space.rolledOut(workload.kind, workload.name, 120_000);
  await settled(stand);
  return stand;
}

/** The namespace once everything in it is well. Throws when it does not become so. */
export async function settled(stand: Stand): Promise<Seen> {
  let why: string[] = [];
  return eventually(`${stand.space.name} is well`, async () => {
    const seen = await look(stand.space.name, appName);
    why = differences({ before: seen, images: imagesIn(seen), version: stand.version, others: [] }, seen);
    return why.length === 0 ? seen : undefined;
  }, 60_000, () => why);
}

/** Looks until what is expected is true, or for so long. @returns the last look, and why it is not true */
export async function lookFor(stand: Stand, expected: Expected, withinMs: number): Promise<{ readonly seen: Seen; readonly why: readonly string[] }> {
  for (const end = performance.now() + withinMs; ;) {
    const seen = await look(stand.space.name, appName);
    const why = differences(expected, seen);
    if (why.length === 0 || performance.now() >= end) return { seen, why };
    await pause(500);
  }
}

/** A checked-out repository with these lines in its settings file. */
export async function withWorkspace<T>(lines: readonly string[], use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-workspace-'));
  mkdirSync(join(folder, '.github'));
  if (lines.length > 0) writeFileSync(join(folder, '.github/deploy.yml'), `${lines.join('\n')}\n`);
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The workloads as the setting names them. */
export const workloadLines = (shape: Shape, container = ''): string => shape.workloads.map((workload) => `${refOf(workload)}${container}`).join('\n');
