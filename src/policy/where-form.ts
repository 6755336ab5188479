/** Conjunctions in the form in which policies write them: `where`. */
import { ARGUMENTS } from './arguments.js';
import { allBits, type Conjunction } from './conjunction.js';

/** The `where` of one call for `when`; undefined where it has none, or the policy's language has no word for an argument. */
export function whereForm(call: string, when: Conjunction): object | undefined {
  const known = Object.entries(ARGUMENTS[call] ?? {});
  const members = when.map((test) => {
    const found = known.find(([, { index }]) => index === test.arg);
    if (found === undefined || test.kind !== 'bits' || test.mask !== allBits(found[1].width)) return undefined;
    const [name, { values }] = found;
    return [name, { anyOf: [valueText(values, test.value)] }] as const;
  });
  if (members.length === 0 || members.some((member) => member === undefined)) return undefined;
  return { [call]: [Object.fromEntries(members.filter((member) => member !== undefined))] };
}

/** The kernel's name, or names of bits that make it up, else the number. */
function valueText(values: Readonly<Record<string, bigint>>, value: bigint): string {
  const whole = Object.entries(values).find(([, one]) => one === value);
  if (whole !== undefined) return whole[0];
  const parts = Object.entries(values).filter(
    ([, one]) => one !== 0n && (one & (one - 1n)) === 0n && (value & one) === one,
  );
  const union = parts.reduce((all, [, one]) => all | one, 0n);
  return union === value && parts.length > 0 ? parts.map(([name]) => name).join('|') : `0x${value.toString(16)}`;
}
