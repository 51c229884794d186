import { describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { readEmission, type Emission } from '../../src/config/emission.js';
import { excerptOf } from '../../src/config/excerpt.js';
import { parseConfig } from '../../src/config/parse.js';
import { readSettingsText } from '../../src/config/settings-file.js';
import { cronJobText, settingsText } from '../../src/data/cronjob-text.js';
import { cronJobWish } from '../../src/data/cronjob-wish.js';
import type { ConfigError } from '../../src/outcome/errors.js';

const file = `
image: ghcr.io/acme/api
app: shop-api
workloads: [deployment/api]
kubeconfig: deploy/kubeconfig.yml
namespace: shop
databases:
  main: { engine: postgres, pod: app=pg, password: secret/pg/password }
  reports: { engine: postgres, pod: app=reports, password: env:REPORTS_PASSWORD }
  far: { engine: postgres, url: env:FAR_URL }
backup:
  to: s3://acme-backups/1.20
  recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]
  identity: env:BACKUP_IDENTITY
  timeout: 1h30m
  assertions: ["SELECT count(*) > 0\\nFROM users -- # all"]
notify: { slack: { webhook: env:SLACK_WEBHOOK } }
environments:
  production: { namespace: shop, backup: { to: s3://acme-production/api }, test: make }
  staging: { backup: { to: ./folder } }
`;
const emission: Emission = { image: 'ghcr.io/acme/backup:1', schedule: '23 */3 * * *', disk: '10Gi' };

/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- objects of Kubernetes, of which each test looks at some fields */
type Any = any;

function emitted(text = file, inputs: Record<string, string> = { environment: 'production' }, more: Partial<Emission> = {}): { readonly text: string; readonly of: (kind: string) => Any } {
  const reading = readSettingsText('.github/deploy.yml', text);
  if (!('root' in reading)) throw new Error(JSON.stringify(reading.problems));
  const parsed = parseConfig({ action: 'backup', inputs, file: { path: '.github/deploy.yml', reading }, facts: { secretsAreElsewhere: true } });
  const settings = settingsText(excerptOf(reading.root, 'backup', parsed.config.environment));
  const all = cronJobText(cronJobWish(parsed, { ...emission, ...more }, settings));
  const objects = parseAllDocuments(all).map((document) => document.toJS() as Any);
  return { text: all, of: (kind) => objects.find((object) => object?.kind === kind) };
}

describe('the settings that a CronJob gets', () => {
  const settings = emitted().of('ConfigMap').data['deploy.yml'];
  it('are those that a backup uses, in its environment, and not how the cluster is reached', () => {
    expect(Object.keys(parse(settings))).toEqual(['databases', 'backup', 'notify', 'environments']);
    expect(parse(settings).environments).toEqual({ production: { backup: { to: 's3://acme-production/api' } } });
  });
  it('mean the same when they are read again, to the last digit and line', () => {
    const before = readSettingsText('a.yml', file);
    const after = readSettingsText('a.yml', settings);
    const read = (reading: typeof before): Any => ('root' in reading ? excerptOf(reading.root, 'backup', 'production') : reading);
    expect(read(after)).toEqual(read(before));
  });
});

const locks = ['leases: create', 'leases deploy-database-shop-api-main deploy-database-shop-api-reports: get watch update patch'];

describe('a CronJob', () => {
  const { of, text } = emitted();
  const spec = of('CronJob').spec;
  const pod = spec.jobTemplate.spec.template.spec;

  it('is in UTC, never runs twice at once, and has an end', () => {
    expect(spec).toMatchObject({ schedule: '23 */3 * * *', timeZone: 'Etc/UTC', concurrencyPolicy: 'Forbid', startingDeadlineSeconds: 1800, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 3 });
    expect(spec.jobTemplate.spec).toMatchObject({ backoffLimit: 1, activeDeadlineSeconds: 3 * 5400 });
  });
  it('starts this program with the settings', () => {
    expect(pod.containers[0].args).toEqual(['backup', '--config=/etc/deploy-action/deploy.yml', '--app=shop-api', '--environment=production']);
    expect(emitted(file, { database: 'main,far' }).of('CronJob').spec.jobTemplate.spec.template.spec.containers[0].args.slice(3)).toEqual(['--database=main', '--database=far']);
  });
  it('is allowed nothing on its node', () => {
    expect(pod).toMatchObject({ restartPolicy: 'Never', securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } });
    expect(pod.containers[0].securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    expect(pod.containers[0].resources).toEqual({ requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '512Mi' } });
    expect(pod.volumes[1]).toEqual({ name: 'spool', emptyDir: { sizeLimit: '10Gi' } });
  });
  it('gets each secret from the Secret of the user, and not the key that decrypts', () => {
    const env = pod.containers[0].env.map(({ name, value, valueFrom }: Any) => `${name}=${value ?? `${valueFrom.secretKeyRef.name}/${valueFrom.secretKeyRef.key}${valueFrom.secretKeyRef.optional ? '?' : ''}`}`);
    expect(env.sort()).toEqual([
      'AWS_ACCESS_KEY_ID=shop-api-backup/AWS_ACCESS_KEY_ID?', 'AWS_SECRET_ACCESS_KEY=shop-api-backup/AWS_SECRET_ACCESS_KEY?', 'FAR_URL=shop-api-backup/FAR_URL',
      'HOME=/spool', 'REPORTS_PASSWORD=shop-api-backup/REPORTS_PASSWORD', 'SLACK_WEBHOOK=shop-api-backup/SLACK_WEBHOOK?', 'TMPDIR=/spool',
    ]);
    expect(text).toContain('#   kubectl --namespace=shop create secret generic shop-api-backup \\\n');
    expect(text).toContain('#     --from-file=FAR_URL=<(printf %s "$FAR_URL")');
    expect(text).toContain('once, without the lines of those that are not used (of SLACK_WEBHOOK, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY):');
    const command = text.split('\n').filter((line) => /^# {3}/.test(line));
    expect(command.slice(0, -1).filter((line) => !line.endsWith(' \\'))).toEqual([]);
  });
  it('has an account with the rules that it needs, in its namespace', () => {
    const words = of('Role').rules.map(({ resources, resourceNames = [], verbs }: Any) => `${[...resources, ...resourceNames].join(' ')}: ${verbs.join(' ')}`);
    expect(words).toEqual(['pods: get list watch', 'pods/exec: create get', 'secrets pg: get', ...locks, 'jobs: get list watch create delete', 'events: list watch']);
    expect(of('RoleBinding')).toMatchObject({ roleRef: { name: 'shop-api-backup' }, subjects: [{ kind: 'ServiceAccount', name: 'shop-api-backup', namespace: 'shop' }] });
    for (const kind of ['ServiceAccount', 'Role', 'RoleBinding', 'ConfigMap', 'CronJob']) expect(of(kind).metadata).toMatchObject({ name: 'shop-api-backup', namespace: 'shop' });
  });
  it.each<[string, string, readonly string[] | undefined]>([
    ['reads dumps only to their end', file.replace('timeout: 1h30m', 'verify: archive').replace(/ {2}assertions.*\n/, ''), ['pods: get list', 'pods/exec: create get', 'secrets pg: get', ...locks]],
    ['keeps them in a volume', file.replace('s3://acme-production/api', 'pvc/backups/api').replace(/ {2}(main|reports):.*\n/g, ''), [
      'pods: get list watch', 'pods/exec: create get', 'jobs: get list watch create delete', 'events: list watch', 'persistentvolumeclaims backups: get',
    ]],
    ['has its databases outside of the cluster', file.replace(/ {2}(main|reports):.*\n/g, ''), undefined],
  ])('has only the rules that it needs if it %s', (_, settings, rules) => {
    const { of: its } = emitted(settings);
    expect(its('Role')?.rules.map(({ resources, resourceNames = [], verbs }: Any) => `${[...resources, ...resourceNames].join(' ')}: ${verbs.join(' ')}`)).toEqual(rules);
    expect(its('CronJob').spec.jobTemplate.spec.template.spec.automountServiceAccountToken).toBe(rules !== undefined);
  });
  it('is in the namespace of whoever applies it, unless the settings name one, and its name is never too long', () => {
    const long = emitted(file.replaceAll(/namespace: shop,? ?\n?/g, '').replace('shop-api', `${'a'.repeat(44)}-bcdefg`), {}, { secret: 'my.secret' });
    expect(long.of('CronJob').metadata).toMatchObject({ name: `${'a'.repeat(44)}--backup` });
    expect([long.of('CronJob').metadata.namespace, long.of('RoleBinding').subjects]).toEqual([undefined, [{ kind: 'ServiceAccount', name: `${'a'.repeat(44)}--backup` }]]);
    expect(long.text).toContain('#   kubectl create secret generic my.secret \\\n');
  });
});

describe('the flags', () => {
  const problemsOf = (inputs: Record<string, string>): readonly string[] => {
    try {
      readEmission(inputs);
      return [];
    } catch (error) {
      return (error as ConfigError).problems.map(({ where, message, hint }) => `${where} ${message}. ${hint}`);
    }
  };
  it('are apart from the settings of the backup', () => {
    expect(readEmission({ environment: 'production' })).toBeUndefined();
    expect(readEmission({ emit: 'cronjob', image: 'a:1', environment: 'production', secret: 's' })).toEqual({ emission: { ...emission, image: 'a:1', secret: 's' }, rest: { environment: 'production' } });
  });
  it.each(['@hourly', '0 3 * *', '0 3 * * * *', '0 3 * * 1;id', '0\n3 * * *', ''])('refuse the schedule %j', (schedule) => {
    expect(problemsOf({ emit: 'cronjob', image: 'a', schedule })).toEqual(['--schedule does not have the five fields of cron. Write it in quotes, in UTC: "23 */3 * * *".']);
  });
  it.each(['5 4 * * sun', '*/15 0,12 1-7 JAN *'])('take the schedule %j', (schedule) => expect(problemsOf({ emit: 'cronjob', image: 'a', schedule })).toEqual([]));
  it('report everything that is wrong at once', () => {
    expect(problemsOf({ emit: 'job', image: 'a b', secret: 'A', disk: '10G' })).toEqual([
      '--emit can only be "cronjob". Write --emit cronjob.',
      '--image does not name the image that makes the backups. Build it with backup/image/Dockerfile, and give its name with a tag or a digest.',
      '--secret is not the name of a Secret. Use lower-case letters, digits and dashes.', '--disk is not a size. Write it as 10Gi: twice the size of the largest dump.',
    ]);
    expect(problemsOf({ image: 'a' })).toEqual(['--emit is missing, and --image, --schedule, --secret and --disk are for it. Add --emit cronjob, or remove them.']);
  });
});
