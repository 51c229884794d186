// arm64 programs on this machine: the kernel hands them to qemu, by an entry in binfmt_misc. An entry that
// exists already is used unchanged; ours has a unique name, and is the only one that is removed.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { loads } from './machine.mjs';
import { must } from './packages.mjs';

const folder = '/proc/sys/fs/binfmt_misc';
const ours = 'acci-aarch64';

// The first 20 bytes of an ELF file for 64-bit ARM, and which of their bits count.
const magic = String.raw`\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`;
const mask = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`;

function present() {
  if (!existsSync(join(folder, 'status'))) return false;
  return readdirSync(folder).some((entry) => {
    if (entry === 'register' || entry === 'status') return false;
    const text = readFileSync(join(folder, entry), 'utf8');
    // F: the interpreter was opened at registration, so it is found from inside a container too.
    return text.startsWith('enabled') && text.includes('b700') && /flags: \S*F/.test(text);
  });
}

/** @returns {Promise<{ mounted: boolean }>} whether binfmt_misc had to be mounted */
export async function emulateArm() {
  const mounted = !existsSync(join(folder, 'register'));
  if (mounted) {
    loads('binfmt_misc');
    await command('mount', ['-t', 'binfmt_misc', 'binfmt_misc', folder]);
  }
  if (!present()) {
    const interpreter = must('qemu-aarch64-static', 'qemu-aarch64');
    // P: the program sees its own name, not qemu's, as the first argument.
    writeFileSync(join(folder, 'register'), `:${ours}:M::${magic}:${mask}:${interpreter}:PF`);
  }
  return { mounted };
}

/** @param {boolean} mounted whether it was the sandbox that mounted binfmt_misc */
export async function stopEmulation(mounted) {
  if (existsSync(join(folder, ours))) writeFileSync(join(folder, ours), '-1');
  if (mounted && existsSync(join(folder, 'register'))) await command('umount', [folder]);
}
