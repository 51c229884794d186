/** A part of a text: from `start` up to, not including, `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Pattern {
  readonly text: string;
  /** A beginning of at least so many characters is found as well, for texts that were cut; undefined: only the whole. */
  readonly partFrom?: number;
}

export interface Automaton {
  /**
   * Calls `found` for what is found of the patterns: all of the text that is covered by one of them, some of it more than once.
   * @returns how many steps it took: they grow with the text, and not with the number and length of the patterns
   */
  scan(text: string, found: (start: number, end: number) => void): number;
}

/** Characters that are looked for by the automaton; what follows of a longer pattern is compared where they are found. */
const headLength = 8;
/** As many patterns may have the same head; where there are more, it is made longer. */
const sameHead = 8;

/**
 * The automaton of Aho and Corasick (CACM 18, 1975) over the heads of all patterns: they are looked for in one pass over the text.
 * A pattern can have 100 KB, and there can be thousands; so what is compared once is not compared again, and nodes are few.
 */
export function createAutomaton(patterns: readonly Pattern[]): Automaton {
  const trie = createTrie();
  insert(trie, patterns, headLength);
  const { next, match, tails } = trie;
  const fail = linkSuffixes(trie);
  return {
    scan(text, found) {
      let [node, steps] = [0, 0];
      // Up to where the text was compared with a pattern.
      let compared = 0;
      for (let at = 0; at < text.length; at += 1) {
        const code = text.charCodeAt(at);
        let child = next(node, code);
        for (steps += 1; child === 0 && node !== 0; steps += 1) {
          node = fail[node] ?? 0;
          child = next(node, code);
        }
        node = child;
        const length = match[node] ?? 0;
        if (length > 0) found(at + 1 - length, at + 1);
        for (const { depth, pattern } of tails.get(node) ?? []) {
          const start = at + 1 - depth;
          // What was compared with a pattern that began earlier is skipped, and compared as a whole when the rest comes to a find.
          const from = Math.max(at + 1, compared);
          let end = commonEnd(text, pattern.text, start, from);
          steps += 1 + end - from;
          compared = Math.max(compared, end);
          if (!isFound(pattern, end - start)) continue;
          if (from > at + 1 && text.slice(at + 1, from) !== pattern.text.slice(depth, from - start)) {
            end = commonEnd(text, pattern.text, start, at + 1);
            if (!isFound(pattern, end - start)) continue;
          }
          found(start, end);
        }
      }
      return steps;
    },
  };
}

/** Whether so many characters of the pattern are enough. */
const isFound = ({ text, partFrom = Infinity }: Pattern, length: number): boolean => length >= Math.min(partFrom, text.length);

/** Up to where the text is the pattern that starts at `start`, from a place on up to which it is. */
function commonEnd(text: string, pattern: string, start: number, from: number): number {
  const last = Math.min(text.length, start + pattern.length);
  let end = Math.min(from, last);
  while (end < last && text.charCodeAt(end) === pattern.charCodeAt(end - start)) end += 1;
  return end;
}

interface Tail {
  /** Characters of the pattern up to this node. */
  readonly depth: number;
  readonly pattern: Pattern;
}

type Trie = ReturnType<typeof createTrie>;

/** Nodes are numbers, and 0 is the root: as a child or a sibling it means that there is none. */
function createTrie() {
  const [first, sibling, edge, match] = [[0], [0], [0], [0]];
  // Nearly every node has one child. The others are few, and found at once.
  const further = new Map<number, number>();
  const keyOf = (node: number, code: number): number => node * 0x10000 + code;
  return {
    /** By node: its first child, the next child of its parent, the character that leads to it, the length of the longest pattern that ends there. */
    first, sibling, edge, match,
    /** By node: the longer patterns whose head ends there. */
    tails: new Map<number, readonly Tail[]>(),
    /** The child of a node by a character. */
    next(node: number, code: number): number {
      const child = first[node] ?? 0;
      if (child === 0 || edge[child] === code) return child;
      return sibling[child] === 0 ? 0 : further.get(keyOf(node, code)) ?? 0;
    },
    grow(node: number, code: number): number {
      const child = edge.push(code) - 1;
      const eldest = first[node] ?? 0;
      first.push(0);
      match.push(0);
      sibling.push(eldest === 0 ? 0 : sibling[eldest] ?? 0);
      if (eldest === 0) first[node] = child;
      else {
        sibling[eldest] = child;
        further.set(keyOf(node, code), child);
      }
      return child;
    },
  };
}

/** Puts patterns into the trie, or their heads of this length. */
function insert(trie: Trie, patterns: readonly Pattern[], length: number): void {
  const heads = new Map<string, Pattern[]>();
  for (const pattern of patterns) {
    if (pattern.text.length <= length) addTo(trie, pattern, pattern.text.length);
    else {
      const head = pattern.text.slice(0, length);
      const same = heads.get(head);
      if (same) same.push(pattern);
      else heads.set(head, [pattern]);
    }
  }
  for (const same of heads.values()) {
    const nodes = same.map((pattern) => addTo(trie, pattern, length));
    if (same.length > sameHead) insert(trie, same, 2 * length);
    else trie.tails.set(nodes[0] ?? 0, same.map((pattern) => ({ depth: length, pattern })));
  }
}

/** Puts so many characters of the pattern into the trie; those that are enough are a match. */
function addTo(trie: Trie, pattern: Pattern, length: number): number {
  let node = 0;
  for (let at = 0; at < length; at += 1) {
    const code = pattern.text.charCodeAt(at);
    node = trie.next(node, code) || trie.grow(node, code);
    if (isFound(pattern, at + 1)) trie.match[node] = at + 1;
  }
  return node;
}

/**
 * For each node the longest proper suffix of its text that is a node, too; what ends there, ends at the node. Breadth first, as
 * the suffix is shorter.
 */
function linkSuffixes(trie: Trie): Int32Array {
  const { first, sibling, next, edge, match, tails } = trie;
  const fail = new Int32Array(edge.length);
  const queue: number[] = [0];
  for (const node of queue) {
    for (let child = first[node] ?? 0; child !== 0; child = sibling[child] ?? 0) {
      queue.push(child);
      const code = edge[child] ?? 0;
      let from = fail[node] ?? 0;
      while (from !== 0 && next(from, code) === 0) from = fail[from] ?? 0;
      const suffix = node === 0 ? 0 : next(from, code);
      fail[child] = suffix;
      match[child] ||= match[suffix] ?? 0;
      const behind = tails.get(suffix);
      if (behind) tails.set(child, [...tails.get(child) ?? [], ...behind]);
    }
  }
  return fail;
}
