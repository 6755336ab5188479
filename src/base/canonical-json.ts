/**
 * One byte string for one JSON value: keys sorted by code unit, no white
 * space, so that equal values have equal digests.
 *
 * Numbers must be safe integers: a fraction or a number above 2^53 has more
 * than one spelling across languages. Callers write those as text.
 *
 * @see RFC 8785 (of whose rules these are the ones that integers need)
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** The canonical text of `value`. @throws {TypeError} on a number that is not a safe integer */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is not a safe integer`);
    return String(value);
  }
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value)
    .filter((member): member is [string, Json] => member[1] !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);
