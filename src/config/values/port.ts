import { bad, good, quote, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';

function parsePort(text: string): Checked<number> {
  return /^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= 65535 ? good(Number(text)) : bad(`is ${quote(text)}, which is not a port`, 'A port is a number from 1 to 65535.');
}

export const port = line(parsePort, { expects: 'a port', schema: { pattern: '^[1-9][0-9]{0,4}$' } });
