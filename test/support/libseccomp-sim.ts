/**
 * libseccomp's own tests, as they were recorded: policies, and calls with the
 * verdict that each must get. @see ../shared/corpus/README.md
 */
import { type Abi, abis, callOf, NATIVE, otherByteOrder } from '../../src/seccomp/abis.js';
import type { Action } from '../../src/seccomp/filter.js';
import type { AbiRules, NumberedFilter } from '../../src/seccomp/numbered.js';
import { conditionOf, type OciArgument } from '../../src/seccomp/oci-rules.js';
import { orderRules, type PlacedRule } from '../../src/seccomp/precedence.js';
import type { Call } from '../../src/seccomp/simulate.js';
import { syscallName } from '../../src/seccomp/syscalls.js';

type RecordedArgument = {
  readonly index: number;
  readonly op: string;
  readonly value: string;
  readonly valueTwo?: string;
};
type RecordedAction = readonly [name: string, number?: number];
type RecordedRule = {
  readonly action: RecordedAction;
  readonly syscall: string | number;
  readonly args: readonly RecordedArgument[];
  readonly arches: readonly string[];
};
export type Recording = {
  readonly name: string;
  readonly policy: {
    readonly defaultAction: RecordedAction;
    readonly arches: readonly string[];
    readonly attrs: readonly (readonly [string, number])[];
    readonly rules: readonly RecordedRule[];
  } | null;
  readonly cases: readonly {
    readonly archesOnX8664: readonly string[];
    readonly syscall: string;
    readonly args: readonly (string | null)[];
    readonly result: string;
  }[];
};

/** The recording in `text`, whose 64-bit values no JSON number holds. */
export const parseRecording = (text: string): Recording =>
  JSON.parse(text.replaceAll(/"(value|valueTwo)": (\d+)/g, '"$1": "$2"')) as Recording;

/** Attributes that change how a filter is made, and not what it says. */
const HARMLESS = new Set(['CTL_OPTIMIZE']);
const ociName = (arch: string): string => (arch === 'native' ? NATIVE.name : `SCMP_ARCH_${arch.toUpperCase()}`);
const abiOf = (arch: string): Abi | undefined => abis.find(({ name }) => name === ociName(arch));

/** Why no filter of ours can say it; undefined where one can. */
export function whyNot({ policy }: Recording): string | undefined {
  if (policy === null) return 'no policy was recorded';
  const other = policy.arches.find((arch) => otherByteOrder.has(ociName(arch)));
  if (other !== undefined) return `${other} has the other byte order than x86-64: runc refuses it there`;
  const attribute = policy.attrs.find(([name]) => !HARMLESS.has(name));
  return attribute && `asks libseccomp for ${attribute[0]}`;
}

/** Why no OCI block can say it, of what a filter of ours can. */
export function whyNotOci({ policy }: Recording): string | undefined {
  for (const { syscall, arches } of policy?.rules ?? []) {
    if (arches.length !== policy?.arches.length) return 'has rules for some of its ABIs alone';
    if (typeof syscall === 'number' && syscallName(syscall) === undefined)
      return `has rules for numbers without a name, such as ${syscall}`;
  }
  return undefined;
}

/** The policy as an OCI block. */
export function ociTextOf({ policy }: Recording): string {
  if (policy === null) return '';
  const [action, number] = policy.defaultAction;
  const block = {
    defaultAction: `SCMP_ACT_${action}`,
    ...(number === undefined ? {} : { defaultErrnoRet: number }),
    architectures: policy.arches.map(ociName),
    syscalls: policy.rules.map((rule) => ({
      names: [typeof rule.syscall === 'number' ? syscallName(rule.syscall) : rule.syscall],
      action: `SCMP_ACT_${rule.action[0]}`,
      ...(rule.action[1] === undefined ? {} : { errnoRet: rule.action[1] }),
      args: rule.args.map(({ index, op, value, valueTwo }) => ({
        index,
        value: value,
        valueTwo: valueTwo ?? '0',
        op: `SCMP_CMP_${op}`,
      })),
    })),
  };
  return JSON.stringify(block).replaceAll(/"(value|valueTwo)":"(\d+)"/g, '"$1":$2');
}

/** The policy as a numbered filter: libseccomp's filter, without what runc puts before it. */
export function filterOfRecording({ policy }: Recording): NumberedFilter {
  const names = policy?.arches ?? [];
  return {
    defaultAction: actionOf(policy?.defaultAction ?? ['KILL']),
    foreignAction: { kind: 'kill-thread' },
    newerAction: { kind: 'kill-thread' },
    abis: names.flatMap((name): AbiRules[] => {
      const abi = abiOf(name);
      return abi === undefined
        ? []
        : [
            rulesOf(
              abi,
              (policy?.rules ?? []).filter(({ arches }) => arches.includes(name)),
            ),
          ];
    }),
  };
}

