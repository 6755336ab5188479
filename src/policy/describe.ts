/** Conditions on arguments in words, with the kernel's names where it has them. */

import type { ArgumentIndex } from '../seccomp/filter.js';
import { ARGUMENTS, type Argument } from './arguments.js';
import { allBits, type Test } from './conjunction.js';
import { PRCTL } from './constants.js';
import { OPTION_LEVEL } from './constants-net.js';

/** A test of a policy; or what only a comparison finds: a number from `first` to `last`, of which `width` bits count. */
export type ToldTest =
  | Test
  | {
      readonly kind: 'between';
      readonly arg: ArgumentIndex;
      readonly width: 32 | 64;
      readonly first: bigint;
      readonly last: bigint;
    };
type Told = readonly ToldTest[];

/** When an allowance of `call` holds, such as `request is TCGETS or FIONREAD`; empty: always. */
export function describeAlternatives(call: string, alternatives: readonly Told[]): string {
  if (alternatives.some((when) => when.length === 0)) return '';
  const lists = new Map<string, { readonly head: string; readonly values: string[] }>();
  for (const when of alternatives) {
    const { head, value } = describeConjunction(call, when);
    const list = lists.get(head) ?? { head, values: [] };
    if (value !== undefined) list.values.push(value);
    lists.set(head, list);
  }
  return [...lists.values()].map(({ head, values }) => `${head}${orList(values)}`).join('; or ');
}

/** The opposite of `has none of`. */
export function describeAnyBit(call: string, test: Extract<Test, { kind: 'bits' }>): string {
  const { name, known } = argumentOf(call, test);
  return `${name} has any of ${maskNames(known, test.mask)}`;
}

const orList = (values: readonly string[]): string =>
  values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values[values.length - 1]}`;

/** All tests but the last in words, and the last one's value where that is an equality: such lists are told together. */
function describeConjunction(call: string, when: Told): { readonly head: string; readonly value?: string } {
  const last = when[when.length - 1];
  const words = when.map((test) => describeTest(call, test, when));
  if (last?.kind !== 'bits' || !isAll(last.mask)) return { head: words.join(' and ') };
  const { name, known } = argumentOf(call, last);
  return {
    head: [...words.slice(0, -1), `${withWidth(name, known, widthOf(last.mask))} is `].join(' and '),
    value: valueName(known, last.value, prefixFor(call, when)),
  };
}

/** Whether a mask has every bit of 32 or of 64. */
export const isAll = (mask: bigint): boolean => mask === allBits(32) || mask === allBits(64);
const widthOf = (mask: bigint): 32 | 64 => (mask > allBits(32) ? 64 : 32);

/** Where a filter looks at more of an argument than the kernel does, or at less, that is part of what it says. */
function withWidth(name: string, known: Argument | undefined, width: 32 | 64): string {
  if (width === (known?.width ?? 64)) return name;
  return width === 32 ? `${name} (low 32 bits)` : `${name} (all 64 bits)`;
}

function describeTest(call: string, test: ToldTest, all: Told): string {
  const { name, known } = argumentOf(call, test);
  switch (test.kind) {
    case 'least':
      return `${withWidth(name, known, 64)} is at least ${numberText(test.value)}`;
    case 'most':
      return `${withWidth(name, known, 64)} is at most ${numberText(test.value)}`;
    case 'between':
      return `${withWidth(name, known, test.width)} is ${rangeText(test.first, test.last, allBits(test.width))}`;
    case 'bits': {
      const value = valueName(known, test.value, test === all[0] ? '' : prefixFor(call, all));
      if (isAll(test.mask)) return `${withWidth(name, known, widthOf(test.mask))} is ${value}`;
      if (test.value === 0n) return `${name} has none of ${maskNames(known, test.mask)}`;
      if (test.value === test.mask) return `${name} has all of ${maskNames(known, test.mask)}`;
      return `${name} within ${maskNames(known, test.mask)} is ${value}`;
    }
  }
}

function rangeText(first: bigint, last: bigint, largest: bigint): string {
  if (first === 0n) return `at most ${numberText(last)}`;
  return last === largest ? `at least ${numberText(first)}` : `from ${numberText(first)} to ${numberText(last)}`;
}

/** Small numbers as people count them; addresses, masks and what is minus one as the machine has them. */
const numberText = (value: bigint): string => (value < 0x8000_0000n ? `${value}` : `0x${value.toString(16)}`);

type Named = { readonly name: string; readonly known: Argument | undefined };

function argumentOf(call: string, test: ToldTest): Named {
  const found = Object.entries(ARGUMENTS[call] ?? {}).find(([, { index }]) => index === test.arg);
  return found === undefined ? { name: `argument ${test.arg}`, known: undefined } : { name: found[0], known: found[1] };
}

/** Of names with one number, the one that belongs to the level or option that stands before it. */
export function prefixFor(call: string, when: Told): string {
  const first = when.find((test) => argumentOf(call, test).known !== undefined);
  const value = first?.kind === 'bits' ? first.value : undefined;
  const prefixes: readonly (readonly [bigint | undefined, string])[] = [
    [PRCTL['PR_SET_SECCOMP'], 'SECCOMP_'],
    [PRCTL['PR_CAP_AMBIENT'], 'PR_'],
    [OPTION_LEVEL['SOL_SOCKET'], 'SO_'],
    [OPTION_LEVEL['SOL_TCP'], 'TCP_'],
    [OPTION_LEVEL['SOL_IPV6'], 'IPV6_'],
    [OPTION_LEVEL['SOL_IP'], 'IP_'],
  ];
  return prefixes.find(([one]) => one === value)?.[1] ?? '';
}

function valueName(known: Argument | undefined, value: bigint, prefix: string): string {
  const names = Object.entries(known?.values ?? {}).flatMap(([name, one]) => (one === value ? [name] : []));
  const number = value < 10n ? value.toString() : `0x${value.toString(16)}`;
  return names.find((name) => name.startsWith(prefix)) ?? names[0] ?? number;
}

/** One name of the whole mask, else the names of its bits. */
function maskNames(known: Argument | undefined, mask: bigint): string {
  const values = Object.entries(known?.values ?? {});
  const whole = values.find(([, value]) => value === mask);
  if (whole !== undefined) return whole[0];
  let rest = mask;
  const names = values.flatMap(([name, bit]) => {
    const isOneBit = bit !== 0n && (bit & (bit - 1n)) === 0n;
    if (!isOneBit || (rest & bit) === 0n) return [];
    rest &= ~bit;
    return [name];
  });
  return [...names, ...(rest === 0n ? [] : [`0x${rest.toString(16)}`])].join(', ');
}
