/** Answers to "why may it, or why not": what `explain --why` says, as data. */
import type { Origin, Policy } from './policy.js';
import type { Layer } from './read.js';
import { fileOfRule, pointerOfRule } from './rule-name.js';

/** What is asked about: a policy with the files it was made of. */
export type Subject = {
  readonly policy: Policy;
  /** The furthest parent first. */
  readonly layers: readonly Layer[];
  /** A profile is not edited: a policy of one's own extends it. */
  readonly isProfile: boolean;
  readonly ceilings: readonly Policy[];
  readonly now: Date;
};

/** A rule, and where it stands. */
export type Place = Origin & {
  /** Absolute; `built-in` where no file says anything. */
  readonly file: string;
  readonly line: number;
  readonly pointer: string;
};

/** What one part of the question meets. */
export type Part = {
  readonly isAllowed: boolean;
  /** Such as `refused with EPERM, and recorded`. */
  readonly outcome: string;
  /** Such as `request is TCGETS`; undefined: all that was asked about. */
  readonly where?: string | undefined;
  /** What enforces it, such as `seccomp`, `Landlock and AppArmor`, `mount`. */
  readonly mechanism: string;
  readonly by: Place;
};

/** One edit of a JSON file. @see RFC 6902 */
export type Edit =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/** How grave what a change opens is, by the table of audit/techniques.json. */
export type Risk = {
  readonly calls: readonly string[];
  readonly what: string;
  readonly severity: string;
  /** MITRE ATT&CK. */
  readonly technique: string | null;
};

export type Remedy =
  | {
      readonly kind: 'possible';
      /** The file to edit; undefined: a new one, which `fragment` is. */
      readonly file?: string | undefined;
      /** To merge into the file; undefined where something is only taken out. */
      readonly fragment?: unknown;
      readonly edits: readonly Edit[];
      /** Everything that it permits beyond what is permitted now, found by doing it. */
      readonly opens: readonly string[];
      readonly risks: readonly Risk[];
    }
  | { readonly kind: 'impossible'; readonly why: string; readonly by?: Place | undefined };

export type Answer = {
  /** As it was understood, such as `socket(family=AF_INET)`. */
  readonly question: string;
  readonly verdict: 'allowed' | 'partly' | 'denied';
  readonly parts: readonly Part[];
  readonly notes: readonly string[];
  /** Where anything is denied. */
  readonly remedy?: Remedy | undefined;
};

/** Where `origin` stands among the files of `subject`. */
export function placeOfRule({ layers }: Subject, origin: Origin): Place {
  const { rule, why, owner, ticket, expires } = origin;
  const pointer = pointerOfRule(rule);
  const layer = layers.find(({ name }) => name === fileOfRule(rule));
  const place = { rule, pointer, why, owner, ticket, expires };
  return layer === undefined
    ? { ...place, file: 'built-in', line: 0 }
    : { ...place, file: layer.path, line: layer.lineOf(pointer) };
}

/** The file nearest to the policy that says something at `pointer`, or what holds where none does. */
export function placeOfSetting(subject: Subject, pointer: string, why: string): Place {
  const steps = pointer.split('/').slice(1);
  const says = ({ file }: Layer): boolean => {
    let here: unknown = file;
    for (const step of steps) {
      if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return false;
      here = (here as Record<string, unknown>)[step];
    }
    return true;
  };
  const layer = subject.layers.findLast(says);
  return placeOfRule(subject, { rule: `${layer?.name ?? 'built-in'}#${pointer}`, why });
}
