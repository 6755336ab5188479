/** Conjunctions in the form in which policies write them: `where`. */
import { ARGUMENTS } from './arguments.js';
import { allBits, type Conjunction } from './conjunction.js';
import { prefixFor } from './describe.js';

/**
 * The `where` of one call for as much of `when` as the policy's language has
 * words for: `isWhole` where that is all of it. Undefined where it has none.
 */
export function whereForm(
  call: string,
  when: Conjunction,
): { readonly where: object; readonly isWhole: boolean } | undefined {
  const known = Object.entries(ARGUMENTS[call] ?? {});
  const members = when.flatMap((test) => {
    const found = known.find(([, { index }]) => index === test.arg);
    if (found === undefined || test.kind !== 'bits') return [];
    const [name, { values, width }] = found;
    const text = valueText(values, test.value, prefixFor(call, when));
    if (test.mask === allBits(width)) return [[name, { anyOf: [text] }] as const];
    return [[name, { mask: valueText(values, test.mask, ''), anyOf: [text] }] as const];
  });
  if (members.length === 0) return undefined;
  return { where: { [call]: [Object.fromEntries(members)] }, isWhole: members.length === when.length };
}

/** The kernel's name, of several the one that begins with `prefix`; or names of bits that make it up; else the number. */
function valueText(values: Readonly<Record<string, bigint>>, value: bigint, prefix: string): string {
  const names = Object.entries(values).flatMap(([name, one]) => (one === value ? [name] : []));
  const whole = names.find((name) => name.startsWith(prefix)) ?? names[0];
  if (whole !== undefined) return whole;
  const parts = Object.entries(values).filter(
    ([, one]) => one !== 0n && (one & (one - 1n)) === 0n && (value & one) === one,
  );
  const union = parts.reduce((all, [, one]) => all | one, 0n);
  return union === value && parts.length > 0 ? parts.map(([name]) => name).join('|') : `0x${value.toString(16)}`;
}
