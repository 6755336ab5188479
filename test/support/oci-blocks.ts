/** Random OCI seccomp blocks, and what such a block says, evaluated as it is written and without anything of ours. */
import fc from 'fast-check';
import type { BpfProgram } from '../../src/seccomp/filter.js';
import { compileOciSeccomp, type OciSeccomp, type OciSeccompOptions, parseOciSeccomp } from '../../src/seccomp/oci.js';

/** AUDIT_ARCH_* and what tells x32. */
export const X86 = 0x4000_0003;
export const AARCH64 = 0xc000_00b7;
export const X32_BIT = 0x4000_0000;

const parse = (block: unknown, options: OciSeccompOptions = {}): OciSeccomp =>
  parseOciSeccomp(typeof block === 'string' ? block : JSON.stringify(block), options);
export const compile = (block: unknown): BpfProgram => compileOciSeccomp(parse(block)).program;
/** Without ENOSYS for newer calls. */
export const compileAsCrun = (block: unknown, options: OciSeccompOptions = {}): BpfProgram =>
  compileOciSeccomp(parse(block, options), { runtime: 'crun' }).program;

export const allow = (names: readonly string[], args: readonly unknown[] = []): unknown => ({
  names,
  action: 'SCMP_ACT_ALLOW',
  args,
});
export const argument = (index: number, op: string, value: number, valueTwo = 0): unknown => ({
  index,
  value,
  valueTwo,
  op: `SCMP_CMP_${op}`,
});
export const refusing = (syscalls: readonly unknown[], more: object = {}): object => ({
  defaultAction: 'SCMP_ACT_ERRNO',
  syscalls,
  ...more,
});
export const X86_ABIS = { architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'] };
export const errnoOf = (names: readonly string[], errnoRet: number, args: readonly unknown[] = []): unknown => ({
  names,
  action: 'SCMP_ACT_ERRNO',
  errnoRet,
  args,
});

export type WrittenArgument = {
  readonly index: number;
  readonly value: bigint;
  readonly valueTwo: bigint;
  readonly op: string;
};
export type WrittenRule = {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args: readonly WrittenArgument[];
};
export type WrittenBlock = {
  readonly defaultAction: string;
  readonly architectures: readonly string[];
  readonly syscalls: readonly WrittenRule[];
};

/** The block as JSON, with 64-bit values as numbers. */
export const blockText = (block: WrittenBlock): string =>
  JSON.stringify(block, (_, value: unknown) => (typeof value === 'bigint' ? `#${value}#` : value)).replaceAll(
    /"#(\d+)#"/g,
    '$1',
  );

export const EDGE_VALUES = [0n, 1n, 2n, 5n, 0xffff_ffffn, 0x1_0000_0000n, 0x1_0000_0005n, 0xffff_ffff_ffff_ffffn];
const value = fc.oneof(fc.constantFrom(...EDGE_VALUES), fc.bigInt(0n, 0xffff_ffff_ffff_ffffn));
const operators = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'] as const;

export const argumentOf = (choice: readonly string[] = operators): fc.Arbitrary<WrittenArgument> =>
  fc.record({
    index: fc.integer({ min: 0, max: 2 }),
    value,
    valueTwo: value,
    op: fc.constantFrom(...choice).map((name) => `SCMP_CMP_${name}`),
  });

/** Names that the three ABIs of x86 have in every way: one number, another one, a multiplexer, none. */
const NAMES = ['read', 'prctl', 'personality', 'socket', 'shmat', 'mmap2', 'futex_time64', 'clone3'];

/** Blocks in which every rule has one action, so that there is no order among them. */
export const blockArbitrary: fc.Arbitrary<WrittenBlock> = fc.record({
  defaultAction: fc.constantFrom('SCMP_ACT_ERRNO', 'SCMP_ACT_KILL_PROCESS', 'SCMP_ACT_LOG'),
  architectures: fc.subarray(['SCMP_ARCH_X86', 'SCMP_ARCH_X32', 'SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']),
  syscalls: fc.array(
    fc.record({
      names: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }),
      action: fc.constant('SCMP_ACT_ALLOW'),
      args: fc.array(argumentOf(), { maxLength: 3 }),
    }),
    { maxLength: 6 },
  ),
});

/** Whether the rule matches a call of an ABI of `bits` with `args`. */
export function matches({ args }: WrittenRule, actual: readonly bigint[], bits: number): boolean {
  const results = args.map((argument) => holds(argument, actual[argument.index] ?? 0n, bits));
  const isRepeated = new Set(args.map(({ index }) => index)).size < args.length;
  return isRepeated ? results.some((result) => result) : results.every((result) => result);
}

function holds({ op, value: written, valueTwo }: WrittenArgument, given: bigint, bits: number): boolean {
  const [actual, wanted, second] = [given, written, valueTwo].map((number) => BigInt.asUintN(bits, number));
  if (actual === undefined || wanted === undefined || second === undefined) return false;
  switch (op) {
    case 'SCMP_CMP_NE':
      return actual !== wanted;
    case 'SCMP_CMP_LT':
      return actual < wanted;
    case 'SCMP_CMP_LE':
      return actual <= wanted;
    case 'SCMP_CMP_EQ':
      return actual === wanted;
    case 'SCMP_CMP_GE':
      return actual >= wanted;
    case 'SCMP_CMP_GT':
      return actual > wanted;
    default:
      return (actual & wanted) === (second & wanted);
  }
}
