/**
 * One value, one spelling: a line counts only if it is what the writer would
 * have written for its value, so that no two parsers can read it differently.
 *
 * @see audit/FORMAT.md, "Lines"
 */

/** The parts of a JSON Schema that say where which field stands. */
export type SchemaNode = {
  readonly properties?: { readonly [name: string]: SchemaNode };
  readonly items?: SchemaNode;
};

/** The value of `bytes`, or why they are not a line of ours. */
export type Spelled = { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'fault'; why: string };

/** Reads one line of printable ASCII in the writer's only spelling. */
export function readSpelled(bytes: Buffer): Spelled {
  const text = bytes.toString('latin1');
  if (!/^[\x20-\x7e]*$/.test(text)) return { kind: 'fault', why: 'holds a byte that is not printable ASCII' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'fault', why: 'is not JSON' };
  }
  return spell(value) === text ? { kind: 'value', value } : { kind: 'fault', why: 'is not spelled as it was written' };
}

/** JSON without white space in ASCII. */
export function spell(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Whether every object of `value` has its fields in the order of the schema's `properties`. */
export function isInOrder(value: unknown, schema: SchemaNode): boolean {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined || value.every((element) => isInOrder(element, items));
  }
  if (typeof value !== 'object' || value === null || schema.properties === undefined) return true;
  const names = Object.keys(schema.properties);
  const members = Object.entries(value);
  return (
    members.length === names.length &&
    members.every(
      ([name, member], index) => name === names[index] && isInOrder(member, schema.properties?.[name] ?? {}),
    )
  );
}

/**
 * The bytes that a text of the trail stands for: `\xHH` is a byte that was part of no UTF-8, `\\` a backslash.
 */
export function bytesOfText(text: string): Buffer {
  const parts = text.split(/(\\x[0-9a-f]{2}|\\\\)/).map((part) => {
    if (part === '\\\\') return Buffer.from('\\');
    return /^\\x[0-9a-f]{2}$/.test(part) ? Buffer.from(part.slice(2), 'hex') : Buffer.from(part);
  });
  return Buffer.concat(parts);
}
