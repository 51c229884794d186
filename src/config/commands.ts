import type { ActionName } from '../outcome/action.js';
import type { CommandTable, Flag } from '../ports/command-line.js';
import { actions } from './actions.js';
import { emissionFlags } from './emission.js';
import { defaultOf } from './kit/kind.js';
import { mapValues } from './kit/record.js';
import { descriptionOf } from './setting.js';
import { sections, settings, settingsOf, type SettingName } from './settings.js';

/** A setting as a flag: what follows it, and a description where that of the documentation is for files and workflows. */
interface AsFlag {
  readonly value: string;
  readonly text?: string;
  readonly default?: string;
  /** Although it is more than a flag in the settings file. */
  readonly isBoolean?: true;
}

const asFlags: Readonly<Partial<Record<SettingName, AsFlag>>> = {
  'config': { value: 'FILE' },
  'environment': { value: 'NAME', text: 'Environment of the settings file to use.' },
  'environment-url': { value: 'URL', text: 'Where users reach the app.' },
  'app': { value: 'NAME', text: 'Name of the app in the records of its deployments.' },
  'dry-run': { value: '', text: 'Show what the run would do, and change nothing.' },
  'log': { value: 'text|json', text: 'How the run is printed: text for people, or one JSON object on each line of stdout.' },
  'test': { value: 'COMMAND', text: 'Command that must succeed before anything is built.' },
  'working-directory': { value: 'FOLDER' },
  'image': { value: 'REPOSITORY' },
  'digest': { value: 'DIGEST' },
  'tags': { value: 'TAG', text: 'Tag of the image. Tags that move, such as latest, move only after a successful run.' },
  'context': { value: 'FOLDER', text: 'Folder that is sent to the build.' },
  'dockerfile': { value: 'FILE', text: 'Path of the Dockerfile, relative to the current folder.' },
  'target': { value: 'STAGE' },
  'platforms': { value: 'PLATFORM', text: 'Platform to build for, such as linux/arm64.' },
  'build-args': { value: 'KEY=VALUE', text: 'Build argument. It can be read from the image.' },
  'build-secrets': { value: '', text: 'Secrets of the build, one ID=VALUE or ID=env:NAME per line.' },
  'labels': { value: 'KEY=VALUE', text: 'Label of the image.' },
  'builder': { value: 'NAME' },
  'cache': { value: 'WHERE', text: 'Where layers are cached between runs: none, or registry (next to the image).' },
  'registry': { value: 'HOST' },
  'registry-username': { value: 'NAME' },
  'registry-password': { value: '', text: 'Password or token for the registry.' },
  'kubeconfig': { value: 'FILE', text: 'Kubeconfig of the cluster.', default: 'KUBECONFIG, or ~/.kube/config' },
  'kube-context': { value: 'NAME' },
  'namespace': { value: 'NAME' },
  'kubectl-url': { value: 'URL', text: 'Where kubectl is downloaded from if it is not installed.' },
  'kubectl-sha256': { value: 'SHA256', text: 'SHA-256 of the file at --kubectl-url.' },
  'workloads': { value: 'WORKLOAD', text: 'Workload of the run: deployment/api, statefulset/db:container, daemonset/agent, cronjob/nightly.' },
  'timeout': { value: 'DURATION' },
  'rollback': { value: 'auto|off' },
  'advice': { value: 'on|off', text: 'Report what in a workload can lose requests during a rollout.' },
  'prove-first': { value: 'true|false', text: 'Let the first new pods pass the smoke checks before the others are replaced.' },
  'patience': { value: 'CAUSE=DURATION', text: 'How long a symptom must last before it counts as the cause of a failure.' },
  'lock-timeout': { value: 'DURATION', text: 'How long to wait while another run deploys the same app.' },
  'watch': { value: 'DURATION', text: 'How long to watch the new version after its smoke checks.' },
  'watch-interval': { value: 'DURATION', text: 'Time between two looks while the version is watched.' },
  'force': { value: '', text: 'Roll back also across a migration that is declared irreversible.' },
  'to': {
    value: 'RELEASE', text: 'Release to roll back to: its commit (7 digits or more), its digest, or its revision.',
    default: 'the last verified one before the current one',
  },
  'reason': { value: 'REASON', text: 'Why it is rolled back, which is recorded.' },
  'smoke': { value: 'CHECK', text: 'Check that the new version must pass: TARGET [-> STATUS [contains TEXT]]. TARGET is a URL or service/NAME[:PORT]/PATH.' },
  'freeze': { value: 'PERIOD', text: 'Period in which no rollout is allowed: "Fri 16:00 – Mon 08:00 Europe/Paris".' },
  'windows': { value: 'PERIOD', text: 'The only period in which a rollout is allowed.' },
  'database': { value: 'NAME', text: 'Name of the database under `databases`.', default: 'the only one' },
  'backup': { value: 'BACKUP', text: 'Backup to restore: its name, latest, or "before: TIME".', default: 'latest' },
  'into': { value: 'live|scratch', text: 'Replace the live data, or rehearse it in a scratch server.' },
  'confirm': { value: 'NAME', text: 'Name of the database whose data is replaced.' },
  'disaster': { value: '', text: 'Recover everything into a namespace without data.', isBoolean: true },
  'fence': { value: 'WORKLOAD', text: 'Workload that is scaled to 0 while the data is exchanged.' },
  'check': { value: '', text: 'Make no backup: fail if the last verified one is older than rpo.' },
  'freeze-override': { value: 'REASON', text: 'Deploy outside of the allowed times for this reason, which is recorded.' },
};

