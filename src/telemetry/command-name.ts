/**
 * The words of a command line that are known to be no values. A name is made of these alone, because arguments hold secrets: build
 * arguments, addresses with logins in them, tokens.
 */
const subcommands: Readonly<Record<string, ReadonlySet<string>>> = {
  docker: words('buildx imagetools build inspect create ls version login logout info context compose up down ps pull push bake du use image manifest'),
  kubectl: words('set image proxy config view version get apply diff patch rollout status undo restart create delete exec logs auth can-i wait annotate label scale replace'),
  git: words('rev-parse log status config symbolic-ref diff show cat-file ls-files ls-remote submodule fetch'),
  helm: words('upgrade install rollback history status get template lint uninstall version repo dependency list'),
};

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(' '));
}

/** A command without its arguments. */
export interface CommandName {
  /** The program without its folder: `docker`. */
  readonly program: string;
  /** The program with its subcommand, as far as that is known: `docker buildx build`. */
  readonly full: string;
}

/** Names a command by its program and its subcommand, never by anything else of its arguments. */
export function commandName(path: string, args: readonly string[]): CommandName {
  const program = path.slice(path.lastIndexOf('/') + 1);
  const known = subcommands[program] ?? new Set<string>();
  const first = args.findIndex((arg) => known.has(arg));
  const rest = first === -1 ? [] : args.slice(first);
  const end = rest.findIndex((arg) => !known.has(arg));
  return { program, full: [program, ...rest.slice(0, end === -1 ? rest.length : end)].slice(0, 4).join(' ') };
}
