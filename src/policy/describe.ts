/** Conditions on arguments in words, with the kernel's names where it has them. */
import { ARGUMENTS, type Argument } from './arguments.js';
import { allBits, type Conjunction, type Test } from './conjunction.js';
import { PRCTL } from './constants.js';
import { OPTION_LEVEL } from './constants-net.js';

/** When an allowance of `call` holds, such as `request is TCGETS or FIONREAD`; empty: always. */
export function describeAlternatives(call: string, alternatives: readonly Conjunction[]): string {
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

const orList = (values: readonly string[]): string =>
  values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values[values.length - 1]}`;

/** All tests but the last in words, and the last one's value where that is an equality: such lists are told together. */
function describeConjunction(call: string, when: Conjunction): { readonly head: string; readonly value?: string } {
  const last = when[when.length - 1];
  const words = when.map((test) => describeTest(call, test, when));
  if (last?.kind !== 'bits' || !isAll(last.mask)) return { head: words.join(' and ') };
  const { name, known } = argumentOf(call, last);
  return {
    head: [...words.slice(0, -1), `${name} is `].join(' and '),
    value: valueName(known, last.value, prefixFor(when)),
  };
}

const isAll = (mask: bigint): boolean => mask === allBits(32) || mask === allBits(64);

function describeTest(call: string, test: Test, all: Conjunction): string {
  const { name, known } = argumentOf(call, test);
  switch (test.kind) {
    case 'least':
      return `${name} is at least ${test.value}`;
    case 'most':
      return `${name} is at most ${test.value}`;
    case 'bits': {
      const value = valueName(known, test.value, test === all[0] ? '' : prefixFor(all));
      if (isAll(test.mask)) return `${name} is ${value}`;
      if (test.value === 0n) return `${name} has none of ${maskNames(known, test.mask)}`;
      if (test.value === test.mask) return `${name} has all of ${maskNames(known, test.mask)}`;
      return `${name} within ${maskNames(known, test.mask)} is ${value}`;
    }
  }
}

type Named = { readonly name: string; readonly known: Argument | undefined };

function argumentOf(call: string, test: Test): Named {
  const found = Object.entries(ARGUMENTS[call] ?? {}).find(([, { index }]) => index === test.arg);
  return found === undefined ? { name: `argument ${test.arg}`, known: undefined } : { name: found[0], known: found[1] };
}

/** Of names with one number, the one that belongs to the level or option that stands before it. */
function prefixFor(when: Conjunction): string {
  const values = when.map(({ value }) => value);
  const prefixes: readonly (readonly [bigint | undefined, string])[] = [
    [PRCTL['PR_SET_SECCOMP'], 'SECCOMP_'],
    [PRCTL['PR_CAP_AMBIENT'], 'PR_'],
    [OPTION_LEVEL['SOL_SOCKET'], 'SO_'],
    [OPTION_LEVEL['SOL_TCP'], 'TCP_'],
    [OPTION_LEVEL['SOL_IPV6'], 'IPV6_'],
    [OPTION_LEVEL['SOL_IP'], 'IP_'],
  ];
  return prefixes.find(([value]) => value === values[0])?.[1] ?? '';
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
