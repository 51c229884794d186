import type { Config } from '../config/config.js';
import { policyRuleNames, type PolicyLevel } from '../config/values/policy-rules.js';
import { parseReference } from '../image/reference.js';
import { together, type Checked } from '../outcome/finding.js';
import type { PolicyReport } from '../outcome/policy.js';
import { messageOf } from '../outcome/wording.js';
import { checkedOf } from '../policy/checked.js';
import { nothingInspected, type CertificateFact, type Note } from '../policy/input.js';
import { readsOf } from '../policy/needs.js';
import { review } from '../policy/review.js';
import type { Ports } from '../ports/ports.js';
import type { Proposal } from '../target/target.js';
import type { Run } from './run.js';

/** What is read for policy rules from elsewhere than the target: it can start before the target is open. */
export interface Outside {
  readonly certificates: readonly CertificateFact[];
  readonly notes: readonly Note[];
}

export interface Reviewed {
  readonly report: PolicyReport;
  /** What it means for the run. */
  readonly checked: Checked;
}

/** A host that only users reach must not delay every run. ms */
const handshakeWithinMs = { 'smoke': 5000, 'environment-url': 2000 } as const;
type Reached = keyof typeof handshakeWithinMs;

/** The certificates of the hosts that users and smoke checks reach. Does not reject. */
export async function readOutside({ ports, config }: Pick<Run, 'ports' | 'config'>): Promise<Outside> {
  if (config.policy.levels.certificates === 'off') return { certificates: [], notes: [] };
  const all = await Promise.all([...hostsOf(config)].map(([host, of]) => readCertificate(ports, host, of, config.policy.levels.certificates)));
  return { certificates: all.flatMap(({ certificates }) => certificates), notes: all.flatMap(({ notes }) => notes) };
}

/** `https://api.acme.example` → for whom it is reached. */
function hostsOf({ smoke, environmentUrl }: Pick<Config, 'smoke' | 'environmentUrl'>): ReadonlyMap<string, Reached> {
  const urls = [...smoke.flatMap(({ target }) => (target.type === 'url' ? [['smoke', target.url] as const] : [])), ...environmentUrl === undefined ? [] : [['environment-url', environmentUrl] as const]];
  return new Map(urls.flatMap(([of, text]) => {
    const url = new URL(text);
    return url.protocol === 'https:' ? [[url.origin, of] as const] : [];
  }).reverse());
}

async function readCertificate({ http, log, cancelled }: Ports, host: string, of: Reached, level: PolicyLevel): Promise<Outside> {
  try {
    const certificate = await http.certificate({ url: host, timeoutMs: handshakeWithinMs[of], signal: cancelled });
    return { certificates: [{ subject: host, of, ...certificate }], notes: [] };
  } catch (error) {
    const text = `The policy rule \`certificates\` could not check ${host} (${of}): ${messageOf(error)}.`;
    // A smoke check that gets no answer is reported by itself, and a runner in another network than the users is normal.
    const isExpected = of === 'smoke' || level !== 'deny';
    if (of !== 'smoke' && isExpected) log.info(text);
    return { certificates: [], notes: [{ rule: 'certificates', text: isExpected ? '' : text }] };
  }
}

/**
 * Applies the policy rules to what a run is going to deploy. Reads only what the rules that are on need.
 * @param reference what is deployed, as far as it is known
 */
export async function reviewPolicy(run: Pick<Run, 'ports' | 'config'>, outside: Promise<Outside>, proposal: Pick<Proposal, 'inspect'>, reference: string | undefined): Promise<Reviewed> {
  const { config, ports } = run;
  const { reads, notes } = readsOf(config.policy, config.cluster);
  const [inspected = nothingInspected, files, { certificates, notes: ofHosts }, imageUser] = await Promise.all([
    proposal.inspect?.(reads), readFiles(run), outside, userOf(run, reference),
  ]);
  const objects = [...inspected.objects, ...files.objects];
  const commands = config.policy.commands.length > 0 ? await import('./policy-commands.js').then(({ runPolicyCommands }) => runPolicyCommands(ports, config, objects)) : [];
  const reviewed = review(config.policy, {
    ...inspected, objects, commands, imageUser, now: ports.clock.now(), environment: config.environment, buildArgs: config.build?.buildArgs ?? {},
    certificates: [...certificates, ...inspected.certificates], notes: [...notes, ...ofHosts, ...inspected.notes],
  });
  const report = { ...reviewed, notes: [...reviewed.notes, ...files.notes] };
  for (const { rule, message, exception } of report.findings) if (exception) ports.log.info(`Policy \`${rule}\`: ${message} It is allowed until ${exception.until}: ${exception.reason}`);
  const checked = together([{ problems: files.problems, warnings: [] }, checkedOf(report)]);
  return { report, checked };
}

/**
 * Applies the policy rules to settings and files of the repository alone, where the target is not read. Nothing that the settings
 * name is contacted, and no command runs: it would judge objects that are not there.
 */
export async function reviewFiles({ ports, config }: Pick<Run, 'ports' | 'config'>): Promise<Reviewed> {
  const files = { ...config, policy: { ...config.policy, commands: [] } };
  // No rule has seen everything, so none of its exceptions is said to match nothing.
  const outside: Outside = { certificates: [], notes: policyRuleNames.map((rule) => ({ rule, text: '' })) };
  return reviewPolicy({ ports, config: files }, Promise.resolve(outside), {}, undefined);
}

/** Loaded with the parser of YAML, for the runs that need it. */
async function readFiles({ config, ports }: Pick<Run, 'ports' | 'config'>) {
  if (config.policy.files.length === 0) return { objects: [], notes: [], problems: [] };
  const { readPolicyFiles } = await import('./policy-files.js');
  return readPolicyFiles(ports.files, config);
}

async function userOf({ config, ports }: Pick<Run, 'ports' | 'config'>, reference = ''): Promise<string | undefined> {
  const { name, digest } = parseReference(reference) ?? {};
  if (config.policy.levels['non-root'] === 'off' || digest === undefined) return undefined;
  const { readImageUser } = await import('../image/image-user.js');
  return readImageUser(ports, config.login, `${name}@${digest}`);
}
