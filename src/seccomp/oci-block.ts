/**
 * Reads an OCI seccomp block: a file of its own, the `linux.seccomp` of a
 * config.json, or a profile in Docker's form. What it says is in oci-rules.ts.
 *
 * @see the runtime specification, config-linux.md, "Seccomp"
 */
import { constants as osConstants } from 'node:os';
import type { FromSchema } from 'json-schema-to-ts';
import type { schema } from '../../generated/oci-seccomp-schema.js';
import validateBlock from '../../generated/oci-seccomp-validator.js';
import { type Digest, digestOf } from '../base/digest.js';
import type { Fault } from '../base/errors.js';
import { parseJsonFile } from '../base/json-file.js';
import { type ParsedJsonFile, schemaFaults, type Validator } from '../base/schema-faults.js';
import { readSmallFile, readSmallInput } from '../base/small-file.js';
import { FilterError, refuseFile } from './errors.js';
import type { Action } from './filter.js';

/** A block as it is written, of the right shape. */
export type BlockFile = FromSchema<typeof schema>;
export type BlockSyscall = NonNullable<BlockFile['syscalls']>[number];

/** A block, where it came from, and how to name places in it. */
export type ReadBlock = {
  readonly file: string;
  readonly form: 'oci-seccomp' | 'oci-config' | 'docker-profile';
  readonly block: BlockFile;
  /** Of the file's text. */
  readonly digest: Digest;
  /** What stands before every pointer below: `/linux/seccomp` in a config.json. */
  readonly prefix: string;
  readonly faultAt: (pointer: string, message: string, hint?: string) => Fault;
  readonly textAt: (pointer: string) => string | undefined;
};

/** Values and members at most: more than any filter has room for. */
const MOST_VALUES = 60_000;
const MOST_FAULTS = 50;

const conforms = validateBlock as Validator<BlockFile>;

/** Stands for it in place of a path. */
export const STANDARD_INPUT = '-';

/** The block in the file at `path`, or on standard input; called `name` in messages. @throws {FilterError} FILTER_FILE_* */
export function readBlock(path: string, name: string = path): ReadBlock {
  return parseBlock(decode(readBytes(path, name), name), name);
}

/** As readBlock(), of text that is at hand. @throws {FilterError} FILTER_FILE_SYNTAX FILTER_FILE_INVALID */
export function parseBlock(text: string, name: string): ReadBlock {
  const told = { message: `more than ${MOST_VALUES} values`, hint: 'no filter holds as many' };
  if (countCommas(text) > MOST_VALUES)
    refuseFile('FILTER_FILE_INVALID', name, [{ file: name, line: 1, pointer: '', ...told }]);
  const parsed = parseJsonFile(text, name, { writer: 'program' });
  if (parsed.kind === 'faulty') return refuseFile('FILTER_FILE_SYNTAX', name, parsed.faults.slice(0, MOST_FAULTS));
  const faultAt: ReadBlock['faultAt'] = (pointer, message, hint) => ({
    file: name,
    line: parsed.lineOf(pointer),
    pointer,
    message,
    hint,
  });
  const prefix = isConfig(parsed.value) ? '/linux/seccomp' : '';
  const value = withoutNull(prefix === '' ? parsed.value : blockOfConfig(parsed.value, faultAt, name));
  const block = checkShape({ ...parsed, value, lineOf: (pointer) => parsed.lineOf(prefix + pointer) }, prefix, name);
  const form = prefix !== '' ? 'oci-config' : isDockerForm(block) ? 'docker-profile' : 'oci-seccomp';
  return {
    file: name,
    form,
    block,
    digest: digestOf(text),
    prefix,
    faultAt: (pointer, message, hint) => faultAt(prefix + pointer, message, hint),
    textAt: (pointer) => parsed.textAt(prefix + pointer),
  };
}

function readBytes(path: string, name: string): Uint8Array {
  let bytes: Uint8Array | undefined;
  try {
    bytes = path === STANDARD_INPUT ? readSmallInput() : readSmallFile(path);
  } catch (cause) {
    throw new FilterError('FILTER_FILE_UNREADABLE', `${name} cannot be read: ${(cause as Error).message}`, {
      hint: 'name a readable file of at most one megabyte',
      cause,
    });
  }
  if (bytes !== undefined) return bytes;
  throw new FilterError('FILTER_FILE_NOT_FOUND', `there is no file ${path}`, {
    hint: 'name a file with an OCI seccomp block, a config.json, or a profile of Docker',
  });
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FilterError('FILTER_FILE_SYNTAX', `${name} is not UTF-8 text`, {
      hint: 'write the file as UTF-8',
      cause,
    });
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether it is a bundle's configuration, which need not have a "linux". */
const isConfig = (value: unknown): boolean =>
  isObject(value) && !('defaultAction' in value) && ['linux', 'ociVersion', 'process'].some((key) => key in value);

/** Without members that are null: what programs in Go write is read as absent by them. Elements of lists stay. */
function withoutNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNull);
  if (!isObject(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNull(member)]));
}

