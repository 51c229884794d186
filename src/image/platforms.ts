const architectures: Readonly<Record<string, string>> = {
  'x86_64': 'amd64', 'x86-64': 'amd64', 'aarch64': 'arm64', 'armhf': 'arm/v7', 'armel': 'arm/v6',
};
/** Two spellings of one variant. */
const defaultVariants: Readonly<Record<string, string>> = { 'amd64/v1': 'amd64', 'arm64/v8': 'arm64', 'arm': 'arm/v7' };

/**
 * One spelling for each platform, so they can be compared: `linux/aarch64` and `linux/arm64/v8` are `linux/arm64`.
 * Rules: https://github.com/containerd/platforms/blob/main/database.go
 */
export function normalizePlatform(platform: string): string {
  const [os = '', architecture = '', ...variant] = platform.trim().toLowerCase().split('/');
  const known = [architectures[architecture] ?? architecture, ...variant].join('/');
  return `${os}/${defaultVariants[known] ?? known}`;
}

/** Those of `wanted` that are not among `available`, in the user's spelling. */
export function missingPlatforms(wanted: readonly string[], available: readonly string[]): string[] {
  const have = new Set(available.map(normalizePlatform));
  return wanted.filter((platform) => !have.has(normalizePlatform(platform)));
}
