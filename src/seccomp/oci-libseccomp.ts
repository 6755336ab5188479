/**
 * The program that libseccomp makes of an OCI seccomp block, given to it rule
 * by rule as runc and crun do. It is held against ours, and never used.
 *
 * @see InitSeccomp() and findLastSyscalls() of runc, seccomp_rule_add(3)
 */
import * as scmp from '../ffi/libseccomp.js';
import { type Abi, NATIVE } from './abis.js';
import { encodeAction, X32_BIT } from './bpf.js';
import { API_LEVEL, compilerVersion, expectSuccess, exportProgram, loadCompiler, OPERATOR } from './compile.js';
import { FilterError, type FilterErrorCode } from './errors.js';
import type { Action, BpfProgram } from './filter.js';
import { alternativesOf, type OciArgument, type OciRule } from './oci-rules.js';
import { mayHang, type Ordering, runInTime, USUAL_LIMIT_MS } from './own-process.js';

export type BlockForLibseccomp = {
  readonly defaultAction: Action;
  readonly abis: readonly Abi[];
  readonly rules: readonly OciRule[];
};

export type LibseccompFilter = {
  /** Such as libseccomp 2.5.4. */
  readonly compiler: string;
  readonly program: BpfProgram;
  /** Names of calls that it does not know: runc leaves them out. */
  readonly unknown: readonly string[];
  /** Of each ABI, by name, the greatest number that the block names as libseccomp knows it; ABIs without one are not there. */
  readonly newest: Readonly<Record<string, number>>;
};

/** EM_X86_64 | __AUDIT_ARCH_LE */
const X32_TOKEN = 0x4000_003e;
/** __NR_SCMP_ERROR */
const UNKNOWN = -1;
const EEXIST = 17;

/**
 * What libseccomp makes of `block`, in time.
 * @throws {FilterError} FILTER_COMPILER_MISSING FILTER_REFUSED FILTER_TIMEOUT FILTER_TOO_LARGE
 */
export const compileByLibseccomp = (
  block: BlockForLibseccomp,
  { timeLimitMs = USUAL_LIMIT_MS } = {},
): LibseccompFilter =>
  mayHang(block.rules.flatMap(orderingsOf)) ? compileInChild(block, timeLimitMs) : compileHere(block);

/** An inequality, which engines hand over as it is, counts as an order: it has not been seen to end always. */
const orderingsOf = ({ names, args }: OciRule): Ordering[] => {
  const orders = args.map(({ op }) => op !== 'SCMP_CMP_EQ' && op !== 'SCMP_CMP_MASKED_EQ');
  return names.map((syscall) => ({ syscall, orders }));
};

/** The same without a limit of time. @throws {FilterError} FILTER_COMPILER_MISSING FILTER_REFUSED FILTER_TOO_LARGE */
export function compileHere({ defaultAction, abis, rules }: BlockForLibseccomp): LibseccompFilter {
  loadCompiler();
  expectSuccess(scmp.apiSet(API_LEVEL), 'API level');
  const ctx = scmp.init(encodeAction(defaultAction));
  if (ctx === null) throw new FilterError('FILTER_REFUSED', 'libseccomp refused the default action');
  const unknown = new Set<string>();
  try {
    for (const abi of abis) if (abi.name !== NATIVE.name) expectSuccess(scmp.archAdd(ctx, tokenOf(abi)), abi.name);
    for (const rule of rules)
      if (encodeAction(rule.action) !== encodeAction(defaultAction)) addRule(ctx, rule, unknown);
    const program = exportProgram(ctx);
    return { compiler: compilerVersion(), program, unknown: [...unknown], newest: newestNamed(abis, rules) };
  } finally {
    scmp.release(ctx);
  }
}

const tokenOf = ({ audit, base }: Abi): number => (base === X32_BIT ? X32_TOKEN : audit);

function addRule(ctx: scmp.ScmpFilter, { names, action, args, pointer }: OciRule, unknown: Set<string>): void {
  for (const name of names) {
    const nr = scmp.resolveName(tokenOf(NATIVE), name);
    if (nr === UNKNOWN) {
      unknown.add(name);
      continue;
    }
    for (const conditions of alternativesOf(args)) {
      const returned = scmp.ruleAddArray(ctx, encodeAction(action), nr, conditions.map(encodeArgument));
      if (returned === -EEXIST)
        throw new FilterError('FILTER_REFUSED', `libseccomp sees ${pointer} contradict a rule before it, for ${name}`);
      expectSuccess(returned, `rule ${pointer} for ${name}`);
    }
  }
}

function encodeArgument({ index, op, value, valueTwo }: OciArgument): scmp.ScmpArgCmp {
  const compare = op === 'SCMP_CMP_MASKED_EQ' ? 'masked' : op.slice('SCMP_CMP_'.length).toLowerCase();
  return { arg: index, op: OPERATOR[compare as keyof typeof OPERATOR], datum_a: value, datum_b: valueTwo };
}

/** Of all rules, also those with the default action; negative numbers stand for calls behind multiplexers. */
function newestNamed(abis: readonly Abi[], rules: readonly OciRule[]): Record<string, number> {
  const names = new Set(rules.flatMap((rule) => rule.names));
  const newest = abis.map((abi): [string, number] => {
    const numbers = [...names].map((name) => scmp.resolveName(tokenOf(abi), name));
    return [abi.name, numbers.reduce((most, nr) => Math.max(most, nr), 0)];
  });
  return Object.fromEntries(newest.filter(([, nr]) => nr > 0));
}

type Outcome =
  | { readonly made: Omit<LibseccompFilter, 'program'>; readonly program: string }
  | { readonly error: { readonly code: FilterErrorCode; readonly message: string } };

function compileInChild({ defaultAction, abis, rules }: BlockForLibseccomp, timeLimitMs: number): LibseccompFilter {
  const block: BlockForLibseccomp = { defaultAction, abis, rules };
  const input = JSON.stringify(block, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  const ended = runInTime('oci-libseccomp-child', input, timeLimitMs);
  if (ended.kind === 'late') throw new FilterError('FILTER_TIMEOUT', `libseccomp did not end within ${timeLimitMs} ms`);
  if (ended.kind === 'failed') throw new FilterError('FILTER_REFUSED', 'libseccomp failed', { cause: ended.cause });
  const outcome = JSON.parse(ended.answer.toString()) as Outcome;
  if ('error' in outcome) throw new FilterError(outcome.error.code, outcome.error.message);
  return { ...outcome.made, program: new Uint8Array(Buffer.from(outcome.program, 'base64')) as BpfProgram };
}

/** What the process of compileInChild() answers to the text that it was given. */
export function answerInChild(text: string): string {
  const block = JSON.parse(text, (key, value: unknown) =>
    (key === 'value' || key === 'valueTwo') && typeof value === 'string' ? BigInt(value) : value,
  ) as BlockForLibseccomp;
  return JSON.stringify(outcomeOf(block));
}

function outcomeOf(block: BlockForLibseccomp): Outcome {
  try {
    const { program, ...made } = compileHere(block);
    return { made, program: Buffer.from(program).toString('base64') };
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return { error: { code: error.code, message: error.message } };
  }
}
