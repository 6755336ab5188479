/** Differences between policies as text for people: what is alike is told once. */
import type { Change, Direction } from '../policy/change.js';
import type { DiffSide } from '../policy/diff-side.js';
import type { Origin } from '../policy/policy.js';
import { describeWitness } from '../report/policy-diff.js';

const HEADS: readonly (readonly [Direction, string])[] = [
  ['widened', 'Widened: permitted now, and not before'],
  ['narrowed', 'Narrowed: permitted before, and not now'],
  ['changed', 'Changed: neither tighter nor looser'],
];

/** The whole answer. */
export function diffText(before: DiffSide, after: DiffSide, changes: readonly Change[]): string {
  const filters = [before, after].filter((side) => side.kind === 'filter');
  const lines = [
    `${describeSide(before)} → ${describeSide(after)}`,
    ...filters.flatMap(({ label, remarks }) => [
      `Only calls are compared: ${label} is a seccomp filter, which says nothing else.`,
      ...remarks.map((remark) => `  ${label}${remark}`),
    ]),
    changes.length === 0 ? noDifference(filters.length > 0) : summary(changes),
  ];
  for (const [direction, head] of HEADS) {
    const some = changes.filter((change) => change.direction === direction);
    if (some.length > 0) lines.push('', head, ...sectionLines(some));
  }
  return `${lines.join('\n')}\n`;
}

const noDifference = (isOfCalls: boolean): string =>
  isOfCalls
    ? 'No difference: every call, of every architecture and with every argument, gets the same.'
    : 'No difference: the two permit, refuse and record the same.';

const summary = (changes: readonly Change[]): string =>
  HEADS.map(([direction]) => `${changes.filter((change) => change.direction === direction).length} ${direction}`).join(
    ', ',
  );

function describeSide(side: DiffSide): string {
  if (side.kind === 'filter') return `${side.label} (${side.form})`;
  return `${side.label} (${side.policy.name} ${side.policy.version}, ${side.policy.digest.slice(0, 19)}…)`;
}

function sectionLines(changes: readonly Change[]): string[] {
  const lines: string[] = [];
  for (const section of new Set(changes.map((change) => change.section))) {
    lines.push(`  ${section}`);
    const alike = groupsOf(changes.filter((change) => change.section === section));
    for (const group of alike) lines.push(...groupLines(group));
  }
  return lines;
}

/** Changes that are told in one line: the same in everything but the subject. */
function groupsOf(changes: readonly Change[]): Change[][] {
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const { condition, before, after, rules } = change;
    const key = JSON.stringify([condition, before, after, rules.before?.rule, rules.after?.rule]);
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()];
}

const WIDTH = 100;

function groupLines(group: readonly Change[]): string[] {
  const [first] = group;
  if (first === undefined) return [];
  const { condition, before, after, witness, rules } = first;
  const subjects = group.map(({ subject }) => subject).join(', ');
  const head = `${subjects}${condition === undefined ? '' : ` ${condition}`}: ${before} → ${after}`;
  const example = witness.kind === 'call' && condition !== undefined ? [`for example ${describeWitness(witness)}`] : [];
  return [
    ...wrapped(head, '    ', '      '),
    ...ruleLines('was', rules.before),
    ...ruleLines('is', rules.after),
    ...example.flatMap((line) => wrapped(line, '        ', '          ')),
  ];
}

const ruleLines = (word: string, origin: Origin | undefined): string[] =>
  origin === undefined ? [] : wrapped(`${word} ${origin.rule}: ${origin.why}`, '        ', '          ');

function wrapped(text: string, first: string, further: string): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && line.length + word.length > WIDTH) {
      lines.push(line.trimEnd());
      line = further;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
