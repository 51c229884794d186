/**
 * What the GitHub runner would take for a command, written from its sources and a little more wary than they are: it
 * trims white space, compares by culture (so it looks through ignorable characters), and knows two notations.
 */
export interface RunnerCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

export function readLikeRunner(stdout: string): readonly (RunnerCommand | string)[] {
  return stdout.split(/\r\n|\r|\n/).map((line) => {
    const seen = line.replace(/\p{Cf}|\p{Cc}|\p{Default_Ignorable_Code_Point}/gu, '');
    return newNotation(seen.trimStart()) ?? oldNotation(seen) ?? line;
  });
}

export const commandsIn = (stdout: string): readonly RunnerCommand[] =>
  readLikeRunner(stdout).filter((line) => typeof line !== 'string');

function newNotation(line: string): RunnerCommand | undefined {
  const match = /^::((?:(?!::).)*)::(.*)$/s.exec(line);
  if (!match) return undefined;
  const [name = '', ...rest] = (match[1] ?? '').split(' ');
  const properties = rest.join(' ').trim().split(',').filter((pair) => pair.includes('=')).map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), unescape(pair.slice(at + 1))] as const;
  });
  return { name, properties: Object.fromEntries(properties), data: unescape(match[2] ?? '') };
}

function oldNotation(line: string): RunnerCommand | undefined {
  const match = /##\[([^\]]*)\](.*)/s.exec(line);
  return match ? { name: match[1] ?? '', properties: {}, data: match[2] ?? '' } : undefined;
}

const unescape = (text: string): string =>
  text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%25', '%');