/** Flags that only a terminal has. */
const output: readonly Flag[] = [
  { name: 'verbose', isBoolean: true, group: 'Output', description: 'Show everything: the output of tests and builds, and all names in full.' },
  { name: 'json', isBoolean: true, group: 'Output', description: 'Print the report of the run as JSON on stdout, and everything else on stderr.' },
  { name: 'report', value: 'FILE', group: 'Output', description: 'Write the report to FILE: a summary in Markdown if its name ends in .md, otherwise JSON. Can be repeated.' },
];

/** Names of the flags that are no settings. */
export const outputFlags = ['verbose', 'json', 'report'] as const;

/** Commands of the terminal: the actions, and those that only a terminal has. */
export type CommandName = ActionName | 'history' | 'backups' | 'prune';

const examples: Readonly<Record<ActionName, readonly string[]>> = {
  deploy: [
    'deploy --environment production --dry-run',
    'deploy --image acme/api --workloads deployment/api --smoke service/api/healthz',
  ],
  build: ['build --image ghcr.io/acme/api --test "npm test"'],
  rollout: ['rollout --image ghcr.io/acme/api --digest sha256:… --workloads deployment/api'],
  rollback: ['rollback --app api --namespace production', 'rollback --app api --to 5e94acd'],
  'pr-check': ['pr-check --environment production', 'pr-check --config services/api/deploy.yml'],
  'backup': ['backup --environment production', 'backup --database main', 'backup --emit cronjob --image ghcr.io/acme/backup:1 | kubectl apply --filename=-'],
  'restore': ['restore --database main --into scratch', 'restore --database main --backup latest --confirm acci', 'restore --environment production --disaster --dry-run'],
};

const headingOf = (name: SettingName): string => sections.find((section) => name in section.settings)?.heading ?? '';

function flagOf(name: SettingName, action: ActionName): Flag {
  const { value, text, default: otherwise, ...as }: AsFlag = asFlags[name] ?? { value: 'VALUE' };
  const isBoolean = as.isBoolean ?? settings[name].fallback === 'false';
  return {
    name, value: value === '' ? undefined : value, group: headingOf(name), isBoolean,
    description: text ?? descriptionOf(settings[name], action).replaceAll('`', ''),
    default: isBoolean ? undefined : (otherwise ?? defaultOf(settings[name]))?.replaceAll('`', ''),
    fromEnvironmentOnly: settings[name].secret && name !== 'kubeconfig',
  };
}

/** What names a record, and how it is reached. */
const ofRecord = ['config', 'environment', 'app', 'image', 'kubeconfig', 'kube-context', 'namespace', 'kubectl-url', 'kubectl-sha256'] as const satisfies readonly SettingName[];

const historyTexts: Readonly<Partial<Record<SettingName, { readonly description: string }>>> = {
  image: { description: 'Repository of the image, without a tag: only its runs and releases are shown. It also sets the default of app.' },
  namespace: { description: 'Namespace of the app.' },
};

/** What names a store of backups, and how it is reached. */
const ofStore = ['config', 'environment', 'app', 'kubeconfig', 'kube-context', 'namespace', 'database', 'kubectl-url', 'kubectl-sha256'] as const satisfies readonly SettingName[];

const json: Flag = { name: 'json', isBoolean: true, group: 'Output', description: 'Print JSON on stdout.' };

/** The commands of the terminal, with their settings as flags. */
export const commands: CommandTable<CommandName> = {
  ...mapValues(actions, ({ description }, action) => ({
    description, examples: examples[action],
    flags: [...settingsOf(action).filter((name) => settings[name].inTerminal).map((name) => flagOf(name, action)), ...action === 'backup' ? emissionFlags : [], ...output],
  })),
  history: {
    description: 'Shows the last runs and releases of an app, and how often, how fast and how safely it is deployed. Changes nothing.',
    examples: ['history --environment production', 'history --app api --namespace production --json'],
    flags: [
      ...ofRecord.map((name) => ({ ...flagOf(name, 'rollback'), ...historyTexts[name] })),
      json,
    ],
  },
  backups: {
    description: 'Lists the backups of the store, and why each of them stays or goes. Changes nothing.',
    examples: ['backups --environment production', 'backups --database main --json'],
    flags: [...ofStore.map((name) => flagOf(name, 'backup')), json],
  },
  prune: {
    description: 'Removes the backups that the retention does not keep.',
    examples: ['prune --environment production --dry-run'],
    flags: [
      ...ofStore.map((name) => flagOf(name, 'backup')), { ...flagOf('dry-run', 'backup'), description: 'Only show what would be removed.' },
      { name: 'most', isBoolean: true, group: 'Retention', description: 'Also remove them if they are more than half of all backups.' }, json,
    ],
  },
};
