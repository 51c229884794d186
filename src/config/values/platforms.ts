import { bad, good, quote, type Checked } from '../kit/checked.js';
import { didYouMean } from '../kit/did-you-mean.js';
import { line } from '../kit/text.js';
import { repeated } from '../kit/faults.js';
import { list } from '../kit/list.js';

/** Platforms for which BuildKit and the common base images exist, in their shortest form. */
const platforms = [
  'linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5', 'linux/386', 'linux/ppc64le', 'linux/s390x',
  'linux/riscv64', 'linux/loong64', 'linux/mips64le', 'linux/mips64', 'linux/amd64/v2', 'linux/amd64/v3', 'linux/amd64/v4',
  'windows/amd64', 'windows/arm64',
] as const;

/** Other ways to write the same platform, as containerd's platforms package normalises them. */
const same: Readonly<Record<string, string>> = {
  'linux/arm64/v8': 'linux/arm64',
  'linux/arm': 'linux/arm/v7',
  'linux/amd64/v1': 'linux/amd64',
};
const platformsAndAliases: readonly string[] = [...platforms, ...Object.keys(same)];

/** Names that other tools give to the same processors. */
const foreign: Readonly<Record<string, string>> = {
  'amd64': 'linux/amd64', 'x86_64': 'linux/amd64', 'x86-64': 'linux/amd64', 'x64': 'linux/amd64', 'x86': 'linux/386', 'i386': 'linux/386',
  '386': 'linux/386', 'arm64': 'linux/arm64', 'aarch64': 'linux/arm64', 'armv8': 'linux/arm64', 'arm': 'linux/arm/v7',
  'armv7': 'linux/arm/v7', 'armhf': 'linux/arm/v7', 'armv6': 'linux/arm/v6', 'armel': 'linux/arm/v6', 's390x': 'linux/s390x',
  'ppc64le': 'linux/ppc64le', 'riscv64': 'linux/riscv64',
};

/** One platform, `os/architecture[/variant]`, in its shortest form: `linux/arm64/v8` becomes `linux/arm64`. */
export function parsePlatform(text: string): Checked<string> {
  const known = (Object.hasOwn(same, text) ? same[text] : undefined) ?? platforms.find((platform) => platform === text);
  if (known !== undefined) return good(known);
  const bare = text.toLowerCase().replace(/^linux\//, '');
  const meant = (Object.hasOwn(foreign, bare) ? foreign[bare] : undefined) ?? didYouMean(text, platformsAndAliases);
  return bad(
    `has the platform ${quote(text)}, which is not a known platform`,
    meant ? `Did you mean "${meant}"?` : 'A platform is written os/architecture[/variant], e.g. linux/amd64, linux/arm64 or linux/arm/v7.',
  );
}

export const platformList = list(line(parsePlatform, { expects: 'a platform such as linux/amd64', schema: { enum: platformsAndAliases } }), {
  expects: 'a list of platforms', separator: ',', check: repeated((platform) => platform),
});
