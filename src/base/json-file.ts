/**
 * Reads JSON that a person wrote: comments allowed, every fault with its line,
 * no key twice (parsers disagree about which of two counts), no `__proto__`.
 */
import jsonc, { type Node, type ParseError } from 'jsonc-parser';
import type { Fault } from './errors.js';

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

/**
 * The value of `text`, or all its faults. `file` is only for messages.
 * Comments are allowed unless `comments` is false; trailing commas never are.
 */
export function parseJsonFile(text: string, file: string, options: { readonly comments?: boolean } = {}): JsonFile {
  const lines = lineStarts(text);
  const faultAt = (offset: number, pointer: string, message: string, hint?: string): Fault => ({
    file,
    line: lineAt(lines, offset),
    pointer,
    message,
    hint,
  });
  const tooDeep = offsetBelowDepth(text, MAX_JSON_DEPTH);
  if (tooDeep !== undefined)
    return { kind: 'faulty', file, faults: [faultAt(tooDeep, '', `nested deeper than ${MAX_JSON_DEPTH}`)] };
  const errors: ParseError[] = [];
  const disallowComments = options.comments === false;
  const root = jsonc.parseTree(text, errors, { disallowComments, allowTrailingComma: false, allowEmptyContent: false });
  const faults = errors.map((e) => faultAt(e.offset, '', syntaxMessage(e)));
  if (root !== undefined) faults.push(...keyFaults(root, '', faultAt));
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
  return JSON.parse(JSON.stringify(jsonc.getNodeValue(root)));
}

type FaultAt = (offset: number, pointer: string, message: string, hint?: string) => Fault;

function keyFaults(node: Node, pointer: string, faultAt: FaultAt): Fault[] {
  if (node.type === 'array')
    return (node.children ?? []).flatMap((child, at) => keyFaults(child, pointer + pointerStep(at), faultAt));
  if (node.type !== 'object') return [];
  const seen = new Set<string>();
  return (node.children ?? []).flatMap((property) => {
    const [key, value] = property.children ?? [];
    if (key === undefined) return [];
    const name = String(key.value);
    const here = pointer + pointerStep(name);
    const own: Fault[] = [];
    if (seen.has(name))
      own.push(faultAt(key.offset, here, `the key "${name}" stands here twice`, 'keep one of the two'));
    if (name === '__proto__') own.push(faultAt(key.offset, here, 'this key is not allowed', 'remove it'));
    seen.add(name);
    return value === undefined ? own : [...own, ...keyFaults(value, here, faultAt)];
  });
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

/** Where nesting first exceeds `depth`; found without recursion, since the parser that follows has some. */
function offsetBelowDepth(text: string, depth: number): number | undefined {
  const scanner = jsonc.createScanner(text, true);
  let open = 0;
  for (let token = scanner.scan(); token !== TOKEN.end; token = scanner.scan()) {
    if (token === TOKEN.openBrace || token === TOKEN.openBracket) open += 1;
    if (token === TOKEN.closeBrace || token === TOKEN.closeBracket) open -= 1;
    if (open > depth) return scanner.getTokenOffset();
  }
  return undefined;
}

/** jsonc-parser declares these as an ambient enum, which isolated modules cannot read. @see its `SyntaxKind` */
const TOKEN = { openBrace: 1, closeBrace: 2, openBracket: 3, closeBracket: 4, end: 17 } as const;

function syntaxMessage(error: ParseError): string {
  const words = jsonc.printParseErrorCode(error.error).replace(/([a-z])([A-Z])/g, '$1 $2');
  return `not JSON: ${words.toLowerCase()}`;
}

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
