import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment, eventually, pause } from '../e2e/harness/environment.js';
import type { PushedImage } from '../e2e/harness/images.js';
import { namespace, type Space } from '../e2e/harness/namespace.js';
import { registryProxy, type RegistryProxy } from '../e2e/harness/registry-proxy.js';
import { differences, imagesIn, look, type Expected, type Seen } from './oracle.js';
import { bringToNode, objectsOfSettings } from './prepare.js';
import { imageOf, releases, type ReleaseName } from './release.js';
import { objectsOf, refOf, type Shape } from './shape.js';

/** The name under which the action keeps its records of the app. */
export const appName = 'chaos';

/** An app that runs in a namespace of its own. */
export interface Stand {
  readonly space: Space;
  readonly shape: Shape;
  /** What the app answers now, when all is well. */
  readonly version: string;
  /** Digest of an image → what the app answers when it runs it. */
  readonly versions: Map<string, string>;
  /** From where the app has its images: one that can be told to lose them, or to fail. */
  readonly registry: RegistryProxy;
  dispose(): Promise<void>;
}

/** The image as this app names it. */
export function here({ registry }: Pick<Stand, 'registry'>, image: PushedImage): PushedImage {
  const moved = (text: string): string => text.replace(new RegExp(`^${environment().registry.replaceAll('.', '\\.')}/`), `${registry.host}/`);
  return { ...image, name: moved(image.name), reference: moved(image.reference) };
}

/** Starts the first version of an app, and waits until everything of it answers. */
export async function startApp(shape: Shape): Promise<Stand> {
  const registry = await registryProxy();
  const image = here({ registry }, await imageOf('good', 'v1', 'all'));
  const space = await namespace('chaos');
  const stand: Stand = {
    space, shape, registry, version: 'v1', versions: new Map([[image.digest, 'v1']]),
    dispose: async () => {
      await registry.close();
      await space.dispose();
    },
  };
  if (shape.place === 'without pulls') await bringToNode(space, image.reference);
  await space.apply(...objectsOfSettings(), ...objectsOf(shape, image.reference));
  for (const workload of shape.workloads) await space.rolledOut(workload.kind, workload.name, 120_000);
  await settled(stand);
  return stand;
}

/** Takes back what made a release fail. It does no harm to do so twice. */
export async function mend({ space, registry }: Stand, release: ReleaseName): Promise<void> {
  registry.refuse(undefined);
  registry.delay(0);
  await releases[release].after?.(space);
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

/** A checked-out repository with these files in it. @returns besides, what has come to them meanwhile */
export async function withWorkspace<T>(
  files: Readonly<Record<string, readonly string[]>>, use: (folder: string) => Promise<T>,
): Promise<{ readonly used: T; readonly left: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-workspace-'));
  mkdirSync(join(folder, '.github'));
  for (const [name, lines] of Object.entries(files)) writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  try {
    const used = await use(folder);
    const left = readdirSync(folder, { recursive: true }).map(String).filter((name) => name !== '.github' && !(name in files));
    return { used, left };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The workloads as the setting names them. */
export const workloadLines = (shape: Shape, container = ''): string => shape.workloads.map((workload) => `${refOf(workload)}${container}`).join('\n');
