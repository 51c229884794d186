/* Reads what a Pushgateway would, written from the description of the formats. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const numbers: Readonly<Record<string, number>> = { '+Inf': Infinity, '-Inf': -Infinity };

/** The samples of a text in the format 0.0.4. Throws when it is not valid. */
export function readMetrics(text: string): readonly Sample[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line does not end');
  return text.split('\n').slice(0, -1).filter((line) => !line.startsWith('#')).map(readSample);
}

function readSample(line: string): Sample {
  const name = /^[a-zA-Z_:][\w:]*/.exec(line)?.[0] ?? '';
  let at = name.length;
  const labels: Record<string, string> = {};
  const take = (sign: string): void => {
    if (line[at] !== sign) throw new Error(`no ${sign} at ${at} of ${line}`);
    at += 1;
  };
  if (line[at] === '{') {
    do {
      at += 1;
      const label = /^[a-zA-Z_]\w*/.exec(line.slice(at))?.[0] ?? '';
      at += label.length;
      take('=');
      take('"');
      let value = '';
      for (; line[at] !== '"'; at += 1) {
        if (at >= line.length) throw new Error(`a value does not end: ${line}`);
        if (line[at] !== '\\') value += line[at];
        else value += { '\\': '\\', 'n': '\n', '"': '"' }[line[at += 1] ?? ''] ?? '?';
      }
      labels[label] = value;
      at += 1;
    } while (line[at] === ',');
    take('}');
  }
  take(' ');
  const number = line.slice(at);
  const value = numbers[number] ?? Number(number);
  if (name === '' || number === '' || Number.isNaN(value)) throw new Error(`no sample: ${line}`);
  return { name, labels, value: value === 0 ? 0 : value };
}

/** The labels of a group, by its path. */
export function readGroupPath(path: string): Readonly<Record<string, string>> {
  const [, first, ...rest] = path.split('/');
  if (first !== 'metrics' || rest.length % 2 === 1) throw new Error(`no path of a group: ${path}`);
  return Object.fromEntries(Array.from({ length: rest.length / 2 }, (_, index) => {
    const [name = '', value = ''] = rest.slice(2 * index);
    return name.endsWith('@base64') ? [name.slice(0, -'@base64'.length), Buffer.from(value, 'base64url').toString('utf8')] : [name, decodeURIComponent(value)];
  }));
}
