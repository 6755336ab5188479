/**
 * Boots one of Debian's kernels under emulation and runs a command in it, as root.
 *
 * The machine's root is the prepared disk with this machine's /usr and the kernel's modules shared read-only,
 * and of /etc what everyone may read: it has the very Node and libraries that the product was built for.
 * No network, nothing to write on the host; what is written to the disk is gone with the machine.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { installationRoot } from '../../src/base/installation.js';
import { Cpio } from './cpio.js';
import { type KernelName, kernelFiles } from './kernels.js';

export type MachineOptions = {
  readonly kernel: KernelName;
  /** A disk as makeDisk() makes it; it is not changed. */
  readonly disk: string;
  /** Text of a shell script. */
  readonly command: string;
  readonly timeoutMs: number;
  /** Of the kernel's command line, beside the machine's own. */
  readonly parameters?: string;
};
export type Ended = {
  /** Of the command; undefined where the machine did not get to its end. */
  readonly status: number | undefined;
  readonly output: string;
  readonly errors: string;
  /** What the kernel said last. */
  readonly console: string;
};

/** A boot under emulation hangs once in a few hundred. Where nothing else runs it takes 3 to 7 seconds. */
const BOOT_MS = 240_000;
const BOOTS = 3;
const MEMORY = '1536M';
/** The emulated time stamp counter is the host's; a busy host lets the guest measure its speed wrong by a factor. */
const CLOCK = 'clocksource=hpet tsc=unstable';

/** @throws {Error} where there is no qemu */
export async function runInMachine(options: MachineOptions): Promise<Ended> {
  for (let boot = 1; ; boot += 1) {
    const ended = await bootOnce(options);
    if (ended.started || boot === BOOTS) return ended;
  }
}

async function bootOnce(options: MachineOptions): Promise<Ended & { started: boolean }> {
  const work = mkdtempSync(join(tmpdir(), 'sandbox-vm-'));
  try {
    const { initrd } = kernelFiles(options.kernel);
    writeFileSync(join(work, 'initrd'), Buffer.concat([readFileSync(initrd), ownRoot(options.command)]));
    const started = await emulate(work, options);
    const text = (name: string): string => readFileSync(join(work, name), 'utf8');
    const status = /^ended (\d+)$/m.exec(text('status'))?.[1];
    return {
      started,
      status: status === undefined ? undefined : Number(status),
      output: text('output'),
      errors: text('errors'),
      console: text('console').slice(-4000),
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Whether the command was started. */
function emulate(work: string, options: MachineOptions): Promise<boolean> {
  for (const file of ['status', 'output', 'errors', 'console']) writeFileSync(join(work, file), '');
  return new Promise((resolve, reject) => {
    const machine = spawn('qemu-system-x86_64', qemuWords(work, options), {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TMPDIR: work },
    });
    let complaint = '';
    machine.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    const started = (): boolean => readFileSync(join(work, 'status'), 'utf8').startsWith('started');
    const booting = setTimeout(() => {
      if (!started()) machine.kill('SIGKILL');
    }, BOOT_MS);
    const running = setTimeout(() => machine.kill('SIGKILL'), options.timeoutMs);
    machine.on('error', reject);
    machine.on('close', () => {
      clearTimeout(booting);
      clearTimeout(running);
      if (complaint !== '') writeFileSync(join(work, 'console'), complaint, { flag: 'a' });
      resolve(started());
    });
  });
}

function qemuWords(work: string, { kernel, disk, parameters = '' }: MachineOptions): string[] {
  const { image, modules } = kernelFiles(kernel);
  const shares = [['usr', '/usr'], ['modules', modules], ...nodeShare()];
  const channels = ['status', 'output', 'errors'];
  return [
    ...'-nodefaults -no-user-config -machine q35 -accel tcg,thread=multi,tb-size=192 -cpu max -smp 2'.split(' '),
    ...['-m', MEMORY, '-display', 'none', '-no-reboot', '-kernel', image, '-initrd', join(work, 'initrd')],
    ...['-append', `console=ttyS0 panic=-1 reboot=t ${CLOCK} mitigations=off quiet loglevel=4 ${parameters}`],
    ...['-serial', `file:${join(work, 'console')}`],
    ...['-drive', `file=${disk},if=none,id=disk,format=raw,snapshot=on`],
    ...['-device', 'virtio-blk-pci,drive=disk'],
    ...['-object', 'rng-random,id=random,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=random'],
    ...['-device', 'virtio-serial-pci'],
    ...channels.flatMap((name) => [
      ...['-chardev', `file,id=${name},path=${join(work, name)}`],
      ...['-device', `virtserialport,chardev=${name},name=${name}`],
    ]),
    ...shares.flatMap(([tag, path]) => [
      ...['-fsdev', `local,id=${tag},path=${path},security_model=none,multidevs=remap,readonly=on`],
      ...['-device', `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
    ]),
  ];
}

/** Node's own folder, where it is none of /usr's. */
const nodeShare = (): [string, string][] =>
  process.execPath.startsWith('/usr/') ? [] : [['node', dirname(dirname(process.execPath))]];

/** What comes to the prepared first root: init, the command, and this machine's public settings. */
function ownRoot(command: string): Buffer {
  const cpio = new Cpio();
  cpio.file('init', readFileSync(join(installationRoot, 'test/vm/guest/init')), 0o755);
  cpio.file('command', command);
  cpio.publicTree('/etc', 'etc');
  cpio.file('etc/fstab', '/dev/vda / ext4 rw 0 0\n');
  for (const [file, text] of Object.entries(ACCOUNTS)) cpio.file(`etc/${file}`, text);
  if (nodeShare().length > 0) cpio.file('node', '');
  return cpio.bytes();
}

/** None of this machine's users: tests make their own. */
const ACCOUNTS = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  group: 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n',
  shadow: 'root:*:20000:0:99999:7:::\n',
  gshadow: 'root:*::\n',
  subuid: '',
  subgid: '',
  hosts: '127.0.0.1 localhost machine\n',
  hostname: 'machine\n',
};
