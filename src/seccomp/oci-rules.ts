/**
 * What an OCI seccomp block says, call by call and ABI by ABI: names become
 * numbers, conditions comparisons of words, rules of one call an order.
 *
 * As runc does it: a rule whose action is the default one is left out; two
 * conditions on one argument make each condition of the rule a rule of its own;
 * a call that an ABI has behind socketcall(2) or ipc(2) is filtered there too,
 * where the first condition gives way to the multiplexer's code; and where the
 * default action refuses, a number above all that the block names gets ENOSYS,
 * so that libc falls back to older calls.
 *
 * @see matchCall() and generateEnosysStub() of runc, abi_rule_add() of libseccomp
 */
import type { Fault } from '../base/errors.js';
import { type Abi, callOf, isCallOfAnyAbi, nearestCall } from './abis.js';
import { encodeAction } from './bpf.js';
import { type WordCondition, wordsOf } from './conditions.js';
import type { Action, ArgumentIndex, Comparison } from './filter.js';
import type { AbiRules, NumberedFilter } from './numbered.js';
import { orderRules, type PlacedRule } from './precedence.js';

export type OciArgument = {
  readonly index: ArgumentIndex;
  readonly op: `SCMP_CMP_${Uppercase<Comparison> | 'MASKED_EQ'}`;
  readonly value: bigint;
  readonly valueTwo: bigint;
};

export type OciRule = {
  readonly names: readonly string[];
  readonly action: Action;
  readonly args: readonly OciArgument[];
  /** Where it stands in its file. */
  readonly pointer: string;
};

/** Something of the block that is not in the program, or is there in another way than a reader may think. */
export type Remark = {
  readonly kind:
    | 'unknown-call'
    | 'not-on-this-abi'
    | 'same-as-default'
    | 'not-for-host'
    | 'never-decides'
    | 'asks-for-more'
    | 'other-runtimes';
  readonly pointer: string;
  readonly names: readonly string[];
  readonly reason: string;
};

type Block = {
  readonly defaultAction: Action;
  readonly abis: readonly Abi[];
  readonly rules: readonly OciRule[];
  readonly faultAt: (pointer: string, message: string, hint?: string) => Fault;
};
type Numbered = {
  readonly filter: NumberedFilter;
  readonly remarks: readonly Remark[];
  readonly faults: readonly Fault[];
};

const ENOSYS = 38;
const MOST_FAULTS = 50;

/** Whose filter is made: that of runc answers ENOSYS to newer calls, that of crun does not. */
export type Runtime = 'runc' | 'crun';

/** The rules of `block` by number; `faults` where two of them contradict each other. */
export function numberRules(block: Block, runtime: Runtime): Numbered {
  const remarks: Remark[] = remarksOnNames(block);
  const faults: Fault[] = [];
  const dead = new DeadRules();
  const hasStub = runtime === 'runc' && !isPermissive(block.defaultAction);
  const applied = block.rules.filter(({ action, names, pointer }) => {
    const isDefault = encodeAction(action) === encodeAction(block.defaultAction);
    if (isDefault)
      remarks.push({
        kind: 'same-as-default',
        pointer,
        names,
        reason: 'its action is what every other call gets, too',
      });
    return !isDefault;
  });
  const abis = block.abis.map((abi): AbiRules => {
    const calls = new Map<number, PlacedRule[]>();
    for (const [nr, written] of rulesByNumber(abi, applied)) {
      const order = orderRules(written, abi.bits);
      if (order.kind === 'contradiction') {
        const { rule, earlier } = order;
        const message = `gives calls of ${rule.name} another action than ${earlier.origin} does (${abi.name}, number ${nr})`;
        faults.push(
          block.faultAt(rule.origin, message, 'write the conditions of the two so that they exclude each other'),
        );
        continue;
      }
      calls.set(nr, [...order.rules]);
      for (const { rule, before } of order.dead) dead.add(rule, before);
    }
    return { abi, calls, newest: hasStub ? newestNamed(abi, block.rules) : undefined };
  });
  const { defaultAction } = block;
  const filter: NumberedFilter = {
    defaultAction,
    foreignAction: { kind: 'kill-thread' },
    newerAction: { kind: 'errno', errno: ENOSYS },
    abis,
  };
  return { filter, remarks: [...remarks, ...dead.remarks()], faults: faults.slice(0, MOST_FAULTS) };
}

/** A tracer is trusted to know calls that the block does not. */
export const isPermissive = ({ kind }: Action): boolean => kind === 'allow' || kind === 'log' || kind === 'trace';

