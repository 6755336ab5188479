/** From `where` as policies write it to conjunctions: names to numbers, alternatives multiplied out. */
import { pointerStep } from '../base/json-file.js';
import { ARGUMENTS, type Argument } from './arguments.js';
import { allBits, bits, both, type Conjunction, Inexpressible, type Test } from './conjunction.js';
import { meantOr } from './hint.js';

/** The members of `argument` in the schema. */
export type ArgumentCondition = {
  readonly anyOf?: readonly string[];
  readonly mask?: string;
  readonly noneOf?: readonly string[];
  readonly allOf?: readonly string[];
  readonly atLeast?: string;
  readonly atMost?: string;
};
export type Alternatives = readonly Readonly<Record<string, ArgumentCondition>>[];

export type Tell = (pointer: string, message: string, hint?: string) => void;

/** Never multiplied out further, even where contradictions would leave fewer. */
const MAX_COMBINATIONS = 4096;
/** More pieces than any filter has room for. */
const MAX_ALTERNATIVES = 256;

/** The conjunctions that `alternatives` of `call` mean; faults are told with pointers below `at`. */
export function readWhere(call: string, alternatives: Alternatives, at: string, tell: Tell): Conjunction[] {
  const known = ARGUMENTS[call];
  if (known === undefined) {
    tell(at, `no condition can be put on ${call}`, `conditions can be put on ${Object.keys(ARGUMENTS).join(', ')}`);
    return [];
  }
  const read = alternatives.flatMap((conditions, index) =>
    readConditions(call, known, conditions, at + pointerStep(index), tell),
  );
  if (read.length <= MAX_ALTERNATIVES) return read;
  tell(at, `${read.length} combinations are more than a filter holds`, `write at most ${MAX_ALTERNATIVES}`);
  return [];
}

function readConditions(
  call: string,
  known: Readonly<Record<string, Argument>>,
  conditions: Readonly<Record<string, ArgumentCondition>>,
  at: string,
  tell: Tell,
): Conjunction[] {
  let product: Conjunction[] = [[]];
  let isFaulty = false;
  const note: Tell = (...fault) => {
    isFaulty = true;
    tell(...fault);
  };
  for (const [name, condition] of Object.entries(conditions)) {
    const argument = Object.hasOwn(known, name) ? known[name] : undefined;
    const here = at + pointerStep(name);
    if (argument === undefined) {
      note(here, `${call} has no argument "${name}" that a condition can be put on`, meantOr(name, Object.keys(known)));
      continue;
    }
    const options = readOptions(argument, condition, here, note);
    if (product.length * options.length > MAX_COMBINATIONS) {
      note(here, 'these conditions have more combinations than a filter holds', 'write fewer values, or a mask');
      return [];
    }
    product = product.flatMap((left) => options.map((right) => both(left, [right])).filter((c) => c !== undefined));
  }
  if (product.length === 0 && !isFaulty) tell(at, 'this can never match', 'the conditions contradict each other');
  return isFaulty ? [] : product;
}

