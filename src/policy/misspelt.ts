/** Names whose very spelling the schema refuses, such as SYS_NICE, OPENAT or af_inet: what they were meant for. */
import type { Fault } from '../base/errors.js';
import { type JsonFile, quoted } from '../base/json-file.js';
import { nearestName } from '../base/nearest.js';
import { allCapabilities } from '../capabilities/capabilities.js';
import { ARGUMENTS } from './arguments.js';
import { EDITIONS, editionOf } from './editions.js';
import { ERRNO_NAMES } from './errno.js';

type Parsed = Extract<JsonFile, { kind: 'parsed' }>;
type Vocabulary = {
  readonly at: RegExp;
  readonly lack: (name: string) => string;
  /** The names that could stand there, and how one might be written that lacks its prefix. */
  readonly known: (steps: readonly string[]) => Iterable<string>;
  readonly prefix?: string;
};

const newest = (): ReturnType<typeof editionOf> => editionOf(EDITIONS[EDITIONS.length - 1] ?? '');

const VOCABULARIES: readonly Vocabulary[] = [
  {
    at: /^\/syscalls\/\w+\/\d+\/(calls|without)\/\d+$/,
    lack: (name) => `edition ${EDITIONS[EDITIONS.length - 1]} knows no system call ${name}`,
    known: () => newest()?.known ?? [],
  },
  {
    at: /^\/syscalls\/\w+\/\d+\/group$/,
    lack: (name) => `there is no group ${name}`,
    known: () => newest()?.groups.keys() ?? [],
  },
  {
    at: /^\/process\/capabilities\/\w+\/\d+\/cap$/,
    lack: (name) => `there is no capability ${name}`,
    known: () => allCapabilities,
    prefix: 'CAP_',
  },
  { at: /^\/syscalls\/.*\/errno$/, lack: (name) => `${name} is no error name`, known: () => ERRNO_NAMES },
  {
    at: /^\/syscalls\/\w+\/\d+\/where\/\w+\/\d+\/\w+\/\w+(\/\d+)?$/,
    lack: (name) => `${name} is no value that is known here`,
    known: ([, , , , call = '', , argument = '']) => Object.keys(ARGUMENTS[call]?.[argument]?.values ?? {}),
  },
];

/** `fault`, or where it is about a name that is near to a known one, the fault that a misspelt name has. */
export function asMisspelt(fault: Fault, parsed: Parsed): Fault {
  const vocabulary = VOCABULARIES.find(({ at }) => at.test(fault.pointer));
  const name = vocabulary === undefined ? undefined : textAt(parsed, fault.pointer);
  if (vocabulary === undefined || name === undefined) return fault;
  const { lack, known, prefix = '' } = vocabulary;
  const names = [...known(fault.pointer.split('/').slice(1))];
  const near = nearestName(name, names) ?? nearestName(`${prefix}${name}`, names);
  return near === undefined ? fault : { ...fault, message: lack(quoted(name)), hint: `did you mean "${near}"?` };
}

function textAt(parsed: Parsed, pointer: string): string | undefined {
  const value: unknown = JSON.parse(parsed.textAt(pointer) ?? 'null');
  return typeof value === 'string' ? value : undefined;
}
