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
    ...(filters.length === 0 ? [] : ['Only calls are compared: a seccomp filter says nothing else.']),
    ...filters.flatMap(({ label, remarks }) =>
      remarks.length === 0 ? [] : [`Of ${label}, ${remarksText(remarks.length)} not matter here; --json lists what.`],
    ),
    changes.length === 0 ? noDifference(filters.length > 0) : summary(changes),
  ];
  for (const [direction, head] of HEADS) {
    const some = changes.filter((change) => change.direction === direction);
    if (some.length > 0) lines.push('', head, ...sectionLines(some));
  }
  return `${lines.join('\n')}\n`;
}

const remarksText = (count: number): string => (count === 1 ? 'one rule or name does' : `${count} rules or names do`);

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
  const head = `${subjectsText(group.map(({ subject }) => subject))}${condition === undefined ? '' : ` ${condition}`}: ${before} → ${after}`;
  const example = witness.kind === 'call' && condition !== undefined ? [`for example ${describeWitness(witness)}`] : [];
  return [
    ...wrapped(head, '    ', '      '),
    ...ruleLines('was', rules.before),
    ...ruleLines('is', rules.after),
    ...example.flatMap((line) => wrapped(line, '        ', '          ')),
  ];
}

/** `read, write; of i386: read, write`. */
function subjectsText(subjects: readonly string[]): string {
  const isOf = (abi: string) => (subject: string) => subject.startsWith(`${abi} `);
  const native = subjects.filter((subject) => !isOf('i386')(subject) && !isOf('x32')(subject));
  const others = ['i386', 'x32'].flatMap((abi) => {
    const names = subjects.filter(isOf(abi)).map((subject) => subject.slice(abi.length + 1));
    return names.length === 0 ? [] : [`of ${abi}: ${names.join(', ')}`];
  });
  return [...(native.length === 0 ? [] : [native.join(', ')]), ...others].join('; ');
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
