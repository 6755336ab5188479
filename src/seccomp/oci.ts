/**
 * An OCI seccomp block: read, resolved, compiled.
 *
 *   file ─ loadOciSeccomp() → OciSeccomp ─ compileOciSeccomp() → program, checked against its meaning
 *
 * What the block means is what runc makes of it (docs/oci-seccomp.md); that it
 * is compiled by us, and not by libseccomp, makes it exact and the same everywhere.
 */

import type { Fault } from '../base/errors.js';
import { pointerStep } from '../base/json-file.js';
import { type Abi, abis, NATIVE, otherByteOrder } from './abis.js';
import { type Disagreement, describeDisagreement, examineMeaning } from './agree.js';
import { emitProgram } from './emit.js';
import { FilterError, refuseFile } from './errors.js';
import type { Action, BpfProgram } from './filter.js';
import type { NumberedFilter } from './numbered.js';
import { meaningOfNumbered } from './numbered-meaning.js';
import { type BlockSyscall, parseBlock, type ReadBlock, readAction, readBlock } from './oci-block.js';
import { type DockerHost, dockerHost, isForHost, nativeArchitectures } from './oci-profile.js';
import { remarksOnOlderRunc, remarksOnUse } from './oci-report.js';
import { type Proof, proveMeaning } from './prove.js';

export { DOCKER_CAPABILITIES } from './oci-profile.js';

import { numberRules, type OciArgument, type OciRule, type Remark, type Runtime } from './oci-rules.js';

/** What a block says once the host's part in it is decided: the plain form of the runtime specification. */
export type OciSeccomp = {
  readonly file: string;
  readonly form: ReadBlock['form'];
  readonly digest: ReadBlock['digest'];
  readonly defaultAction: Action;
  /** Always with the native one, first. */
  readonly abis: readonly Abi[];
  /** Whether the block names it, too. */
  readonly namesNative: boolean;
  readonly rules: readonly OciRule[];
  /** What a filter file cannot hold, and who loads it has to do. */
  readonly flags: readonly string[] | undefined;
  readonly listenerPath: string | undefined;
  readonly listenerMetadata: string | undefined;
  /** Rules that do not apply to this host or these capabilities. */
  readonly remarks: readonly Remark[];
  /** Where the block stands in its file. */
  readonly prefix: string;
  /** For faults that are found later; the pointer is one of the rules'. */
  readonly faultAt: ReadBlock['faultAt'];
};

/** For Docker's form, whose rules depend on capabilities and kernel. */
export type OciSeccompOptions = Partial<DockerHost> & {
  /** How messages call the file. */
  readonly name?: string;
};

export type CompiledOciSeccomp = {
  readonly program: BpfProgram;
  /** What the program was compiled from and checked against. */
  readonly filter: NumberedFilter;
  /** All that was left out of the block or asks for more than a filter, and why. */
  readonly remarks: readonly Remark[];
};

/**
 * The block in the file at `path`.
 * @throws {FilterError} FILTER_FILE_NOT_FOUND FILTER_FILE_UNREADABLE FILTER_FILE_SYNTAX FILTER_FILE_INVALID
 */
export function loadOciSeccomp(path: string, options: OciSeccompOptions = {}): OciSeccomp {
  return resolveBlock(readBlock(path, options.name ?? path), options);
}

/** As loadOciSeccomp(), of text that is at hand. @throws {FilterError} FILTER_FILE_SYNTAX FILTER_FILE_INVALID */
export function parseOciSeccomp(text: string, options: OciSeccompOptions = {}): OciSeccomp {
  return resolveBlock(parseBlock(text, options.name ?? 'seccomp.json'), options);
}

type CompileOptions = { readonly runtime?: Runtime };

/**
 * The program for `block`, which does what meaningOfNumbered() says on every call that examineMeaning() tries.
 * @throws {FilterError} FILTER_FILE_INVALID FILTER_TOO_LARGE FILTER_DISAGREES
 */
export function compileOciSeccomp(block: OciSeccomp, options: CompileOptions = {}): CompiledOciSeccomp {
  const compiled = emitBlock(block, options);
  const { disagreement } = examineMeaning(meaningOfNumbered(compiled.filter), compiled.program);
  if (disagreement !== undefined) throw ownFault(disagreement);
  return compiled;
}

/**
 * As compileOciSeccomp(), with what was found out about the program, the running kernel asked as well.
 * @throws {FilterError} FILTER_FILE_INVALID FILTER_TOO_LARGE FILTER_DISAGREES
 */
export function compileProvedOciSeccomp(
  block: OciSeccomp,
  options: CompileOptions = {},
): { readonly compiled: CompiledOciSeccomp; readonly proof: Proof } {
  const compiled = emitBlock(block, options);
  return { compiled, proof: proveMeaning(meaningOfNumbered(compiled.filter), compiled.program, ownFault) };
}

/** Unchecked. */
function emitBlock(block: OciSeccomp, { runtime = 'runc' }: CompileOptions): CompiledOciSeccomp {
  const { filter, remarks, faults } = numberRules(block, runtime);
  if (faults.length > 0) refuseFile('FILTER_FILE_INVALID', block.file, faults);
  const at = (member: string): string => `${block.prefix}/${member}`;
  const onUse = [...remarksOnUse(block, at), ...remarksOnOlderRunc(block, filter, at)];
  return { program: emitProgram(filter), filter, remarks: [...block.remarks, ...remarks, ...onUse] };
}

