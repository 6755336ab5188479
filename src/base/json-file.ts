/**
 * Reads JSON that a person wrote: comments allowed, every fault with its line.
 * What parsers disagree about is refused: a key twice, `__proto__`, half a
 * character, a number that is not what it says.
 */
import { createRequire } from 'node:module';
import type Jsonc from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';
import type { Fault } from './errors.js';
import { firstSyntaxFault, placeIn } from './json-syntax.js';
import { once } from './once.js';
import { readPlainJson } from './plain-json.js';

/** Loaded when the places of things are asked for: plain files do without. */
const jsonc = once(() => createRequire(import.meta.url)('jsonc-parser') as typeof Jsonc);

export type JsonFile =
  | {
      readonly kind: 'parsed';
      readonly file: string;
      readonly value: unknown;
      /** The line (from 1) of what stands at a JSON pointer, or of its nearest ancestor that exists. */
      readonly lineOf: (pointer: string) => number;
      /** What is written at a JSON pointer: numbers of more than 53 bits are exact only there. Undefined where nothing is. */
      readonly textAt: (pointer: string) => string | undefined;
    }
  | { readonly kind: 'faulty'; readonly file: string; readonly faults: readonly Fault[] };

/** Deeper nesting than this is refused before anything recursive looks at it. */
export const MAX_JSON_DEPTH = 64;
/** Brackets, keys, values, commas and colons: more than any file that a person has read. */
export const MAX_JSON_TOKENS = 100_000;
/** So many faults are told at once; nobody reads more. */
export const MAX_FAULTS = 100;

/**
 * The value of `text`, or all its faults. `file` is only for messages.
 * `writer`: a program's file has no comments, and its size and spelling of
 * numbers are the program's own. Trailing commas are never allowed.
 */
export function parseJsonFile(
  text: string,
  file: string,
  options: { readonly writer?: 'person' | 'program' } = {},
): JsonFile {
  const byPerson = options.writer !== 'program';
  const plain = readPlainJson(text, { comments: byPerson, depth: MAX_JSON_DEPTH, tokens: MAX_JSON_TOKENS });
  if (plain === undefined) return parseWithPlaces(text, file, options);
  const whole = once(() => parseWithPlaces(text, file, options));
  const places = (): JsonFile & { kind: 'parsed' } => {
    const read = whole();
    if (read.kind === 'faulty') throw new TypeError(`${file} is plain and faulty`);
    return read;
  };
  return {
    kind: 'parsed',
    file,
    value: plain.value,
    lineOf: (pointer) => places().lineOf(pointer),
    textAt: (pointer) => places().textAt(pointer),
  };
}

/** As parseJsonFile(), by the parser that knows where everything stands, for any text. */
export function parseWithPlaces(
  text: string,
  file: string,
  options: { readonly writer?: 'person' | 'program' } = {},
): JsonFile {
  const lines = lineStarts(text);
  const faultAt = (offset: number, pointer: string, message: string, hint?: string): Fault => ({
    file,
    line: lineAt(lines, offset),
    pointer,
    message,
    hint,
  });
  const byPerson = options.writer !== 'program';
  const excess = findExcess(text, byPerson ? MAX_JSON_TOKENS : Number.POSITIVE_INFINITY);
  if (excess !== undefined) {
    const { offset, message, hint } = excess;
    return { kind: 'faulty', file, faults: [faultAt(offset, placeIn(jsonc(), text, offset), message, hint)] };
  }
  const errors: ParseError[] = [];
  const root = jsonc().parseTree(text, errors, {
    disallowComments: !byPerson,
    allowTrailingComma: false,
    allowEmptyContent: false,
  });
  const wrong = firstSyntaxFault(jsonc(), text, errors);
  const faults = wrong === undefined ? [] : [faultAt(wrong.offset, wrong.pointer, wrong.message, wrong.hint)];
  if (root !== undefined && wrong === undefined) findAmbiguities({ text, faults, faultAt, byPerson }, root, '');
  if (root === undefined || faults.length > 0) return { kind: 'faulty', file, faults };
  const lineOf = (pointer: string): number => lineAt(lines, nearestNode(root, pointer).offset);
  const textAt = (pointer: string): string | undefined => {
    const node = nodeAt(root, pointer);
    return node && text.slice(node.offset, node.offset + node.length);
  };
  return { kind: 'parsed', file, value: plainValue(root), lineOf, textAt };
}

