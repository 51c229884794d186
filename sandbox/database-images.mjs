// The images of PostgreSQL and Redis, and the same programs for this machine. They are made from packages of the
// distribution without a builder, a chroot or root: the archives are unpacked, and the tree is the only layer.
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, createReadStream, createWriteStream, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { command } from './command.mjs';
import { checkDebian, downloadAll, packagesLike, upstreamVersion, withLists } from './debian.mjs';
import { cache, source } from './layout.mjs';
import { Unfit } from './machine.mjs';
import { step } from './progress.mjs';
import { linkPrograms, madeFolder, stampOf, unpackRoot } from './unpacked.mjs';

/**
 * @typedef {object} Recipe
 * @property {string} title
 * @property {RegExp} package candidates; the preferred one is taken if it exists, or else the last
 * @property {string} preferred
 * @property {string} versionOf the package whose version is that of the programs, with NAME for the one that is taken
 * @property {string} programs the folder in the image whose programs this machine gets as well
 * @property {string[]} chosen names of programs in that folder; all of them, if it is empty
 * @property {{ name: string, home: string }} user has the id 999, as in the official images
 * @property {Record<string, number>} folders created, with their modes: whoever the container runs as can write to some
 * @property {Record<string, unknown>} config of the image
 */

/** What people and scripts in the pod expect of an image that is based on Debian. */
const basis = ['base-files', 'bash', 'coreutils', 'dash', 'findutils', 'grep', 'gzip', 'libc-bin', 'mawk', 'sed', 'tar', 'util-linux', 'xz-utils', 'zstd'];

/** Only scripts of packages need these, which do not run, and the compiler for queries, which is off where it is absent. */
const without = [
  'adduser', 'debconf', 'dpkg', 'init-system-helpers', 'libpam-modules', 'locales', 'lsb-base', 'netbase', 'openssl', 'passwd', 'perl', 'perl-base',
  'postgresql-client-common', 'postgresql-common', 'sensible-utils', 'ssl-cert', 'sysvinit-utils', 'ucf', 'usrmerge',
  'libllvm14', 'libllvm15', 'libllvm16t64', 'libllvm17t64', 'libllvm18', 'libllvm19',
];
const leftOut = ['./usr/lib/postgresql/*/lib/bitcode', './usr/lib/postgresql/*/lib/llvmjit*'];

/** `NAME` stands for the package that is taken, `MAJOR` for the number in it. @satisfies {Record<string, Recipe>} */
export const recipes = {
  postgres: {
    title: 'PostgreSQL',
    package: /^postgresql-\d+$/,
    preferred: 'postgresql-15',
    versionOf: 'NAME',
    programs: 'usr/lib/postgresql/MAJOR/bin',
    chosen: [],
    user: { name: 'postgres', home: '/var/lib/postgresql' },
    folders: { 'docker-entrypoint-initdb.d': 0o755, 'var/lib/postgresql': 0o1777, 'var/lib/postgresql/data': 0o1777, 'run/postgresql': 0o3777 },
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/usr/lib/postgresql/MAJOR/bin', 'LANG=C.UTF-8', 'PG_MAJOR=MAJOR', 'PGDATA=/var/lib/postgresql/data'],
      Cmd: ['postgres'],
      ExposedPorts: { '5432/tcp': {} },
      Volumes: { '/var/lib/postgresql/data': {} },
      // Fast shutdown: without waiting until all clients have gone.
      StopSignal: 'SIGINT',
    },
  },
  redis: {
    title: 'Redis',
    package: /^redis-server$/,
    preferred: 'redis-server',
    versionOf: 'redis-tools',
    programs: 'usr/bin',
    chosen: ['redis-server', 'redis-cli', 'redis-check-rdb'],
    user: { name: 'redis', home: '/data' },
    folders: { data: 0o1777 },
    config: {
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', 'LANG=C.UTF-8'],
      Cmd: ['redis-server'],
      ExposedPorts: { '6379/tcp': {} },
      Volumes: { '/data': {} },
      WorkingDir: '/data',
    },
  },
};

/** @typedef {keyof typeof recipes} ImageName */
/**
 * @typedef {object} Made
 * @property {string} folder with manifest.json, config.json and layer.tar.gz
 * @property {string} version
 * @property {string} major
 * @property {string} programs a folder for PATH
 */

const entrypoint = (/** @type {ImageName} */ name) => join(source, 'databases', `${name}.sh`);

/** Another recipe makes another image. @param {ImageName} name */
const folderOf = (name) => {
  const { package: pattern, ...recipe } = recipes[name];
  const made = ['database-images.mjs', 'debian.mjs', 'unpacked.mjs'].map((file) => join(source, file));
  return join(cache, `image-${name}-${process.arch}-${stampOf(pattern.source, recipe, entrypoint(name), ...made)}`);
};

