import { createHash } from 'node:crypto';
import type { Files } from '../../src/ports/files.js';
import type { Command, Exited } from '../../src/ports/process.js';

const hashes = new Map<string, string>();

function sha256(text: string): string {
  const known = hashes.get(text) ?? `sha256:${createHash('sha256').update(text).digest('hex')}`;
  hashes.set(text, known);
  return known;
}

/** A registry in memory, and a docker that builds into it: of each commit one image, for linux/amd64. */
export class MemoryRegistry {
  /** `name:tag` → digest. */
  readonly tags = new Map<string, string>();
  /** What buildx says instead of building, and of moving a tag. */
  buildFails?: string;
  tagFails?: string;
  private readonly manifests = new Map<string, string>();

  /** The image of a commit, whether it is there or not. */
  digestOf(revision: string): string {
    return sha256(manifestOf(revision));
  }

  push(name: string, revision: string, tags: readonly string[] = []): string {
    const digest = this.digestOf(revision);
    this.manifests.set(`${name}@${digest}`, manifestOf(revision));
    for (const tag of tags) this.tags.set(`${name}:${tag}`, digest);
    return digest;
  }

  /** The clean-up of the registry removes the image of a commit. */
  forget(name: string, revision: string): void {
    this.manifests.delete(`${name}@${this.digestOf(revision)}`);
  }

  /** `docker …`, as far as the action calls it. */
  async run(files: Pick<Files, 'writeText'>, { args }: Command): Promise<Exited> {
    const [, command, sub] = args;
    if (command === 'version') return exited('github.com/docker/buildx v0.29.1 x');
    if (command === 'inspect') return exited('Name:   ci\nDriver: remote\n\nNodes:\nName:      ci0\nPlatforms: linux/amd64, linux/386\n');
    if (command === 'imagetools' && sub === 'inspect') return this.inspect(args);
    if (command === 'imagetools' && sub === 'create') return this.move(args);
    if (command === 'build') return this.build(files, args);
    throw new Error(`docker ${args.join(' ')} is not in this world`);
  }

  private inspect(args: readonly string[]): Exited {
    const reference = args.at(-1) ?? '';
    const known = this.manifests.get(reference.includes('@') ? reference.replace(/:[^/@]*@/, '@') : `${reference.split(/:(?=[^/]*$)/)[0]}@${this.tags.get(reference)}`);
    if (known === undefined) return failed(`ERROR: ${reference}: not found`);
    return exited(args.includes('--raw') ? known : '{}');
  }

  private move(args: readonly string[]): Exited {
    if (this.tagFails !== undefined) return failed(`ERROR: ${this.tagFails}`);
    const [, digest = ''] = (args.at(-1) ?? '').split('@');
    for (const tag of valuesOf(args, 'tag')) this.tags.set(tag, digest);
    return exited();
  }

  private async build(files: Pick<Files, 'writeText'>, args: readonly string[]): Promise<Exited> {
    if (this.buildFails !== undefined) return failed(this.buildFails);
    const revision = valuesOf(args, 'label').find((label) => label.startsWith('org.opencontainers.image.revision='))?.split('=')[1] ?? '';
    const tags = valuesOf(args, 'tag');
    const digest = this.push(tags[0]?.split(/:(?=[^/]*$)/)[0] ?? '', revision);
    for (const tag of tags) this.tags.set(tag, digest);
    await files.writeText(valuesOf(args, 'metadata-file')[0] ?? '', JSON.stringify({ 'containerimage.digest': digest }));
    return exited();
  }
}

const manifests = new Map<string, string>();

function manifestOf(revision: string): string {
  const known = manifests.get(revision) ?? manifestFor(revision);
  manifests.set(revision, known);
  return known;
}

const manifestFor = (revision: string): string => JSON.stringify({
  schemaVersion: 2, manifests: [{ digest: sha256(revision), platform: { os: 'linux', architecture: 'amd64' } }],
  annotations: { 'org.opencontainers.image.revision': revision, 'org.opencontainers.image.source': 'https://github.example/acme/api' },
});

const valuesOf = (args: readonly string[], option: string): string[] =>
  args.flatMap((arg) => (arg.startsWith(`--${option}=`) ? [arg.slice(option.length + 3)] : []));

const exited = (stdout = ''): Exited => ({ code: 0, stdout, stderr: '' });
const failed = (stderr: string): Exited => ({ code: 1, stdout: '', stderr });