const ownFault = (disagreement: Disagreement): FilterError =>
  new FilterError('FILTER_DISAGREES', describeDisagreement(disagreement), {
    why: 'the program that was made of this block does something else than the block says',
    hint: 'this is a fault of sandbox; report it with the block',
  });

function resolveBlock(read: ReadBlock, options: OciSeccompOptions): OciSeccomp {
  const { block, file, form, prefix } = read;
  const faults: Fault[] = [];
  const remarks: Remark[] = [];
  const tellAt =
    (pointer: string) =>
    (message: string, hint?: string): void => {
      faults.push(read.faultAt(pointer, message, hint));
    };
  const host = dockerHost(options);
  const defaultAction = readAction(
    { action: block.defaultAction, number: block.defaultErrnoRet, name: block.defaultErrno },
    tellAt('/defaultErrnoRet'),
  );
  const rules = (block.syscalls ?? []).flatMap((written, index): OciRule[] => {
    const at = `/syscalls/${index}`;
    const reason = isForHost(written, host);
    if (reason !== undefined) {
      remarks.push({ kind: 'not-for-host', pointer: prefix + at, names: namesOf(written), reason });
      return [];
    }
    const rule = readRule(written, at, read, tellAt);
    return rule === undefined ? [] : [rule];
  });
  const chosen = chooseAbis(read, tellAt);
  if ((block.listenerMetadata ?? '') !== '' && (block.listenerPath ?? '') === '')
    tellAt('/listenerMetadata')('there is no "listenerPath" that it would go to', 'add "listenerPath" or remove it');
  if (defaultAction === undefined || faults.length > 0) return refuseFile('FILTER_FILE_INVALID', file, faults);
  return {
    file,
    form,
    digest: read.digest,
    defaultAction,
    ...chosen,
    rules,
    flags: block.flags,
    listenerPath: block.listenerPath || undefined,
    listenerMetadata: block.listenerMetadata || undefined,
    remarks,
    prefix,
    faultAt: (pointer, message, hint) => read.faultAt(pointer.slice(prefix.length), message, hint),
  };
}

type TellAt = (pointer: string) => (message: string, hint?: string) => void;

function chooseAbis(read: ReadBlock, tellAt: TellAt): Pick<OciSeccomp, 'abis' | 'namesNative'> {
  const { architectures, archMap } = read.block;
  if ((architectures?.length ?? 0) > 0 && (archMap?.length ?? 0) > 0)
    tellAt('/archMap')('"architectures" and "archMap" exclude each other', 'remove one of the two');
  const named = (architectures ?? []).map((name, index) => ({ name, at: `/architectures/${index}` }));
  const mapped = nativeArchitectures(archMap ?? []);
  const written = named.length > 0 ? named : mapped;
  const chosen = [NATIVE];
  for (const { name, at } of written) {
    const abi = abis.find((candidate) => candidate.name === name);
    if (abi !== undefined && !chosen.includes(abi)) chosen.push(abi);
    if (otherByteOrder.has(name))
      tellAt(at)(`${name} has the other byte order than x86-64, and no filter serves both`, 'remove it');
  }
  return { abis: chosen, namesNative: written.some(({ name }) => name === NATIVE.name) };
}

const namesOf = ({ name, names }: BlockSyscall): readonly string[] => [
  ...(names ?? []),
  ...(name === undefined ? [] : [name]),
];

function readRule(written: BlockSyscall, at: string, read: ReadBlock, tellAt: TellAt): OciRule | undefined {
  if (written.name !== undefined && written.names !== undefined)
    tellAt(`${at}/name`)('"name" and "names" exclude each other', 'keep "names"');
  if (written.name === undefined && written.names === undefined)
    tellAt(at)('the key "names" is missing', 'add "names"');
  const action = readAction(
    { action: written.action, number: written.errnoRet, name: written.errno },
    tellAt(`${at}/errnoRet`),
  );
  const args = (written.args ?? []).map(({ index, op }, place): OciArgument => {
    const here = `${at}/args${pointerStep(place)}`;
    const value = readNumber(read, `${here}/value`, tellAt);
    const valueTwo = readNumber(read, `${here}/valueTwo`, tellAt);
    return { index: index as OciArgument['index'], op, value, valueTwo };
  });
  if (action === undefined) return undefined;
  return { names: namesOf(written), action, args, pointer: read.prefix + at };
}

/** From the text: a number of 64 bits does not survive being read as JSON. */
function readNumber(read: ReadBlock, pointer: string, tellAt: TellAt): bigint {
  const text = read.textAt(pointer);
  if (text === undefined) return 0n;
  const value = /^[0-9]+$/.test(text) && text.length <= 20 ? BigInt(text) : undefined;
  if (value !== undefined && value <= 0xffff_ffff_ffff_ffffn) return value;
  tellAt(pointer)('not a whole number of at most 64 bits', 'write its digits');
  return 0n;
}