function rulesOf(abi: Abi, rules: readonly RecordedRule[]): AbiRules {
  const calls = new Map<number, PlacedRule[]>();
  for (const { syscall, action, args } of rules)
    for (const [nr, code] of numbersFor(abi, syscall)) {
      const when = args.map((argument) => conditionOf(argumentOf(argument), abi));
      if (code !== undefined) when.push(conditionOf({ index: 0, op: 'SCMP_CMP_EQ', value: code, valueTwo: 0n }, abi));
      calls.set(nr, [...(calls.get(nr) ?? []), { action: actionOf(action), when, origin: '', name: '' }]);
    }
  const ordered = [...calls].map(([nr, written]) => {
    const order = orderRules(written, abi.bits);
    if (order.kind === 'contradiction') throw new Error(`call ${nr} of ${abi.name} is contradictory`);
    return [nr, order.rules] as const;
  });
  return { abi, calls: new Map(ordered), newest: undefined };
}

const argumentOf = ({ index, op, value, valueTwo }: RecordedArgument): OciArgument => ({
  index: index as OciArgument['index'],
  op: `SCMP_CMP_${op}` as OciArgument['op'],
  value: BigInt(value),
  valueTwo: BigInt(valueTwo ?? 0),
});

/** With the code where it is a multiplexer's. Numbers are those of x86-64. */
function numbersFor(abi: Abi, syscall: string | number): (readonly [nr: number, code: bigint | undefined])[] {
  if (typeof syscall === 'number' && abi === NATIVE) return [[syscall, undefined]];
  const call = callOf(abi, typeof syscall === 'number' ? (syscallName(syscall) ?? '') : syscall);
  return [
    ...(call?.direct === undefined ? [] : [[call.direct, undefined] as const]),
    ...(call?.multiplexed === undefined ? [] : [[call.multiplexed.nr, call.multiplexed.code] as const]),
  ];
}

function actionOf([name, number = 0]: RecordedAction): Action {
  switch (name) {
    case 'ALLOW':
      return { kind: 'allow' };
    case 'LOG':
      return { kind: 'log' };
    case 'TRAP':
      return { kind: 'trap' };
    case 'TRACE':
      return { kind: 'trace', message: number };
    case 'ERRNO':
      return { kind: 'errno', errno: number };
    case 'KILL':
      return { kind: 'kill-thread' };
    case 'KILL_PROCESS':
      return { kind: 'kill-process' };
    default:
      throw new Error(`an action ${name}`);
  }
}

export type SimulationCase = { readonly text: string; readonly call: Call; readonly verdict: string };

/** Every call that the recording's cases stand for, ranges written out. */
export function casesOf({ cases }: Recording): SimulationCase[] {
  return cases.flatMap(({ archesOnX8664, syscall, args, result }) =>
    archesOnX8664.flatMap((arch) => {
      const abi = abiOf(arch);
      if (abi === undefined) return [];
      const vectors = args
        .map((argument) => (argument === null ? [0n] : rangeOf(argument)))
        .reduce<bigint[][]>((all, values) => all.flatMap((some) => values.map((value) => [...some, value])), [[]]);
      return callNumbers(abi, syscall).flatMap((nr) =>
        vectors.map((vector) => ({
          text: `${arch} ${/^[a-z]/.test(syscall) ? syscall : nr}(${vector.map((value) => `0x${value.toString(16)}`)})`,
          call: { nr, arch: abi.audit, args: vector },
          verdict: result,
        })),
      );
    }),
  );
}

/** By name, what stands behind a multiplexer is the multiplexer, whose first argument the case gives. */
function callNumbers(abi: Abi, syscall: string): number[] {
  if (/^-?\d/.test(syscall)) return rangeOf(syscall).map((nr) => Number(BigInt.asUintN(32, nr)));
  const call = callOf(abi, syscall);
  if (call?.multiplexed !== undefined) return [call.multiplexed.nr];
  return call?.direct === undefined ? [] : [call.direct];
}

function rangeOf(text: string): bigint[] {
  const [, first = text, last] = /^(\w+)-(\w+)$/.exec(text) ?? [];
  const [from, to] = [BigInt(first), BigInt(last ?? first)];
  return Array.from({ length: Number(to - from) + 1 }, (_, index) => from + BigInt(index));
}

/** `verdict` of simulate() as the recordings spell it. */
export function spellVerdict(verdict: string): string {
  const [kind = '', number] = verdict.split(' ');
  if (kind === 'kill-thread') return 'KILL';
  if (kind === 'trap') return 'TRAP';
  return kind.toUpperCase().replace('-', '_') + (number === undefined ? '' : `(${number})`);
}
