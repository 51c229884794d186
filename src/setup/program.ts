import { dirname } from 'node:path';
import * as v from 'valibot';
import type { SetupConfig } from '../config/setup-config.js';
import { installKubectl } from '../kubernetes/client/kubectl-install.js';
import { onPath } from '../kubernetes/client/on-path.js';
import { CommandError } from '../outcome/errors.js';
import { tryJson } from '../ports/json.js';
import type { Ports } from '../ports/ports.js';
import type { Toolbox } from '../ports/toolbox.js';
import { fetchTool } from '../tool/download.js';
import { downloadOf, type Program } from '../tool/program.js';

/** SHA-256 of `helm-vVERSION-linux-ARCH.tar.gz` as published by get.helm.sh. */
export const helmRelease: Program = {
  name: 'helm',
  version: '4.0.4',
  url: 'https://get.helm.sh/helm-v{version}-{os}-{arch}.tar.gz',
  sha256: {
    amd64: '29454bc351f4433e66c00f5d37841627cbbcc02e4c70a6d796529d355237671c',
    arm64: '16b88acc6503d646b7537a298e7389bef469c5cc9ebadf727547abe9f6a35903',
  },
  file: 'helm.tar.gz',
};

const versionTimeoutMs = 30_000;
const kubectlVersion = v.object({ clientVersion: v.object({ gitVersion: v.string() }) });

/** @returns the version of the kubectl that later steps find; undefined when it does not say */
export async function setUpKubectl(ports: Ports, toolbox: Toolbox, wanted: NonNullable<SetupConfig['kubectl']>): Promise<string | undefined> {
  const versionOf = async (path: string): Promise<string | undefined> =>
    bare(tryJson(await said(ports, path, ['version', '--client', '--output=json']), kubectlVersion)?.clientVersion.gitVersion);
  return setUpProgram(ports, toolbox, { name: 'kubectl', version: wanted.version, versionOf }, (why) =>
    installKubectl(ports, { kubectlUrl: wanted.url, kubectlSha256: wanted.sha256 }, wanted.version, why));
}

/** @returns the version of the Helm that later steps find */
export async function setUpHelm(ports: Ports, toolbox: Toolbox, wanted: NonNullable<SetupConfig['helm']>): Promise<string | undefined> {
  const versionOf = async (path: string): Promise<string | undefined> => bare((await said(ports, path, ['version', '--template={{.Version}}'])).trim());
  return setUpProgram(ports, toolbox, { name: 'helm', version: wanted.version, versionOf }, async (why) => {
    const tool = downloadOf(helmRelease, wanted, ports.machine, why);
    const archive = await fetchTool(ports, tool, why);
    // Unpacked anew for each job: only the archive can be compared with a checksum.
    const folder = await ports.files.temporaryFolder();
    await toolbox.unpack(archive, folder);
    const path = `${folder}/linux-${tool.arch}/helm`;
    if (await ports.files.isExecutable(path)) return path;
    throw new CommandError('tool-missing', `The archive from ${new URL(tool.url).host} does not contain linux-${tool.arch}/helm.`, {
      hint: 'Check `helm-url`: it must lead to an archive like those of get.helm.sh.',
    });
  });
}

interface Sought {
  readonly name: Program['name'];
  /** Undefined: any. */
  readonly version: string | undefined;
  readonly versionOf: (path: string) => Promise<string | undefined>;
}

/** @param install gets the beginning of a sentence that says why, and returns the path of the program */
async function setUpProgram(
  ports: Ports, toolbox: Toolbox, { name, version, versionOf }: Sought, install: (why: string) => Promise<string>,
): Promise<string | undefined> {
  const there = await onPath(name, ports);
  const present = there === undefined ? undefined : await versionOf(there);
  if (there !== undefined && (version === undefined || version === present)) {
    ports.log.info(`${name}: ${present ?? 'a version that it does not say'} is on PATH, nothing to do`);
    return present;
  }
  const path = await install(there === undefined ? `${name} is not on PATH` : `${name} on PATH has the version ${present ?? 'that it does not say'}, and ${version} is wanted`);
  const installed = await versionOf(path);
  toolbox.addPath(dirname(path));
  ports.log.info(`${name}: ${installed ?? 'a version that it does not say'} is installed in ${dirname(path)}`);
  return installed;
}

/** What a program prints; nothing if it fails, as its version is only a matter of words. */
async function said({ process, cancelled }: Ports, program: string, args: readonly string[]): Promise<string> {
  return process.run({ program, args, timeoutMs: versionTimeoutMs, signal: cancelled }).then(({ code, stdout }) => (code === 0 ? stdout : ''), () => '');
}

const bare = (version: string | undefined): string | undefined => (version ? version.replace(/^v/, '') : undefined);
