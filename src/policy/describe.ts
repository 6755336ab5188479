/** Conditions on arguments in words, with the kernel's names where it has them. */
import { ARGUMENTS, type Argument } from './arguments.js';
import { allBits, type Conjunction, type Test } from './conjunction.js';

/** When an allowance of `call` holds, such as `request is TCGETS or FIONREAD`; empty: always. */
export function describeAlternatives(call: string, alternatives: readonly Conjunction[]): string {
  if (alternatives.some((when) => when.length === 0)) return '';
  const equalities = alternatives.map((when) => (when.length === 1 ? when[0] : undefined));
  const [first] = equalities;
  const isOneList = first !== undefined && equalities.every((test) => test !== undefined && isEqualityOf(first, test));
  if (isOneList && alternatives.length > 1) {
    const argument = argumentOf(call, first);
    const values = equalities.map((test) => valueName(argument.known, test?.value ?? 0n));
    return `${argument.name} is ${values.slice(0, -1).join(', ')} or ${values[values.length - 1]}`;
  }
  return alternatives.map((when) => when.map((test) => describeTest(call, test)).join(' and ')).join('; or ');
}

const isEqualityOf = (first: Test, test: Test): boolean =>
  first.kind === 'bits' &&
  test.kind === 'bits' &&
  test.arg === first.arg &&
  test.mask === first.mask &&
  isAll(first.mask);
const isAll = (mask: bigint): boolean => mask === allBits(32) || mask === allBits(64);

function describeTest(call: string, test: Test): string {
  const { name, known } = argumentOf(call, test);
  switch (test.kind) {
    case 'least':
      return `${name} is at least ${test.value}`;
    case 'most':
      return `${name} is at most ${test.value}`;
    case 'bits': {
      if (isAll(test.mask)) return `${name} is ${valueName(known, test.value)}`;
      if (test.value === 0n) return `${name} has none of ${flagNames(known, test.mask)}`;
      if (test.value === test.mask) return `${name} has all of ${flagNames(known, test.mask)}`;
      return `${name} within ${flagNames(known, test.mask)} is ${valueName(known, test.value)}`;
    }
  }
}

type Named = { readonly name: string; readonly known: Argument | undefined };

function argumentOf(call: string, test: Test): Named {
  const found = Object.entries(ARGUMENTS[call] ?? {}).find(([, { index }]) => index === test.arg);
  return found === undefined ? { name: `argument ${test.arg}`, known: undefined } : { name: found[0], known: found[1] };
}

function valueName(known: Argument | undefined, value: bigint): string {
  const names = Object.entries(known?.values ?? {}).filter(([, one]) => one === value);
  return names.length > 0 ? names.map(([name]) => name).join('/') : `0x${value.toString(16)}`;
}

function flagNames(known: Argument | undefined, mask: bigint): string {
  let rest = mask;
  const names = Object.entries(known?.values ?? {}).flatMap(([name, bit]) => {
    const isOneBit = bit !== 0n && (bit & (bit - 1n)) === 0n;
    if (!isOneBit || (rest & bit) === 0n) return [];
    rest &= ~bit;
    return [name];
  });
  return [...names, ...(rest === 0n ? [] : [`0x${rest.toString(16)}`])].join(', ');
}
