// A bridge without ports whose address is the node's: it cannot be loopback, since pods have to reach it.
// And the few firewall rules that let pods talk to each other and to the outside.
import { existsSync } from 'node:fs';
import { command, succeeds } from './command.mjs';
import { node, pods, services } from './layout.mjs';
import { must } from './packages.mjs';

const mark = ['-m', 'comment', '--comment', 'acci-sandbox'];

/** @type {{ table: string, chain: string, rule: string[] }[]} */
const rules = [
  // At the front: a Docker daemon sets the policy of FORWARD to DROP.
  { table: 'filter', chain: 'FORWARD', rule: ['-s', pods.cidr, ...mark, '-j', 'ACCEPT'] },
  { table: 'filter', chain: 'FORWARD', rule: ['-d', pods.cidr, ...mark, '-j', 'ACCEPT'] },
  // Inserted last, so it comes first: an address of no Service refuses at once, instead of leaving for the network
  // around the machine, where nothing ever answers. There is no DNS server in the sandbox, but pods send requests to it.
  { table: 'filter', chain: 'FORWARD', rule: ['-s', pods.cidr, '-d', services.cidr, ...mark, '-j', 'REJECT'] },
  { table: 'nat', chain: 'POSTROUTING', rule: ['-s', pods.cidr, '!', '-d', pods.cidr, ...mark, '-j', 'MASQUERADE'] },
];

export async function makeNetwork() {
  const ip = must('ip');
  if (!existsSync(`/sys/class/net/${node.bridge}`)) await command(ip, ['link', 'add', node.bridge, 'type', 'bridge']);
  await command(ip, ['address', 'replace', `${node.address}/${node.prefix}`, 'dev', node.bridge]);
  await command(ip, ['link', 'set', node.bridge, 'up']);
  const iptables = must('iptables');
  for (const { table, chain, rule } of rules) {
    if (await succeeds(iptables, ['-w', '-t', table, '-C', chain, ...rule])) continue;
    await command(iptables, ['-w', '-t', table, '-I', chain, ...rule]);
  }
}

export async function removeNetwork() {
  const ip = must('ip');
  for (const bridge of [pods.bridge, node.bridge]) {
    if (existsSync(`/sys/class/net/${bridge}`)) await command(ip, ['link', 'delete', bridge]);
  }
}
