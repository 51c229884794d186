import { patienceMs, type Cause } from '../../outcome/causes.js';

export interface PullVerdict {
  readonly cause: Cause;
  readonly patienceMs: number;
  /** The part of the runtime's message that says why. */
  readonly words: string;
}

/**
 * What the runtime's words mean, first match wins. The order matters: a missing platform also says "not found", and a
 * registry that hides private repositories says "does not exist or may require authorization".
 */
const rules: readonly { readonly pattern: RegExp; readonly cause: Cause }[] = [
  // containerd: `no match for platform in manifest: not found`
  { pattern: /no match for platform/i, cause: 'image-platform-missing' },
  // docker.io: `pull access denied, repository does not exist or may require authorization`; basic auth: `401 Unauthorized`
  { pattern: /unauthorized|authorization failed|pull access denied|no basic auth|forbidden|denied:|\b40[13]\b/i, cause: 'image-pull-denied' },
  // Overload and network trouble pass; `not found` inside a resolver's `no such host` is not an image that is missing.
  { pattern: /\b429\b|too many requests|timeout|timed out|deadline exceeded|connection re(set|fused)|no such host|unexpected EOF|\b50[0234]\b|i\/o error|server misbehaving/i, cause: 'image-pull-failed' },
  // The image was there, and the node's own store fell over it: containerd#3787, #10835. The next try mends it, or does not.
  {
    pattern: /failed to (unpack image|prepare extraction|extract layer|commit snapshot|get reader from content store)|snapshot \S+ does not exist|content digest \S+ not found/i,
    cause: 'image-pull-failed',
  },
  // containerd: `failed to resolve reference "…": …: not found`; docker: `manifest unknown`
  { pattern: /not found|manifest unknown|name unknown|does not exist/i, cause: 'image-not-found' },
];

/** Reads the runtime's own message about a failed pull. Words that no rule knows are given the longest patience. */
export function classifyPull(message: string, image: string): PullVerdict {
  // The image's own name is no word of the registry: there are tags like `403` and repositories like `timeout`.
  const [name = ''] = image.split('@');
  const words = message.replace(/https?:\/\/\S+/g, '').replace(/"[^"]*"/g, '""').replaceAll(image, '').replaceAll(name, '');
  const rule = rules.find((candidate) => candidate.pattern.test(words));
  const cause = rule?.cause ?? 'image-pull-failed';
  return { cause, patienceMs: patienceMs(cause), words: gist(message) };
}

/** `Failed to pull image "x": rpc error: code = NotFound desc = failed to … : x: not found` without its wrapping. */
function gist(message: string): string {
  const text = message.replace(/\s+/g, ' ').trim();
  const described = /desc = (.*)$/.exec(text)?.[1] ?? text;
  const reason = described.replace(/^Failed to pull image "[^"]*": /, '').replace(/^(?:failed to [^"]*"[^"]*": )+/, '');
  // What went wrong stands at the end.
  return reason.length > 300 ? `…${reason.slice(-300)}` : reason || 'the node gave no reason';
}