/** Undefined where the block names no call of `abi`, or number 0 alone, which runc takes for none. */
function newestNamed(abi: Abi, rules: readonly OciRule[]): number | undefined {
  let newest = 0;
  for (const { names } of rules)
    for (const name of names) {
      const call = callOf(abi, name);
      // What may stand behind a multiplexer is not counted by its number.
      if (call?.direct !== undefined && call.multiplexed === undefined) newest = Math.max(newest, call.direct);
    }
  return newest === 0 ? undefined : newest;
}

/** The rules of each call of `abi`, in the order in which they are written. */
export function rulesByNumber(abi: Abi, rules: readonly OciRule[]): Map<number, PlacedRule[]> {
  const calls = new Map<number, PlacedRule[]>();
  const add = (nr: number, rule: PlacedRule): void => {
    const list = calls.get(nr);
    if (list === undefined) calls.set(nr, [rule]);
    else list.push(rule);
  };
  for (const { names, action, args, pointer } of rules) {
    const alternatives = alternativesOf(args).map((written) => written.map((argument) => conditionOf(argument, abi)));
    for (const name of names) {
      const call = callOf(abi, name);
      for (const when of alternatives) {
        if (call?.multiplexed !== undefined) {
          const { nr, code } = call.multiplexed;
          const chosen = conditionOf({ index: 0, op: 'SCMP_CMP_EQ', value: code, valueTwo: 0n }, abi);
          const others = when.filter(({ lowWord }) => lowWord !== chosen.lowWord);
          add(nr, { action, when: [chosen, ...others], origin: pointer, name });
        }
        if (call?.direct !== undefined) add(call.direct, { action, when, origin: pointer, name });
      }
    }
  }
  return calls;
}

/** Conditions that must hold together; each alone where two are on one argument, as runc has it. */
export function alternativesOf(args: readonly OciArgument[]): (readonly OciArgument[])[] {
  const isRepeated = new Set(args.map(({ index }) => index)).size < args.length;
  return isRepeated ? args.map((argument) => [argument]) : [args];
}

const ALL = 0xffff_ffff_ffff_ffffn;
const LOW = 0xffff_ffffn;

/** On words. An ABI of 32 bits has no high halves; of a value, libseccomp takes what the mask covers. */
export function conditionOf({ index, op, value, valueTwo }: OciArgument, { bits }: Abi): WordCondition {
  const all = bits === 32 ? LOW : ALL;
  if (op === 'SCMP_CMP_MASKED_EQ') {
    const mask = value & all;
    return wordsOf({ arg: index, width: 64, compare: 'masked', mask, value: valueTwo & mask });
  }
  const compare = op.slice('SCMP_CMP_'.length).toLowerCase() as Comparison;
  const words = wordsOf({ arg: index, width: 64, compare, value: value & all });
  return bits === 32 ? { ...words, highMask: 0 } : words;
}

/** For so many unknown names the nearest is looked for; a block of more is none that a person misspelt. */
const MOST_MISSPELT = 100;

function remarksOnNames({ abis, rules }: Block): Remark[] {
  let told = 0;
  return rules.flatMap(({ names, pointer }) => {
    const absent = names.filter((name) => abis.every((abi) => callOf(abi, name) === undefined));
    const elsewhere = absent.filter(isCallOfAnyAbi);
    const unknown = absent.filter((name) => !isCallOfAnyAbi(name));
    const remarks: Remark[] = [];
    if (elsewhere.length > 0) {
      const reason = `no call of ${abis.map(({ name }) => name).join(', ')}`;
      remarks.push({ kind: 'not-on-this-abi', pointer, names: elsewhere, reason });
    }
    for (const name of unknown) {
      const near = told++ < MOST_MISSPELT ? nearestCall(name) : undefined;
      const reason = `no call of Linux${near === undefined ? '' : `; did you mean "${near}"?`}`;
      remarks.push({ kind: 'unknown-call', pointer, names: [name], reason });
    }
    return remarks;
  });
}

/** Rules that never decide, each pair of them once, whatever the ABIs. */
class DeadRules {
  readonly #pairs = new Map<
    string,
    { readonly rule: PlacedRule; readonly before: PlacedRule; readonly names: Set<string> }
  >();

  add(rule: PlacedRule, before: PlacedRule): void {
    const key = `${rule.origin} ${before.origin}`;
    const pair = this.#pairs.get(key) ?? { rule, before, names: new Set() };
    pair.names.add(rule.name);
    this.#pairs.set(key, pair);
  }

  remarks(): Remark[] {
    return [...this.#pairs.values()].map(({ rule, before, names }) => ({
      kind: 'never-decides',
      pointer: rule.origin,
      names: [...names],
      reason: `${before.origin} decides before it`,
    }));
  }
}