/** Before anything is parsed: what is nested as deep as allowed has as many values, and a few more. */
function countCommas(text: string): number {
  let count = 0;
  for (let at = text.indexOf(','); at !== -1; at = text.indexOf(',', at + 1)) count++;
  return count;
}

function blockOfConfig(config: unknown, faultAt: ReadBlock['faultAt'], name: string): unknown {
  const linux = isObject(config) ? config['linux'] : undefined;
  const block = isObject(linux) ? linux['seccomp'] : undefined;
  if (block !== undefined && block !== null) return block;
  return refuseFile('FILTER_FILE_INVALID', name, [
    faultAt('/linux', 'this configuration has no "seccomp": its containers run without a filter', 'name another file'),
  ]);
}

function checkShape(parsed: ParsedJsonFile, prefix: string, name: string): BlockFile {
  const { value } = parsed;
  if (conforms(value)) return value;
  conforms.errors = (conforms.errors ?? []).slice(0, MOST_FAULTS);
  const faults = schemaFaults(conforms, parsed).map((fault) => ({ ...fault, pointer: prefix + fault.pointer }));
  return refuseFile('FILTER_FILE_INVALID', name, faults);
}

const isDockerForm = ({ archMap, defaultErrno, syscalls }: BlockFile): boolean =>
  archMap !== undefined ||
  defaultErrno !== undefined ||
  (syscalls ?? []).some((rule) => ['name', 'includes', 'excludes', 'comment', 'errno'].some((key) => key in rule));

const MOST_ERRNO = 4094;
const EPERM = 1;

/** What an action is written as, with the number beside it or the name that Podman writes there. */
type WrittenAction = {
  readonly action: string;
  readonly number?: number | undefined;
  readonly name?: string | undefined;
};

/** The action; undefined where it makes no sense, which is told to `tell`. */
export function readAction(
  { action, number, name }: WrittenAction,
  tell: (message: string, hint?: string) => void,
): Action | undefined {
  const named = name === undefined || name === '' ? undefined : errnoNamed(name);
  if (name !== undefined && name !== '' && named === undefined) tell(`there is no error "${name}"`, 'see errno(3)');
  if (named !== undefined && number !== undefined && named !== number)
    tell(`${name} is ${named}, and the number beside it is ${number}`, 'write one of the two');
  const given = number ?? named;
  const takesNumber = action === 'SCMP_ACT_ERRNO' || action === 'SCMP_ACT_TRACE';
  if (given !== undefined && !takesNumber) {
    tell(`${action} takes no error number`, 'remove it; only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take one');
    return undefined;
  }
  const most = action === 'SCMP_ACT_ERRNO' ? MOST_ERRNO : 0xffff;
  if (given !== undefined && given > most) tell(`${action} takes a number of at most ${most}`);
  return actionOf(action, given ?? EPERM);
}

/** Of the name of an error, or of a number as text; undefined where there is none. */
const errnoNamed = (name: string): number | undefined =>
  /^[0-9]+$/.test(name) ? Number(name) : osConstants.errno[name as keyof typeof osConstants.errno];

function actionOf(action: string, number: number): Action | undefined {
  switch (action) {
    case 'SCMP_ACT_ALLOW':
      return { kind: 'allow' };
    case 'SCMP_ACT_LOG':
      return { kind: 'log' };
    case 'SCMP_ACT_NOTIFY':
      return { kind: 'notify' };
    case 'SCMP_ACT_TRACE':
      return { kind: 'trace', message: number };
    case 'SCMP_ACT_TRAP':
      return { kind: 'trap' };
    case 'SCMP_ACT_ERRNO':
      return { kind: 'errno', errno: number };
    case 'SCMP_ACT_KILL':
    case 'SCMP_ACT_KILL_THREAD':
      return { kind: 'kill-thread' };
    case 'SCMP_ACT_KILL_PROCESS':
      return { kind: 'kill-process' };
    default:
      return undefined;
  }
}
