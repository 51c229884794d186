import { bad, good, quote, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';
import { isObjectName } from './kubernetes-names.js';

/** A name that can stand in the file of hosts of a pod: no address, which no such file can lead elsewhere. */
function parseHostName(text: string): Checked<string> {
  if (/^[0-9.]+$/.test(text) || text.includes(':')) return bad(`is ${quote(text)}, which is no host name`, 'Write the name without a port. An address cannot be made to lead to the copy.');
  return isObjectName(text) ? good(text) : bad(`is ${quote(text)}, which is not a host name`, 'Write it as the workload does, e.g. pgbouncer or db.internal.example.');
}

export const hostName = line(parseHostName, { expects: 'a host name' });
