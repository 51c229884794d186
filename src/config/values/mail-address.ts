import type { MailAddress } from '../../ports/mail.js';
import { bad, good, quote, type Checked, type Fault } from '../kit/checked.js';
import { list } from '../kit/list.js';
import { line } from '../kit/text.js';

/** More would be a mailing list, which belongs on the mail server. */
const recipientsAtMost = 50;
const form = 'Write NAME@HOST, or Name <NAME@HOST>.';

/** `ops@acme.example`, `Deployments <ops@acme.example>`. No rules of mail servers: those decide themselves which addresses exist. */
export function parseMailAddress(text: string): Checked<MailAddress> {
  const open = text.endsWith('>') ? text.lastIndexOf('<') : -1;
  const address = open < 0 ? text : text.slice(open + 1, -1);
  const name = open < 0 ? '' : text.slice(0, open).trim().replace(/^"(.*)"$/, '$1');
  const [local = '', host = '', ...more] = address.split('@');
  const isPlain = (part: string): boolean => part !== '' && !/[\s<>()[\],;:\\"]/.test(part);
  if (more.length > 0 || !isPlain(local) || !isPlain(host) || address.length > 254) return bad(`is ${quote(text)}, which is not an e-mail address`, form);
  if (/[<>"]/.test(name)) return bad(`has the name ${quote(name)}, which has "<", ">" or quotes in it`, form);
  return good(name === '' ? { address } : { name, address });
}

const tooMany: Fault = { message: `is one of more than ${recipientsAtMost} addresses`, hint: 'Use a mailing list.' };

export const mailAddress = line(parseMailAddress, { expects: 'an e-mail address' });
export const mailAddresses = list(mailAddress, {
  expects: 'a list of e-mail addresses', separator: ',', check: (values) => values.map((_, index) => (index === recipientsAtMost ? tooMany : undefined)),
});
