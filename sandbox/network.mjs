// A bridge without ports whose address is the node's: it cannot be loopback, since pods have to reach it.
// And the few firewall rules that let pods talk to each other and to the outside.
import { existsSync } from 'node:fs';
import { command, succeeds } from './command.mjs';
import { docker, node, pods, services } from './layout.mjs';
import { must } from './packages.mjs';

const mark = ['-m', 'comment', '--comment', 'acci-sandbox'];

/** @typedef {{ table: string, chain: string, rule: string[] }} Rule */

/** @type {Rule[]} */
const rules = [
  // At the front: a Docker daemon sets the policy of FORWARD to DROP.
  { table: 'filter', chain: 'FORWARD', rule: ['-s', pods.cidr, ...mark, '-j', 'ACCEPT'] },
  { table: 'filter', chain: 'FORWARD', rule: ['-d', pods.cidr, ...mark, '-j', 'ACCEPT'] },
  // Inserted last, so it comes first: an address of no Service refuses at once, instead of leaving for the network
  // around the machine, where nothing ever answers. There is no DNS server in the sandbox, but pods send requests to it.
  { table: 'filter', chain: 'FORWARD', rule: ['-s', pods.cidr, '-d', services.cidr, ...mark, '-j', 'REJECT'] },
  { table: 'nat', chain: 'POSTROUTING', rule: ['-s', pods.cidr, '!', '-d', pods.cidr, ...mark, '-j', 'MASQUERADE'] },
];

/** @type {Rule[]} */
const dockerRules = [
  { table: 'filter', chain: 'FORWARD', rule: ['-s', docker.cidr, ...mark, '-j', 'ACCEPT'] },
  { table: 'filter', chain: 'FORWARD', rule: ['-d', docker.cidr, ...mark, '-j', 'ACCEPT'] },
];

export const makeNetwork = () => make(node, rules);

/** The bridge of the Docker daemon, which is only made when that is started. */
export const makeDockerNetwork = () => make(docker, dockerRules);

/** @param {{ bridge: string, address: string, prefix: number }} of @param {readonly Rule[]} rules */
async function make({ bridge, address, prefix }, rules) {
  const ip = must('ip');
  if (!existsSync(`/sys/class/net/${bridge}`)) await command(ip, ['link', 'add', bridge, 'type', 'bridge']);
  await command(ip, ['address', 'replace', `${address}/${prefix}`, 'dev', bridge]);
  await command(ip, ['link', 'set', bridge, 'up']);
  const iptables = must('iptables');
  for (const { table, chain, rule } of rules) {
    if (await succeeds(iptables, ['-w', '-t', table, '-C', chain, ...rule])) continue;
    await command(iptables, ['-w', '-t', table, '-I', chain, ...rule]);
  }
}

export async function removeNetwork() {
  const ip = must('ip');
  const ofDocker = bridgesWithin(docker.cidr, await command(ip, ['-json', '-4', 'address', 'show', 'type', 'bridge']));
  for (const bridge of [pods.bridge, node.bridge, ...ofDocker]) {
    if (existsSync(`/sys/class/net/${bridge}`)) await command(ip, ['link', 'delete', bridge]);
  }
}

/**
 * The bridges with an address of a network: Docker gives them names that say nothing.
 *
 * @param {string} cidr of a length of 16
 * @param {string} json what `ip -json address show` prints
 * @returns {string[]}
 */
export function bridgesWithin(cidr, json) {
  const start = cidr.replace(/\.0\.0\/16$/, '.');
  /** @type {{ ifname?: string, addr_info?: { local?: string }[] }[]} */
  const links = JSON.parse(json.trim() || '[]');
  return links.flatMap(({ ifname, addr_info = [] }) => (ifname && addr_info.some(({ local }) => local?.startsWith(start)) ? [ifname] : []));
}