/** The tests of which one must hold. */
function readOptions(argument: Argument, condition: ArgumentCondition, at: string, tell: Tell): Test[] {
  /** A value that is at fault has no bits: nothing else is said of it. */
  const value = (text: string, below: string): bigint => readValue(argument, text, at + below, tell) ?? 0n;
  /** What has no bit, such as O_RDONLY, is in every value and missing in every value: it says nothing here. */
  const bitsOf = (texts: readonly string[], key: string): bigint =>
    texts.reduce((all, text, index) => {
      const before = all | value(text, `/${key}/${index}`);
      if (isZero(argument, text))
        tell(`${at}/${key}/${index}`, `${text} has no bits, so "${key}" says nothing of it`, 'use "mask" and "anyOf"');
      return before;
    }, 0n);
  const all = allBits(argument.width);
  const always: Test[] = [];
  if (condition.noneOf !== undefined) always.push(bits(argument.index, bitsOf(condition.noneOf, 'noneOf'), 0n));
  if (condition.allOf !== undefined) {
    const wanted = bitsOf(condition.allOf, 'allOf');
    always.push(bits(argument.index, wanted, wanted));
  }
  const order = readOrder(argument, condition, at, tell, value);
  always.push(...order);
  if (condition.mask !== undefined && condition.anyOf === undefined)
    tell(`${at}/mask`, '"mask" says nothing without "anyOf"', 'add "anyOf", or use noneOf or allOf');
  const written = condition.mask === undefined ? undefined : readValue(argument, condition.mask, `${at}/mask`, tell);
  const mask = written ?? all;
  if (condition.mask !== undefined && isZero(argument, condition.mask))
    tell(`${at}/mask`, 'a mask without bits compares nothing', 'name the bits that are to be compared');
  const options = condition.anyOf?.map((text, index) => {
    const wanted = value(text, `/anyOf/${index}`);
    if ((wanted & ~mask) !== 0n)
      tell(`${at}/anyOf/${index}`, `${text} has bits outside the mask`, 'it can never match');
    return bits(argument.index, mask, wanted);
  });
  if (order.length > 0 && options !== undefined) {
    tell(at, ...ORDER_ALONE);
    return [];
  }
  return options === undefined
    ? combine([[]], always, at, tell)
    : combine(
        options.map((o) => [o]),
        always,
        at,
        tell,
      );
}

const ORDER_ALONE = [
  'one argument cannot have an order and another condition',
  'write one of atLeast, atMost, or masks',
] as const;

const isZero = ({ values }: Argument, text: string): boolean =>
  /^(0|0x0+)$/.test(text) || (Object.hasOwn(values, text) && values[text] === 0n);

function readOrder(
  argument: Argument,
  condition: ArgumentCondition,
  at: string,
  tell: Tell,
  value: (text: string, below: string) => bigint,
): Test[] {
  const order: Test[] = [];
  for (const [key, kind] of [
    ['atLeast', 'least'],
    ['atMost', 'most'],
  ] as const) {
    const text = condition[key];
    if (text === undefined) continue;
    if (argument.width === 32)
      tell(`${at}/${key}`, 'the kernel reads 32 bits of this argument, and filters order 64', 'use anyOf or a mask');
    order.push({ kind, arg: argument.index, value: value(text, `/${key}`) });
  }
  return order;
}

/** One test for each option that agrees with what must always hold. */
function combine(options: readonly Conjunction[], always: readonly Test[], at: string, tell: Tell): Test[] {
  try {
    return options.flatMap((option) => {
      let merged: Conjunction | undefined = option;
      for (const test of always) merged = merged === undefined ? undefined : both(merged, [test]);
      return merged ?? [];
    });
  } catch (error) {
    if (!(error instanceof Inexpressible)) throw error;
    tell(at, ...ORDER_ALONE);
    return [];
  }
}

/** Undefined where it is at fault, which is told. */
function readValue(argument: Argument, text: string, at: string, tell: Tell): bigint | undefined {
  const value = /^[0-9]/.test(text) ? BigInt(text) : namedValue(argument, text, at, tell);
  if (value === undefined || value <= allBits(argument.width)) return value;
  tell(at, `${text} does not fit into ${argument.width} bits`, 'it can never match');
  return undefined;
}

function namedValue(argument: Argument, text: string, at: string, tell: Tell): bigint | undefined {
  const names = Object.keys(argument.values);
  let all: bigint | undefined = 0n;
  for (const name of text.split('|')) {
    const value = Object.hasOwn(argument.values, name) ? argument.values[name] : undefined;
    if (value === undefined)
      tell(
        at,
        `"${name}" is no value that is known here`,
        names.length === 0 ? 'write a number' : meantOr(name, names),
      );
    all = all === undefined || value === undefined ? undefined : all | value;
  }
  return all;
}
