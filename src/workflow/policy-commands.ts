import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { decisiveLine } from '../outcome/decisive.js';
import { digestOfBuild } from '../outcome/plan.js';
import type { CommandFact, PolicyObject } from '../policy/input.js';
import { recordOf } from '../policy/objects/read.js';
import type { Ports } from '../ports/ports.js';
import { explainFailure, type ScriptFailure } from '../script/explain.js';
import { lastOutput, runScript, type Ran } from '../script/run-script.js';

/** A policy tool takes seconds; one that takes longer hangs. ms. */
const withinMs = 120_000;

/** Runs `policy.commands` one after the other, each with a file of all objects. @throws CommandError when bash cannot be started */
export async function runPolicyCommands(
  ports: Ports, { policy, environment = '' }: Pick<Config, 'policy' | 'environment'>, objects: readonly PolicyObject[],
): Promise<readonly CommandFact[]> {
  if (policy.levels.commands === 'off' || policy.commands.length === 0) return [];
  const folder = await ports.files.temporaryFolder();
  try {
    const file = join(folder, 'objects.yaml');
    await ports.files.writeText(file, objectsText(objects), 0o600);
    const facts: CommandFact[] = [];
    const env = { DEPLOY_OBJECTS: file, DEPLOY_ENVIRONMENT: environment };
    for (const lines of policy.commands) facts.push(await runOne(ports, lines, policy.workingDirectory, env));
    return facts;
  } finally {
    await ports.files.remove(folder);
  }
}

async function runOne(ports: Ports, lines: readonly string[], workingDirectory: string, env: Readonly<Record<string, string>>): Promise<CommandFact> {
  const command = ports.log.redact(titleOf(lines));
  return ports.log.group(`policy  ${command}`, async () => {
    const ran = await runScript(ports, { name: 'policy', lines, workingDirectory, env, withinMs }, ports.cancelled, (line) => ports.log.output(line));
    if (ran.code === 0 && !ran.isLate) return { command };
    const { message, hint } = explain(ran, command);
    const said = findingsIn(ran.output.map((line) => line.replaceAll(env['DEPLOY_OBJECTS'] ?? '', 'objects.yaml')));
    return { command, hint, failure: said === undefined ? message : `${message} It printed: ${said}`, output: lastOutput(ran, command)[0]?.text };
  });
}

/** A tool that found something exits with a small code. What else ends a script is explained as for any other. */
const explain = (ran: Ran, command: string): ScriptFailure => (ran.isLate || ran.code >= 126 || ran.script.lines.length > 1
  ? explainFailure(ran, `The command \`${command}\``, 'policy.commands') : { message: `\`${command}\` exited with code ${ran.code}.` });

/** How conftest, kyverno and most linters start the line of a finding. */
const findingLine = /^\W*(?:fail(?:ed|ure)?|den(?:y|ied)|error|violations?|critical)\b/i;
/** More than this are counted. */
const quotedAtMost = 3;

/** The lines of an output that name findings, or the one that says why it failed. */
function findingsIn(output: readonly string[]): string | undefined {
  const lines = output.map((line) => line.trim()).filter((line) => findingLine.test(line));
  if (lines.length === 0) return decisiveLine(output.join('\n'), 'failed');
  const more = lines.length - quotedAtMost;
  return `${lines.slice(0, quotedAtMost).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

/** The first line, which names the tool. */
const titleOf = ([first = '', ...others]: readonly string[]): string => `${first.length > 80 ? `${first.slice(0, 79)}…` : first}${others.length > 0 ? ' …' : ''}`;

/**
 * One YAML document for each object, in JSON, which is YAML: tools read several documents and few read a List. Without what the
 * API server adds, and without the values of Secrets. A digest that only the build determines is one of zeros, because tools parse references.
 */
export const objectsText = (objects: readonly PolicyObject[]): string => objects.filter(({ form }) => form === 'kubernetes')
  .map(({ object }) => `---\n${JSON.stringify(withoutNoise(object), null, 2).replaceAll(digestOfBuild, `sha256:${'0'.repeat(64)}`)}\n`).join('');

function withoutNoise(object: unknown): unknown {
  const { status: _status, metadata, ...rest } = recordOf(object);
  const { managedFields: _fields, ...others } = recordOf(metadata);
  return rest['kind'] === 'Secret' ? { ...withoutValues(rest), metadata: withoutLastApplied(others) } : { ...rest, metadata: others };
}

type Values = Readonly<Record<string, unknown>>;

/** A Secret of a file with its keys, which a policy may be about, and without its values: tools print what they read. */
const withoutValues = (secret: Values): Values => Object.fromEntries(Object.entries(secret).map(([field, value]) =>
  [field, field === 'data' || field === 'stringData' ? Object.fromEntries(Object.keys(recordOf(value)).map((key) => [key, ''])) : value]));

/** `kubectl apply` keeps the whole object there, with its values. */
function withoutLastApplied({ annotations, ...metadata }: Values): Values {
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...others } = recordOf(annotations);
  return annotations === undefined ? metadata : { ...metadata, annotations: others };
}
