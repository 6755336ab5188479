/** `sandbox policy explain POLICY --why QUESTION`: the answer as text. */
import { relative } from 'node:path';
import type { Answer, Edit, Part, Place, Remedy } from '../policy/answer.js';
import { isInFragment } from '../policy/remedy.js';

/** So many lines of what a change opens are shown; JSON has all. */
const MOST_OPENED = 40;

/** `answer` for people; files relative to `workingDirectory` where that is shorter. */
export function whyText(policy: string, answer: Answer, workingDirectory: string): string {
  const placeText = (place: Place): string => placeLine(place, workingDirectory);
  const lines = [`${policy}: ${answer.question}: ${VERDICTS[answer.verdict]}`, ''];
  for (const part of answer.parts) lines.push(...partLines(part, placeText));
  for (const note of answer.notes) lines.push(`  note: ${note}`);
  if (answer.remedy !== undefined) lines.push('', ...remedyLines(answer, answer.remedy, placeText, workingDirectory));
  return `${lines.join('\n')}\n`;
}

const VERDICTS: Readonly<Record<Answer['verdict'], string>> = {
  allowed: 'allowed',
  partly: 'allowed in part, denied otherwise',
  denied: 'denied',
};

function partLines({ outcome, where, mechanism, by }: Part, placeText: (place: Place) => string): string[] {
  const head = where === undefined ? outcome : `${where}: ${outcome}`;
  const reason = by.why === '' ? [] : [`      ${by.why}${limits(by)}`];
  return [`  ${head} (${mechanism})`, `      by ${placeText(by)}`, ...reason];
}

const limits = ({ owner, ticket, expires }: Place): string =>
  [owner, ticket, expires && `until ${expires}`]
    .filter(Boolean)
    .map((one) => `, ${one}`)
    .join('');

const placeLine = ({ file, line, pointer, rule }: Place, workingDirectory: string): string =>
  file === 'built-in' ? rule : `${shortest(file, workingDirectory)}:${line}: ${pointer}`;

function shortest(file: string, workingDirectory: string): string {
  const way = relative(workingDirectory, file);
  return way.length < file.length ? way : file;
}

function remedyLines(
  { verdict }: Answer,
  remedy: Remedy,
  placeText: (place: Place) => string,
  workingDirectory: string,
): string[] {
  if (remedy.kind === 'impossible')
    return [
      `No change of this policy allows ${verdict === 'partly' ? 'all of it' : 'it'}:`,
      `  ${remedy.why}`,
      ...(remedy.by === undefined ? [] : [`      by ${placeText(remedy.by)}`]),
    ];
  const { file, fragment, edits, opens, risks } = remedy;
  const target = file === undefined ? 'a policy of your own' : shortest(file, workingDirectory);
  const changes = edits.filter((edit) => !isInFragment(edit)).map((edit) => `  ${editText(edit)}`);
  const added = fragment === undefined ? [] : jsonLines(fragment).map((line) => `  ${line}`);
  return [
    `The smallest change that allows it, in ${target}:`,
    ...changes,
    ...added,
    '',
    opens.length === 0 ? 'It opens nothing else.' : 'What that opens:',
    ...opens.slice(0, MOST_OPENED).map((one) => `  ${one}`),
    ...(opens.length > MOST_OPENED ? [`  and ${opens.length - MOST_OPENED} more; --json has all`] : []),
    ...(risks.length === 0 ? [] : ['', 'What is known of it:']),
    ...risks.map(
      ({ calls, what, severity, technique }) =>
        `  ${calls.join(', ')} (${severity}${technique === null ? '' : `, ATT&CK ${technique}`}): ${what}`,
    ),
  ];
}

function editText(edit: Edit): string {
  return edit.op === 'remove' ? `take out ${edit.path}` : `${edit.path} becomes ${JSON.stringify(edit.value)}`;
}

/** JSON as people write it: what fits on a line stands on one. */
function jsonLines(value: unknown, indent = ''): string[] {
  const short = JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, ' ');
  if (typeof value !== 'object' || value === null || indent.length + short.length <= 80) return [`${indent}${short}`];
  const isList = Array.isArray(value);
  const members = Object.entries(value).map(([key, member], index, all) => {
    const lines = jsonLines(member, `${indent}  `);
    if (!isList) lines[0] = `${indent}  ${JSON.stringify(key)}: ${lines[0]?.trimStart() ?? ''}`;
    if (index < all.length - 1) lines.push(`${lines.pop() ?? ''},`);
    return lines;
  });
  return [`${indent}${isList ? '[' : '{'}`, ...members.flat(), `${indent}${isList ? ']' : '}'}`];
}
