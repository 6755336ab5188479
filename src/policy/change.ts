/** One difference between two policies, as text, JSON and reports tell it. */
import type { Origin } from './policy.js';

/** Whether more is permitted than before, less, or something that is neither. */
export type Direction = 'widened' | 'narrowed' | 'changed';

export const SECTIONS = [
  'calls',
  'files',
  'mounts',
  'capabilities',
  'network',
  'environment',
  'user',
  'limits',
  'image',
  'requirements',
  'audit',
  'locks',
] as const;
export type Section = (typeof SECTIONS)[number];

/** Something that one of the two permits, gives or does and the other not. */
export type Witness =
  | {
      readonly kind: 'call';
      readonly architecture: string;
      /** AUDIT_ARCH_* */
      readonly arch: number;
      /** undefined: no name is known. */
      readonly name: string | undefined;
      readonly number: number;
      /** Six, as 64 bits without sign. */
      readonly arguments: readonly bigint[];
      /** So many of the first arguments can matter. */
      readonly telling: number;
      /** Where the call is made from; 0 for everything that does not matter. */
      readonly instructionPointer: bigint;
    }
  | { readonly kind: 'access'; readonly path: string; readonly access: string }
  | { readonly kind: 'grant'; readonly name: string }
  /** A value that one of the two takes and the other not. */
  | { readonly kind: 'value'; readonly value: string };

export type Change = {
  readonly section: Section;
  readonly direction: Direction;
  /** The place in the form of a policy; in both files, if they say anything there. */
  readonly pointer: string;
  /** What it is about, such as `openat`, `memory`, `/tmp`. */
  readonly subject: string;
  /** Where only some arguments make a difference, which, such as `where request is TIOCSTI`. */
  readonly condition?: string | undefined;
  readonly before: string;
  readonly after: string;
  readonly witness: Witness;
  /** The rule that decides the witness in each of the two, where one does. */
  readonly rules: { readonly before?: Origin | undefined; readonly after?: Origin | undefined };
};

/** `change` in one line. */
export function describeChange({ subject, condition, before, after }: Change): string {
  return `${subject}${condition === undefined ? '' : ` ${condition}`}: ${after} instead of ${before}`;
}
