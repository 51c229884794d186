/** A node of a cluster: https://redis.io/docs/latest/commands/cluster-nodes/ */
export interface ClusterNode {
  readonly id: string;
  /** Undefined for the one that answers, if it does not know its own. */
  readonly host?: string;
  /** A name of it, where the cluster has names. */
  readonly name?: string;
  readonly port: number;
  readonly isMyself: boolean;
  readonly isMaster: boolean;
  /** `fail`, `noaddr`, `handshake`: why it cannot be reached. */
  readonly trouble?: string;
}

const troubles = ['fail', 'fail?', 'noaddr', 'handshake'];

/** Reads the lines of CLUSTER NODES: `ID IP:PORT@BUSPORT[,NAME] FLAGS MASTER …`. */
export function nodesOf(lines: readonly string[]): ClusterNode[] {
  return lines.flatMap((line) => {
    const [, id, host, port, name, flagWords] = /^([\da-f]{40}) (\S*):(\d+)(?:@\d+)?(?:,([^\s,]*)(?:,\S*)?)? (\S+) /.exec(line) ?? [];
    if (id === undefined || flagWords === undefined) return [];
    const flags = flagWords.split(',');
    return [{
      id, host: host || undefined, name: name || undefined, port: Number(port), isMyself: flags.includes('myself'), isMaster: flags.includes('master'),
      trouble: flags.find((flag) => troubles.includes(flag)),
    }];
  });
}
