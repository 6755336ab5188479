/** Where text stops being JSON: told once, for what a parser finds after it is guesswork. */
import type Jsonc from 'jsonc-parser';
import type { ParseError } from 'jsonc-parser';

export type SyntaxFault = {
  readonly offset: number;
  readonly pointer: string;
  readonly message: string;
  readonly hint?: string | undefined;
};

type Words = { readonly what: string; readonly hint?: string };

const QUOTES: Words = {
  what: 'a character or word that JSON does not have',
  hint: 'texts and keys stand in double quotes; bare words are true, false and null',
};
const NO_VALUE: Words = { what: 'a value is missing', hint: 'no comma stands after the last entry' };
const NUMBER: Words = { what: 'a number that JSON does not have', hint: 'write it in plain digits' };

/** By the names of the parser's error codes. */
const WORDS: Readonly<Record<string, Words>> = {
  InvalidSymbol: QUOTES,
  InvalidNumberFormat: NUMBER,
  PropertyNameExpected: {
    what: 'a key is missing',
    hint: 'keys stand in double quotes; no comma stands after the last',
  },
  ValueExpected: NO_VALUE,
  ColonExpected: { what: 'a colon is missing after a key' },
  CommaExpected: { what: 'a comma is missing' },
  CloseBraceExpected: { what: 'a closing brace } is missing' },
  CloseBracketExpected: { what: 'a closing bracket ] is missing' },
  EndOfFileExpected: { what: 'something stands after the end', hint: 'a file is one object' },
  InvalidCommentToken: { what: 'a comment, which this file cannot have', hint: 'remove it' },
  UnexpectedEndOfComment: { what: 'a comment is never closed', hint: 'end it with */' },
  UnexpectedEndOfString: { what: 'a text is not closed on its line', hint: 'end it with a double quote' },
  UnexpectedEndOfNumber: NUMBER,
  InvalidUnicode: { what: 'an escape without its four digits', hint: 'such as \\u00e9' },
  InvalidEscapeCharacter: { what: 'an escape that JSON does not have', hint: 'a backslash itself is written \\\\' },
  InvalidCharacter: { what: 'a control character in a text', hint: 'write it as an escape, such as \\t' },
};

/** The first of `errors`, with its place; `text` is nested no deeper than a parser may go. */
export function firstSyntaxFault(
  jsonc: typeof Jsonc,
  text: string,
  errors: readonly ParseError[],
): SyntaxFault | undefined {
  const [first] = [...errors].sort((a, b) => a.offset - b.offset);
  if (first === undefined) return undefined;
  const { offset } = first;
  const pointer = placeIn(jsonc, text, offset);
  const end = text.trimEnd().length;
  if (end === 0) return { offset, pointer, message: 'not JSON: the file is empty', hint: 'a file is one object' };
  const { what, hint } = WORDS[jsonc.printParseErrorCode(first.error)] ?? QUOTES;
  const message = `not JSON: ${what} ${offset >= end ? 'at the end of the file' : `at column ${columnAt(text, offset)}`}`;
  return { offset, pointer, message, hint };
}

/** The pointer of the innermost entry that has begun before `offset`; what follows is not looked at. */
export function placeIn(jsonc: typeof Jsonc, text: string, offset: number): string {
  const { path, isAtPropertyKey } = jsonc.getLocation(text.slice(0, offset), offset);
  const steps = isAtPropertyKey ? path.slice(0, -1) : path;
  return steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** In characters, from 1. */
const columnAt = (text: string, offset: number): number =>
  [...text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset)].length + 1;
