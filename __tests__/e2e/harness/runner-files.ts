/** `name<<delimiter` blocks and `name=value` lines, as the runner reads GITHUB_OUTPUT, GITHUB_STATE and GITHUB_ENV. */
export function parseFileCommands(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line === '') continue;
    const heredoc = /^([^=<]+)<<(.+)$/.exec(line);
    if (heredoc) {
      const end = lines.indexOf(heredoc[2] ?? '', at + 1);
      if (end < 0) throw new Error(`no end of ${heredoc[1]} (${heredoc[2]})`);
      found[heredoc[1] ?? ''] = lines.slice(at + 1, end).join('\n');
      at = end;
      continue;
    }
    const equals = line.indexOf('=');
    if (equals < 1) throw new Error(`not a file command: ${line}`);
    found[line.slice(0, equals)] = line.slice(equals + 1);
  }
  return found;
}

export interface WorkflowCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

const commands = new Set([
  'add-mask', 'debug', 'notice', 'warning', 'error', 'group', 'endgroup', 'echo', 'stop-commands', 'add-matcher', 'remove-matcher',
  'set-output', 'save-state', 'set-env', 'add-path',
]);

/** The command in a line of output, as the runner understands it; undefined for any other text. */
export function parseCommand(line: string): WorkflowCommand | undefined {
  const match = /^\s*::([a-z-]+)(?: ((?:(?!::)[^\r\n])*))?::(.*)$/i.exec(line);
  const name = match?.[1]?.toLowerCase() ?? '';
  if (!match || !commands.has(name)) return undefined;
  const properties: Record<string, string> = {};
  for (const pair of (match[2] ?? '').split(',')) {
    const equals = pair.indexOf('=');
    if (equals > 0) properties[pair.slice(0, equals).trim()] = unescape(pair.slice(equals + 1)).replaceAll('%3A', ':').replaceAll('%2C', ',');
  }
  return { name, properties, message: unescape(match[3] ?? '') };
}

const unescape = (text: string): string => text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');

/**
 * What a person sees of the raw output, and the commands that the runner obeyed: masks hide their value from the next
 * line on, and between `stop-commands` and its token everything is text.
 */
export function asSeen(raw: readonly string[]): { lines: string[]; commands: WorkflowCommand[] } {
  const lines: string[] = [];
  const obeyed: WorkflowCommand[] = [];
  const masks: string[] = [];
  let stopped: string | undefined;
  for (const line of raw) {
    if (stopped !== undefined) {
      if (line.trim() === `::${stopped}::`) stopped = undefined;
      else lines.push(mask(line, masks));
      continue;
    }
    const command = parseCommand(line);
    if (command) obeyed.push(command);
    if (command?.name === 'stop-commands') stopped = command.message;
    else if (command?.name === 'add-mask') masks.push(...command.message.split('\n').filter((part) => part !== ''));
    else lines.push(mask(line, masks));
  }
  return { lines, commands: obeyed };
}

const mask = (line: string, masks: readonly string[]): string => masks.reduce((text, secret) => text.replaceAll(secret, '***'), line);