/**
 * Makes an image, if the cache does not have it. Only one process does so at a time: see `data.mjs`.
 *
 * @param {ImageName} name
 * @returns {Promise<Made>}
 * @throws Unfit where the packages cannot be had
 */
export async function madeImage(name) {
  const folder = folderOf(name);
  await madeFolder(folder, (unfinished) => step('make', `${recipes[name].title} from packages`, (report) => make(name, unfinished, report)));
  return { folder, programs: join(folder, 'bin'), ...JSON.parse(readFileSync(join(folder, 'version.json'), 'utf8')) };
}

/** @param {Recipe} recipe @returns {Promise<string>} the package that is taken */
async function candidate(recipe) {
  const found = (await packagesLike(recipe.package)).sort();
  const taken = found.includes(recipe.preferred) ? recipe.preferred : found.at(-1);
  if (!taken) throw new Error(`There is no package ${recipe.preferred}.`);
  return taken;
}

/** @param {ImageName} name @param {string} folder @param {(note: string) => void} report */
async function make(name, folder, report) {
  /** @type {Recipe} */
  const recipe = recipes[name];
  const [root, downloads] = [join(folder, 'root'), join(folder, 'downloads')];
  checkDebian(recipe.title);
  report('downloads');
  const { taken, archives } = await withLists(recipe.title, async () => {
    rmSync(downloads, { recursive: true, force: true });
    const taken = await candidate(recipe);
    return { taken, archives: await downloadAll({ packages: [...basis, taken], without }, downloads) };
  });
  const source = recipe.versionOf.replace('NAME', taken);
  const version = archives.map((archive) => upstreamVersion(archive, source)).find((each) => each !== undefined);
  const major = version && /^\d+/.exec(version)?.[0];
  if (!major) throw new Unfit(`apt-get has not downloaded ${source}.`);
  report('unpacks');
  await unpackRoot(archives, root, leftOut);
  complete(name, root);
  const programs = recipe.programs.replace('MAJOR', major);
  const chosen = recipe.chosen.length > 0 ? recipe.chosen : readdirSync(join(root, programs));
  await linkPrograms(folder, chosen.map((program) => `${programs}/${program}`), archives);
  rmSync(downloads, { recursive: true });
  report('compresses');
  await writeImage(folder, root, JSON.parse(JSON.stringify(recipe.config).replaceAll('MAJOR', major)));
  writeFileSync(join(folder, 'version.json'), JSON.stringify({ version, major }));
}

/** What the scripts of the packages would have written. @param {ImageName} name @param {string} root */
function complete(name, root) {
  const { user, folders } = recipes[name];
  for (const [path, mode] of Object.entries(folders)) {
    mkdirSync(join(root, path), { recursive: true });
    // Not by mkdir, which leaves out what umask says.
    chmodSync(join(root, path), mode);
  }
  const people = [['root', 0, '/root', '/bin/bash'], [user.name, 999, user.home, '/bin/bash'], ['nobody', 65534, '/nonexistent', '/usr/sbin/nologin']];
  const files = {
    'etc/passwd': people.map(([person, id, home, shell]) => `${person}:x:${id}:${id}::${home}:${shell}\n`).join(''),
    'etc/group': people.map(([person, id]) => `${person}:x:${id}:\n`).join(''),
  };
  for (const [path, text] of Object.entries(files)) {
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), 0o644);
  }
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
  copyFileSync(entrypoint(name), join(root, 'usr/local/bin/docker-entrypoint.sh'));
  chmodSync(join(root, 'usr/local/bin/docker-entrypoint.sh'), 0o755);
}

/** @param {string} file @returns {Promise<{ digest: string, size: number }>} */
async function measured(file) {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

/** The same tree is the same image, byte by byte. @param {string} folder @param {string} root @param {Record<string, unknown>} config */
async function writeImage(folder, root, config) {
  const [tar, layer] = [join(folder, 'layer.tar'), join(folder, 'layer.tar.gz')];
  await command('tar', ['--create', '--file', tar, '--directory', root, '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0', '.']);
  await pipeline(createReadStream(tar), createGzip(), createWriteStream(layer));
  const image = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { ...config, Entrypoint: ['docker-entrypoint.sh'] },
    rootfs: { type: 'layers', diff_ids: [(await measured(tar)).digest] },
  };
  rmSync(tar);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(image));
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await measured(join(folder, 'config.json'))) },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...(await measured(layer)) }],
  };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
}
