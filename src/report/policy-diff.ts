/** Differences between policies, as findings for code hosts and as data. */
import type { Json } from '../base/canonical-json.js';
import type { Change, Direction, Witness } from '../policy/change.js';
import type { Origin } from '../policy/policy.js';
import type { Finding, FindingLevel, SarifRule } from './sarif.js';

const LEVELS: Readonly<Record<Direction, FindingLevel>> = { widened: 'warning', narrowed: 'note', changed: 'note' };

/** What a finding of a comparison can be. */
export const DIFF_RULES: readonly SarifRule[] = [
  {
    id: 'policy-diff/widened',
    description: 'The policy permits something that it did not permit before.',
    level: LEVELS.widened,
    help: 'Check that the workload needs it, and that its reason says why.',
  },
  {
    id: 'policy-diff/narrowed',
    description: 'The policy does not permit any more what it permitted before.',
    level: LEVELS.narrowed,
    help: 'Check that no workload needs it.',
  },
  {
    id: 'policy-diff/changed',
    description: 'The policy does something else than before, and neither is tighter.',
    level: LEVELS.changed,
    help: 'Check that it is meant.',
  },
];

export type PlacedChange = {
  readonly change: Change;
  /** In one line. */
  readonly text: string;
  readonly file: string;
  readonly line?: number | undefined;
  readonly pointer?: string | undefined;
};

/** One finding a change. */
export function diffFindings(placed: readonly PlacedChange[]): Finding[] {
  return placed.map(({ change, text, file, line, pointer }) => ({
    ruleId: `policy-diff/${change.direction}`,
    level: LEVELS[change.direction],
    message: `${text}; for example ${describeWitness(change.witness)}`,
    file,
    line,
    pointer,
    properties: changeData(change),
  }));
}

/** `change` as data; 64-bit numbers as text. */
export function changeData(change: Change): { readonly [key: string]: Json | undefined } {
  const { section, direction, pointer, subject, condition, before, after, witness, rules } = change;
  return {
    section,
    direction,
    pointer,
    subject,
    condition,
    before,
    after,
    witness: witnessData(witness),
    rules: { before: ruleData(rules.before), after: ruleData(rules.after) },
  };
}

function ruleData(origin: Origin | undefined): Json | undefined {
  if (origin === undefined) return undefined;
  const { rule, why, owner, ticket, expires } = origin;
  return { rule, why, owner, ticket, expires };
}

function witnessData(witness: Witness): Json {
  if (witness.kind !== 'call') return { ...witness };
  const { kind, architecture, arch, name, number, instructionPointer } = witness;
  return {
    kind,
    architecture,
    arch: `0x${arch.toString(16)}`,
    name,
    number,
    arguments: witness.arguments.map(hexadecimal),
    instructionPointer: hexadecimal(instructionPointer),
  };
}

const hexadecimal = (value: bigint): string => `0x${value.toString(16)}`;

/** `witness` in words: a call with its arguments as far as they matter or are not zero, a path, a value. */
export function describeWitness(witness: Witness): string {
  switch (witness.kind) {
    case 'call': {
      const last = witness.arguments.findLastIndex((value) => value !== 0n);
      const args = witness.arguments
        .slice(0, Math.max(witness.telling, last + 1))
        .map((value) => (value < 10n ? `${value}` : hexadecimal(value)));
      const native = witness.architecture === 'x86-64' ? '' : `${witness.architecture} `;
      return `${witness.name ?? `${native}call ${witness.number}`}(${args.join(', ')})`;
    }
    case 'access':
      return `${witness.access} ${witness.path}`;
    case 'grant':
      return witness.name;
    case 'value':
      return witness.value;
  }
}
