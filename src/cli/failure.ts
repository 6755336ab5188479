/** How a failure is told: one line of what, one of why, one of what to do, or the same as JSON. */
import type { CommanderError } from 'commander';
import { type Fault, SandboxError } from '../base/errors.js';

/** Ends of our own make, as users of Docker know them. */
export const EXIT_SANDBOX_FAILED = 125;
/** Ctrl-C before anything ran. */
export const EXIT_INTERRUPTED = 130;

/** Text that a hostile image or file may have chosen, made harmless for a terminal. */
export function printable(text: string): string {
  return text.replace(HARMFUL, (character) =>
    character === '\t' || character === '\n' ? character : escaped(character),
  );
}

/** Control characters, halves of characters, and what changes the direction of writing. */
const HARMFUL = /[\p{Control}\p{Surrogate}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Longer than any message of ours: what is longer quotes what somebody else has chosen. */
const LONGEST = { text: 4096, fault: 512, place: 256 } as const;

/** With its middle left out where it is longer than `most` characters. */
function shortened(text: string, most: number = LONGEST.text): string {
  return text.length <= most ? text : `${text.slice(0, most / 2)} … ${text.slice(-most / 4)}`;
}

export type Failure = {
  readonly code: string;
  readonly message: string;
  readonly why?: string | undefined;
  readonly hint?: string | undefined;
  readonly faults?: readonly Fault[];
};

/** What is told of `error`, of bounded length whatever a file has made it quote. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof SandboxError))
    return { code: 'INTERNAL_FAULT', message: error instanceof Error ? error.message : String(error) };
  const { code, message, why, hint, faults } = error;
  return {
    code,
    message: shortened(message),
    why: why && shortened(why),
    hint: hint && shortened(hint),
    faults: faults.map((fault) => ({
      ...fault,
      pointer: shortened(fault.pointer, LONGEST.place),
      message: shortened(fault.message, LONGEST.fault),
      hint: fault.hint && shortened(fault.hint, LONGEST.fault),
    })),
  };
}

/** The lines for standard error. */
export function describeFailure(error: unknown, json: boolean): string {
  const failure = failureOf(error);
  if (json) return `${JSON.stringify({ error: failure })}\n`;
  const { code, message, why, hint, faults = [] } = failure;
  const lines = [`sandbox: ${code}: ${message}`];
  for (const fault of faults) {
    const said = `${fault.message}${fault.hint ? ` (${fault.hint})` : ''}`;
    lines.push(`  ${fault.file}:${fault.line}: ${fault.pointer || '/'}: ${said}`);
  }
  if (why) lines.push(`  why: ${why}`);
  if (hint) lines.push(`  to do: ${hint}`);
  if (!(error instanceof SandboxError))
    lines.push('  to do: this is a fault of sandbox itself; please report it with the command that led to it');
  return `${lines.map((line) => printable(line).replaceAll('\n', '\\n')).join('\n')}\n`;
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
