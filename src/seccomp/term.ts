/** Conditions on arguments as people read them: what each of them must be. */

/** What one argument must be: certain bits, or a number without sign, of which `width` bits are looked at. */
export type Part =
  | { readonly kind: 'bits'; readonly argument: number; readonly mask: bigint; readonly value: bigint }
  | {
      readonly kind: 'range';
      readonly argument: number;
      readonly width: 32 | 64;
      readonly first: bigint;
      readonly last: bigint;
    };

/** All of it must hold; empty: no argument matters. */
export type Term = readonly Part[];

/** How much there is to read. */
export function costOf(terms: readonly Term[]): number {
  return terms.reduce((sum, term) => sum + 2 + term.reduce((all, part) => all + costOfPart(part), 0), 0);
}

const ALL_32 = 0xffff_ffffn;
const ALL_64 = 0xffff_ffff_ffff_ffffn;

/** One value is read at once, a range takes two numbers, and a mask one look for each bit. */
function costOfPart(part: Part): number {
  if (part.kind === 'range') return 2;
  if (part.mask === ALL_32 || part.mask === ALL_64) return 1;
  const bits = part.mask.toString(2).replaceAll('0', '').length;
  return bits <= 4 ? 1 : bits <= 16 ? 2 : 4;
}
