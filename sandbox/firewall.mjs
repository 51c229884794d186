// Taking back what kubelet, kube-proxy and the CNI plugins put into iptables. Their chains have the same
// names for every cluster on a machine, so they are only removed if there were none before `up`.
import { command } from './command.mjs';
import { find } from './packages.mjs';

const families = ['iptables', 'ip6tables'];
const comment = '--comment acci-sandbox ';

/** @param {string} text what iptables-save prints */
export function chainsIn(text) {
  return [...text.matchAll(/^:((?:KUBE|CNI)-\S+)/gm)].map(([, chain = '']) => chain);
}

/**
 * The input for iptables-restore --noflush that removes all rules and chains of the sandbox.
 * @param {string} saved what iptables-save prints
 * @param {(chain: string) => boolean} ours
 */
export function undo(saved, ours) {
  /** @type {string[]} */
  const script = [];
  for (const [, table, body = ''] of saved.matchAll(/^\*(\S+)\n([\s\S]*?)^COMMIT/gm)) {
    const chains = [...body.matchAll(/^:(\S+)/gm)].map(([, chain = '']) => chain).filter(ours);
    const rules = body.split('\n').filter((line) => {
      const [, chain] = /^-A (\S+)/.exec(line) ?? [];
      const [, target] = / -[jg] (\S+)/.exec(line) ?? [];
      if (!chain || ours(chain)) return false;
      return line.includes(comment) || (target !== undefined && ours(target));
    });
    if (chains.length + rules.length === 0) continue;
    script.push(`*${table}`);
    // Naming a chain empties it; all have to be empty before the first can go.
    script.push(...chains.map((chain) => `:${chain} - [0:0]`));
    script.push(...rules.map((rule) => rule.replace(/^-A/, '-D')));
    script.push(...chains.map((chain) => `-X ${chain}`), 'COMMIT');
  }
  return script.length > 0 ? `${script.join('\n')}\n` : '';
}

/** The chains of clusters, by the name of the program. @returns {Promise<Record<string, string[]>>} */
export async function firewallNow() {
  /** @type {Record<string, string[]>} */
  const found = {};
  for (const family of families) {
    const save = find(`${family}-save`);
    const text = save ? await command(save, []).catch(() => '') : '';
    found[family] = chainsIn(text);
  }
  return found;
}

/** @param {string} chain */
const kindOf = (chain) => chain.slice(0, chain.indexOf('-'));

/** @param {Record<string, string[]> | undefined} before unknown: then no chain is known to be ours */
export async function cleanFirewall(before) {
  // The empty built-in chains stay, as they do after any `iptables --list`.
  for (const family of families) {
    const save = find(`${family}-save`);
    const restore = find(`${family}-restore`);
    if (!save || !restore) continue;
    const saved = await command(save, []).catch(() => '');
    const foreign = new Set(before ? before[family]?.map(kindOf) : ['KUBE', 'CNI']);
    const ours = (/** @type {string} */ chain) => ['KUBE', 'CNI'].includes(kindOf(chain)) && !foreign.has(kindOf(chain));
    const script = undo(saved, ours);
    if (script) await command(restore, ['--wait', '--noflush'], { input: script });
  }
}
