/** How a failure is told: one line of what, one of why, one of what to do, or the same as JSON. */
import type { CommanderError } from 'commander';
import { SandboxError } from '../base/errors.js';

/** Ends of our own make, as users of Docker know them. */
export const EXIT_SANDBOX_FAILED = 125;
/** Ctrl-C before anything ran. */
export const EXIT_INTERRUPTED = 130;

/** Text that a hostile image or file may have chosen, made harmless for a terminal. */
export function printable(text: string): string {
  return [...text].map((c) => (isHarmless(c.codePointAt(0) ?? 0) ? c : escaped(c))).join('');
}

/** Not a control character (but for tab and newline), not one that changes the direction of writing. */
function isHarmless(code: number): boolean {
  if (code === 0x09 || code === 0x0a) return true;
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return false;
  return !((code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069));
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The lines for standard error. */
export function describeFailure(error: unknown, json: boolean): string {
  const told = error instanceof SandboxError ? error : undefined;
  const code = told?.code ?? 'INTERNAL_FAULT';
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    return `${JSON.stringify({ error: { code, message, why: told?.why, hint: told?.hint, faults: told?.faults } })}\n`;
  }
  const lines = [`sandbox: ${code}: ${message}`];
  for (const fault of told?.faults ?? []) {
    lines.push(
      `  ${fault.file}:${fault.line}: ${fault.pointer || '/'}: ${fault.message}${fault.hint ? ` (${fault.hint})` : ''}`,
    );
  }
  if (told?.why) lines.push(`  why: ${told.why}`);
  if (told?.hint) lines.push(`  to do: ${told.hint}`);
  if (told === undefined)
    lines.push('  to do: this is a fault of sandbox itself; please report it with the command that led to it');
  return `${printable(lines.join('\n'))}\n`;
}

/** The same for a command line that commander could not read; `text` is its own message, `error: …`. */
export function describeMisuse(text: string, words: readonly string[]): string {
  const [first = '', ...more] = text.trim().split('\n');
  const message = [first.replace(/^error: /, ''), ...more].join(' ');
  const command =
    words[0] !== undefined && /^[a-z]+$/.test(words[0]) && !/unknown command/.test(message) ? ` ${words[0]}` : '';
  const hint = `sandbox${command} --help shows how it is written`;
  if (words.includes('--json')) return `${JSON.stringify({ error: { code: 'USAGE_INVALID', message, hint } })}\n`;
  return `${printable(`sandbox: USAGE_INVALID: ${message}\n  to do: ${hint}`)}\n`;
}

/** Whether commander threw only to say that it has already printed help or the version. */
export function isDisplayed(error: CommanderError): boolean {
  return error.exitCode === 0;
}
