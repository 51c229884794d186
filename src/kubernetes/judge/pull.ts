import { patienceMs, type Cause } from '../../outcome/causes.js';

export interface PullVerdict {
  readonly cause: Cause;
  readonly patienceMs: number;
  /** The reason, from the message of the runtime. */
  readonly words: string;
}

/**
 * What the messages of the runtime mean; the first match wins. The order matters: a missing platform also says "not found",
 * and a registry that hides private repositories says "does not exist or may require authorization".
 */
const rules: readonly { readonly pattern: RegExp; readonly cause: Cause }[] = [
  // containerd: `no match for platform in manifest: not found`
  { pattern: /no match for platform/i, cause: 'image-platform-missing' },
  // docker.io: `pull access denied, repository does not exist or may require authorization`; basic auth: `401 Unauthorized`
  { pattern: /unauthorized|authorization failed|pull access denied|no basic auth|forbidden|denied:|\b40[13]\b/i, cause: 'image-pull-denied' },
  // Overload and network errors are temporary; `not found` after a resolver's `no such host` is not a missing image.
  { pattern: /\b429\b|too many requests|timeout|timed out|deadline exceeded|connection re(set|fused)|no such host|unexpected EOF|\b50[0234]\b|i\/o error|server misbehaving/i, cause: 'image-pull-failed' },
  // The image exists, but the store of the node failed: containerd#3787, #10835. Another attempt may succeed.
  {
    pattern: /failed to (unpack image|prepare extraction|extract layer|commit snapshot|get reader from content store)|snapshot \S+ does not exist|content digest \S+ not found/i,
    cause: 'image-pull-failed',
  },
  // containerd: `failed to resolve reference "…": …: not found`; docker: `manifest unknown`
  { pattern: /not found|manifest unknown|name unknown|does not exist/i, cause: 'image-not-found' },
];

/** Classifies the message of the runtime about a failed pull. An unknown message counts as `image-pull-failed`. */
export function classifyPull(message: string, image: string): PullVerdict {
  // The name of the image is removed: there are tags like `403` and repositories like `timeout`.
  const [name = ''] = image.split('@');
  const words = message.replace(/https?:\/\/\S+/g, '').replace(/"[^"]*"/g, '""').replaceAll(image, '').replaceAll(name, '');
  const rule = rules.find((candidate) => candidate.pattern.test(words));
  const cause = rule?.cause ?? 'image-pull-failed';
  return { cause, patienceMs: patienceMs(cause), words: gist(message) };
}

/** `Failed to pull image "x": rpc error: code = NotFound desc = failed to … : x: not found` without its prefixes. */
function gist(message: string): string {
  const text = message.replace(/\s+/g, ' ').trim();
  const described = /desc = (.*)$/.exec(text)?.[1] ?? text;
  const reason = described.replace(/^Failed to pull image "[^"]*": /, '').replace(/^(?:failed to [^"]*"[^"]*": )+/, '');
  // The reason is at the end.
  return reason.length > 300 ? `…${reason.slice(-300)}` : reason || 'the node reported no reason';
}
