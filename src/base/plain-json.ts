/**
 * JSON that no two parsers read differently, recognised quickly: most files are
 * such, and a parser that keeps the place of everything takes far longer.
 */

/** A token of JSON without escapes. */
const TOKEN = /"[^"]*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;
/** A comment that is never closed reaches to the end, so that no second search for its end begins within it. */
const COMMENT_OR_TEXT = /"[^"]*"|\/\/[^\n\r]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const CLOSED_COMMENT = /^\/(?:\/|\*[\s\S]*\*\/$)/;
/** Escapes, halves of characters, and what some take for ends of lines. */
const PECULIAR = /[\\\u2028\u2029]|\p{Surrogate}/u;

export type PlainLimits = { readonly comments: boolean; readonly depth: number; readonly tokens: number };

/**
 * The value of `text`, or undefined where it is not plain beyond doubt: no escapes, no key twice, no `__proto__`,
 * numbers as they are written, within `limits`. That says nothing about whether it is JSON.
 */
export function readPlainJson(text: string, limits: PlainLimits): { readonly value: unknown } | undefined {
  if (PECULIAR.test(text)) return undefined;
  const bare = limits.comments
    ? text.replace(COMMENT_OR_TEXT, (found) => (CLOSED_COMMENT.test(found) ? ' ' : found))
    : text;
  const value = parsed(bare);
  return value !== undefined && isPlain(bare, limits) ? value : undefined;
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** Of text that is JSON. */
function isPlain(text: string, limits: PlainLimits): boolean {
  const keys: Set<string>[] = [];
  let before = '';
  let tokens = 0;
  for (const [token] of text.matchAll(TOKEN)) {
    if (++tokens > limits.tokens) return false;
    switch (token) {
      case '{':
      case '[':
        if (keys.push(new Set()) > limits.depth) return false;
        break;
      case '}':
      case ']':
        keys.pop();
        break;
      case ':': {
        const known = keys[keys.length - 1];
        if (known === undefined || known.has(before) || before === '"__proto__"') return false;
        known.add(before);
        break;
      }
      default:
        if (!isUnambiguous(token)) return false;
    }
    before = token;
  }
  return true;
}

const isUnambiguous = (token: string): boolean =>
  token.startsWith('"') ||
  token === ',' ||
  token === 'true' ||
  token === 'false' ||
  token === 'null' ||
  String(Number(token)) === token;
