import type { PointInTime, PointInTimeWish } from '../../engine.js';
import { JsonError } from '../../../ports/json.js';
import { lastWords } from '../../script/run.js';
import { programs, runOne } from '../../script/shell.js';
import { runScript, type At } from '../run.js';
import { inSession } from '../session.js';
import { archivingWarnings, readArchiving, type Archiving } from './archiving.js';
import { cloudNativePg } from './cloudnative-pg.js';
import { pgBackRest } from './pgbackrest.js';
import type { PointInTimeTool, ToolCommands } from './tool.js';
import { walG } from './wal-g.js';

const tools: readonly PointInTimeTool[] = [pgBackRest, walG, cloudNativePg];

const script = `
${programs}
${runOne}
finish "$code"
`;

/** A base backup reads the whole server. */
const triggerMs = 4 * 3_600_000;

/**
 * To which moments a tool beside the server can recover it, as far as that tool and the server prove it. What fails is said, and is no error:
 * the dump that follows does not depend on it.
 */
export async function lookAtPointInTime(at: At, { trigger }: PointInTimeWish, signal: AbortSignal): Promise<PointInTime> {
  const doing = 'The look at the archive of the WAL';
  const archiving = await inSession(at, doing, signal, readArchiving);
  const tool = tools.find((each) => each.of(archiving));
  const commands = tool?.of(archiving);
  const failures = archivingWarnings(archiving);
  if (!tool || !commands) return { warnings: failures, reason: withoutTool(archiving) };
  const known = { tool: tool.name, recover: commands.recover };
  if (!commands.list) return { ...known, warnings: failures, reason: `${tool.name} archives, and its window is in the cluster: ${commands.recover.split('  #')[0]}` };
  const triggered = trigger && commands.trigger ? await run(at, commands.trigger, `The backup of ${tool.name}`, signal, triggerMs) : undefined;
  const warnings = [...failures, ...triggered?.said === undefined ? [] : [triggered.said], ...trigger && !commands.trigger ? [`${tool.name} is not started by this action: only its window is read.`] : []];
  // What was archived meanwhile counts.
  const after = triggered ? await inSession(at, doing, signal, readArchiving) : archiving;
  const listed = await run(at, commands.list, `The list of backups of ${tool.name}`, signal, 120_000);
  if (listed.said !== undefined) return { ...known, warnings: [...warnings, listed.said], reason: `${tool.name} could not be queried` };
  try {
    return { ...known, ...windowOf(commands, listed.text, after), warnings, isTriggered: triggered !== undefined && triggered.said === undefined };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return { ...known, warnings: [...warnings, `${error.message}.`], reason: `${tool.name} could not be queried` };
  }
}

/** Pure. From the end of its first backup to the last moment that is proven to be in the archive. */
export function windowOf({ backups }: ToolCommands, printed: string, archiving: Archiving): Pick<PointInTime, 'earliestAt' | 'latestAt' | 'reason'> {
  const { firstAt, lastAt, lastWal } = backups?.(printed, archiving) ?? {};
  if (firstAt === undefined || lastAt === undefined) return { reason: 'there is no complete backup of this server yet' };
  const { files } = archiving;
  const isThere = files !== undefined && files.wal !== null && files.completeAt !== null && (lastWal === undefined || lastWal >= files.wal);
  // A backup contains the WAL up to its own end.
  return { earliestAt: firstAt, latestAt: Math.max(lastAt, isThere ? Date.parse(files.completeAt ?? '') : 0) };
}

function withoutTool({ mode, command }: Archiving): string {
  if (mode === 'off') return 'the server archives no WAL (`archive_mode` is off)';
  const [program = ''] = command.trim().split(/\s+/);
  return `the server archives its WAL with ${program === '' ? 'no command' : program}, which is not one of ${tools.map(({ name }) => name).join(', ')}`;
}

interface Ran {
  readonly text: string;
  /** Why it could not be used, as a sentence. */
  readonly said?: string;
}

async function run(at: At, command: readonly string[], doing: string, signal: AbortSignal, timeoutMs: number): Promise<Ran> {
  const { code, text, stderr } = await runScript(at, script, doing, { args: command, signal, timeoutMs });
  return code === 0 ? { text } : { text, said: `${doing} failed with exit code ${code}: ${lastWords(stderr) || lastWords(text) || 'it does not say why'}.` };
}