/** A member's name as one step of a JSON pointer. @see RFC 6901, section 3 */
export function pointerStep(name: string | number): string {
  return `/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** With ordinary objects: those of jsonc-parser have no prototype, and equal no others. */
function plainValue(root: Node): unknown {
  return JSON.parse(JSON.stringify(jsonc().getNodeValue(root)));
}

const HALF_CHARACTER = /\p{Surrogate}/u;

/** `name` in quotes, cut where it is too long for a line. */
export function quoted(name: string): string {
  return name.length <= 80 ? `"${name}"` : `"${name.slice(0, 80).replace(HALF_CHARACTER, '')}…"`;
}

type FaultAt = (offset: number, pointer: string, message: string, hint?: string) => Fault;
type Search = {
  readonly text: string;
  readonly faults: Fault[];
  readonly faultAt: FaultAt;
  readonly byPerson: boolean;
};

/** Adds what is JSON, and yet means something else to some parser. */
function findAmbiguities(search: Search, node: Node, pointer: string): void {
  const { text, faults, faultAt, byPerson } = search;
  if (faults.length >= MAX_FAULTS) return;
  switch (node.type) {
    case 'array':
      for (const [at, child] of (node.children ?? []).entries())
        findAmbiguities(search, child, pointer + pointerStep(at));
      return;
    case 'object':
      findAmbiguousKeys(search, node, pointer);
      return;
    case 'string':
      if (byPerson && HALF_CHARACTER.test(String(node.value)))
        faults.push(
          faultAt(node.offset, pointer, 'half a surrogate pair is no character', 'write the whole character'),
        );
      return;
    case 'number': {
      const written = text.slice(node.offset, node.offset + node.length);
      const read = String(node.value);
      if (byPerson && written !== read)
        faults.push(
          faultAt(
            node.offset,
            pointer,
            `the number ${quoted(written)} would be read as ${read}`,
            Number.isSafeInteger(node.value)
              ? 'write it in plain digits'
              : `whole numbers up to ${Number.MAX_SAFE_INTEGER} are exact`,
          ),
        );
      return;
    }
    case 'boolean':
    case 'null':
    case 'property':
      return;
  }
}

function findAmbiguousKeys(search: Search, object: Node, pointer: string): void {
  const { faults, faultAt } = search;
  const seen = new Set<string>();
  const told = new Set<string>();
  for (const property of object.children ?? []) {
    const [key, value] = property.children ?? [];
    if (key === undefined) continue;
    const name = String(key.value);
    const here = pointer + pointerStep(name);
    if (seen.has(name) && !told.has(name)) {
      faults.push(faultAt(key.offset, here, `the key ${quoted(name)} stands here twice`, 'keep one of the two'));
      told.add(name);
    }
    if (name === '__proto__') faults.push(faultAt(key.offset, here, 'this key is not allowed', 'remove it'));
    findAmbiguities(search, key, here);
    seen.add(name);
    if (value !== undefined) findAmbiguities(search, value, here);
  }
}

const stepsOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

function nearestNode(root: Node, pointer: string): Node {
  let node = root;
  for (const name of stepsOf(pointer)) {
    const next = childOf(node, name);
    if (next === undefined) return node;
    node = next;
  }
  return node;
}

function nodeAt(root: Node, pointer: string): Node | undefined {
  let node: Node | undefined = root;
  for (const name of stepsOf(pointer)) node = node && childOf(node, name);
  return node;
}

function childOf(node: Node, name: string): Node | undefined {
  if (node.type === 'array') return node.children?.[Number(name)];
  return node.children?.find((property) => property.children?.[0]?.value === name)?.children?.[1];
}

/** Where the text first has too much of something; found without recursion, since the parser that follows has some. */
function findExcess(
  text: string,
  mostTokens: number,
): { readonly offset: number; readonly message: string; readonly hint: string } | undefined {
  const scanner = jsonc().createScanner(text, true);
  let open = 0;
  let tokens = 0;
  for (let token = scanner.scan(); token !== TOKEN.end; token = scanner.scan()) {
    tokens += 1;
    if (token === TOKEN.openBrace || token === TOKEN.openBracket) open += 1;
    if (token === TOKEN.closeBrace || token === TOKEN.closeBracket) open -= 1;
    const offset = scanner.getTokenOffset();
    if (open > MAX_JSON_DEPTH)
      return { offset, message: `nested deeper than ${MAX_JSON_DEPTH}`, hint: 'close what stands around it' };
    if (tokens > mostTokens)
      return {
        offset,
        message: `more than ${mostTokens} brackets, keys, values, commas and colons`,
        hint: 'write fewer entries',
      };
  }
  return undefined;
}

/** jsonc-parser declares these as an ambient enum, which isolated modules cannot read. @see its `SyntaxKind` */
const TOKEN = { openBrace: 1, closeBrace: 2, openBracket: 3, closeBracket: 4, end: 17 } as const;

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}
