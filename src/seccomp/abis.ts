/**
 * The ABIs that an OCI seccomp block can name: how the kernel tells them apart,
 * and the numbers of their calls.
 *
 * @see linux/audit.h, linux/elf-em.h, the runtime specification's `architectures`
 */
import { ABI_SYSCALLS, CALL_NAMES } from '../../generated/syscall-abis.js';
import { nearestName } from '../base/nearest.js';
import { AUDIT_ARCH_I386, AUDIT_ARCH_X86_64, X32_BIT } from './bpf.js';

type Table = keyof typeof ABI_SYSCALLS;

export type Abi = {
  /** As blocks write it. */
  readonly name: string;
  /** AUDIT_ARCH_*: x32 has that of x86-64. */
  readonly audit: number;
  /** Of an argument: of the others, a filter compares 32 bits. */
  readonly bits: 32 | 64;
  readonly table: Table;
  /** What is added to the numbers of its table. */
  readonly base: number;
  /** socketcall(2) and ipc(2), which some ABIs have beside, or in place of, the calls that they make. */
  readonly multiplexers?: { readonly socketcall: number; readonly ipc: number };
};

const MULTIPLEXERS = { socketcall: 102, ipc: 117 };
const MIPS_BASE = { o32: 4000, n64: 5000, n32: 6000 };

export const NATIVE: Abi = { name: 'SCMP_ARCH_X86_64', audit: AUDIT_ARCH_X86_64, bits: 64, table: 'x86_64', base: 0 };

/** Those whose words stand in memory as the native ones do. */
export const abis: readonly Abi[] = [
  NATIVE,
  { name: 'SCMP_ARCH_X86', audit: AUDIT_ARCH_I386, bits: 32, table: 'x86', base: 0, multiplexers: MULTIPLEXERS },
  { name: 'SCMP_ARCH_X32', audit: AUDIT_ARCH_X86_64, bits: 32, table: 'x32', base: X32_BIT },
  { name: 'SCMP_ARCH_ARM', audit: 0x4000_0028, bits: 32, table: 'arm', base: 0 },
  { name: 'SCMP_ARCH_AARCH64', audit: 0xc000_00b7, bits: 64, table: 'aarch64', base: 0 },
  { name: 'SCMP_ARCH_LOONGARCH64', audit: 0xc000_0102, bits: 64, table: 'loongarch64', base: 0 },
  {
    name: 'SCMP_ARCH_MIPSEL',
    audit: 0x4000_0008,
    bits: 32,
    table: 'mips',
    base: MIPS_BASE.o32,
    multiplexers: { socketcall: MIPS_BASE.o32 + 102, ipc: MIPS_BASE.o32 + 117 },
  },
  { name: 'SCMP_ARCH_MIPSEL64', audit: 0xc000_0008, bits: 64, table: 'mips64', base: MIPS_BASE.n64 },
  { name: 'SCMP_ARCH_MIPSEL64N32', audit: 0xe000_0008, bits: 32, table: 'mips64n32', base: MIPS_BASE.n32 },
  {
    name: 'SCMP_ARCH_PPC64LE',
    audit: 0xc000_0015,
    bits: 64,
    table: 'ppc64',
    base: 0,
    multiplexers: MULTIPLEXERS,
  },
  { name: 'SCMP_ARCH_RISCV64', audit: 0xc000_00f3, bits: 64, table: 'riscv64', base: 0 },
  { name: 'SCMP_ARCH_SH', audit: 0x4000_002a, bits: 32, table: 'sh', base: 0, multiplexers: MULTIPLEXERS },
];

/** Of the other byte order: no filter has both, for it would have to look for a call's words in two places. */
export const otherByteOrder: ReadonlySet<string> = new Set(
  ['M68K', 'MIPS', 'MIPS64', 'MIPS64N32', 'PARISC', 'PARISC64', 'PPC', 'PPC64', 'S390', 'S390X', 'SHEB'].map(
    (name) => `SCMP_ARCH_${name}`,
  ),
);

/** A call as one ABI has it: by number, or behind a multiplexer's first argument, or both. */
export type CallOfAbi = {
  readonly direct: number | undefined;
  readonly multiplexed: { readonly nr: number; readonly code: bigint } | undefined;
};

/** What socketcall(2) takes as its first argument, from 1 on. @see linux/net.h */
const SOCKET_CALLS = [
  'socket',
  'bind',
  'connect',
  'listen',
  'accept',
  'getsockname',
  'getpeername',
  'socketpair',
  'send',
  'recv',
  'sendto',
  'recvfrom',
  'shutdown',
  'setsockopt',
  'getsockopt',
  'sendmsg',
  'recvmsg',
  'accept4',
  'recvmmsg',
  'sendmmsg',
];
/** What ipc(2) takes as its first argument. @see linux/ipc.h */
const IPC_CODES: ReadonlyMap<string, bigint> = new Map([
  ['semop', 1n],
  ['semget', 2n],
  ['semctl', 3n],
  ['semtimedop', 4n],
  ['msgsnd', 11n],
  ['msgrcv', 12n],
  ['msgget', 13n],
  ['msgctl', 14n],
  ['shmat', 21n],
  ['shmdt', 22n],
  ['shmget', 23n],
  ['shmctl', 24n],
]);

/** How `abi` has the call `name`; undefined where it has it in no way. */
export function callOf(abi: Abi, name: string): CallOfAbi | undefined {
  const nr = numbersOf(abi.table).get(name);
  const direct = nr === undefined ? undefined : nr + abi.base;
  const multiplexed = multiplexedOf(abi, name);
  return direct === undefined && multiplexed === undefined ? undefined : { direct, multiplexed };
}

function multiplexedOf({ multiplexers }: Abi, name: string): CallOfAbi['multiplexed'] {
  if (multiplexers === undefined) return undefined;
  const socketCode = SOCKET_CALLS.indexOf(name) + 1;
  if (socketCode > 0) return { nr: multiplexers.socketcall, code: BigInt(socketCode) };
  const code = IPC_CODES.get(name);
  return code === undefined ? undefined : { nr: multiplexers.ipc, code };
}

const parsed = new Map<Table, ReadonlyMap<string, number>>();

/** Numbers of calls by name, without the ABI's base. */
export function numbersOf(table: Table): ReadonlyMap<string, number> {
  const before = parsed.get(table);
  if (before !== undefined) return before;
  const words = ABI_SYSCALLS[table].split(' ');
  const numbers = new Map<string, number>();
  for (let at = 0; at < words.length; at += 2) numbers.set(words[at] ?? '', Number(words[at + 1]));
  parsed.set(table, numbers);
  return numbers;
}

let names: ReadonlySet<string> | undefined;

/** Whether some ABI of Linux has a call of this name. */
export function isCallOfAnyAbi(name: string): boolean {
  names ??= new Set(CALL_NAMES.split(' '));
  return names.has(name);
}

/** The call of some ABI whose name is like `name`. */
export const nearestCall = (name: string): string | undefined => nearestName(name, CALL_NAMES.split(' '));
