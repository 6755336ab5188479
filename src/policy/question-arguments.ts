/** The arguments of a call as people and strace(1) write them: `AF_INET, *, protocol=6`. */
import { ARGUMENTS, type Argument } from './arguments.js';
import { allBits, bits, type Conjunction, type Test } from './conjunction.js';
import { meantOr } from './hint.js';
import { questionRefusal as refusal } from './question-refusal.js';

export type AskedArguments = { readonly when: Conjunction; readonly ignored: readonly string[] };

/**
 * One equality an argument, `*` for any value. What no rule can look at (text
 * in memory, names where none are known) is any value too, and in `ignored`.
 *
 * @throws {PolicyError} POLICY_QUESTION
 */
export function readArguments(call: string, list: string | undefined): AskedArguments {
  if (list === undefined || list.trim() === '') return { when: [], ignored: [] };
  const ignored: string[] = [];
  const tests = partsOf(list).flatMap((part, position): Test[] => {
    const [, named, text = ''] = /^(?:([A-Za-z]+)\s*=\s*)?(.*)$/s.exec(part) ?? [];
    if (position > 5) throw refusal(part, 'is a seventh argument', 'calls have six');
    if (text === '*' || text === '_') return [];
    const argument = argumentFor(call, named, position);
    const value = argument === undefined ? undefined : readValue(text, argument);
    if (argument !== undefined && value !== undefined) return [bits(argument.index, allBits(argument.width), value)];
    ignored.push(part);
    return [];
  });
  if (new Set(tests.map(({ arg }) => arg)).size !== tests.length)
    throw refusal(list, 'names one argument twice', 'name each argument once');
  return { when: tests.sort((a, b) => a.arg - b.arg), ignored };
}

const OPENING = '([{';
const CLOSING = ')]}';

/** Cut at the commas that stand in no text, list or structure. */
function partsOf(list: string): string[] {
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  let isText = false;
  for (const [at, character] of [...list].entries()) {
    if (character === '"' && list[at - 1] !== '\\') isText = !isText;
    else if (!isText && OPENING.includes(character)) depth += 1;
    else if (!isText && CLOSING.includes(character)) depth -= 1;
    if (character === ',' && !isText && depth <= 0) {
      parts.push(part.trim());
      part = '';
    } else part += character;
  }
  return [...parts, part.trim()];
}

/** The argument that is meant; undefined where no rule can look at any of this call's by name. */
function argumentFor(call: string, named: string | undefined, position: number): Argument | undefined {
  const known = Object.entries(ARGUMENTS[call] ?? {});
  if (named === undefined) {
    const found = known.find(([, { index }]) => index === position);
    return found?.[1] ?? { index: position as Argument['index'], width: 64, values: {} };
  }
  if (known.length === 0) return undefined;
  const found = known.find(([name]) => name === named);
  if (found !== undefined) return found[1];
  const names = known.map(([name]) => name);
  throw refusal(named, `is no argument of ${call} that a rule can look at`, meantOr(named, names));
}

/** undefined: no number, where numbers alone are known. */
function readValue(text: string, { width, values }: Argument): bigint | undefined {
  const number = numberOf(text);
  if (number !== undefined) {
    if (number > allBits(width) && number > allBits(64)) throw refusal(text, 'has more than 64 bits', 'write less');
    return BigInt.asUintN(width, number);
  }
  if (text === 'NULL') return 0n;
  if (Object.keys(values).length === 0) return undefined;
  return text.split('|').reduce((all, part) => {
    const name = part.trim();
    const value = numberOf(name) ?? (Object.hasOwn(values, name) ? values[name] : undefined);
    if (value === undefined)
      throw refusal(name, 'is no value that is known at this place', meantOr(name, Object.keys(values)));
    return all | BigInt.asUintN(width, value);
  }, 0n);
}

/** As C writes numbers: 0x for hexadecimal, a leading 0 for octal. */
function numberOf(text: string): bigint | undefined {
  const [, sign = '', digits = ''] = /^(-?)(0[xX][0-9a-fA-F]{1,17}|\d{1,23})$/.exec(text) ?? [];
  if (digits === '') return undefined;
  const isOctal = /^0\d/.test(digits);
  if (isOctal && !/^[0-7]+$/.test(digits)) throw refusal(text, 'is no number', 'a leading 0 is octal, as in C');
  const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  return sign === '-' ? -value : value;
}
