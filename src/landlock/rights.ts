/**
 * The access rights of Landlock and the ABI that brought each.
 *
 * @see landlock(7), linux/landlock.h
 */
import type { AccessWord } from '../base/path-rules.js';

/** The newest ABI whose rights stand here. A newer kernel gets what this one knows. */
export const NEWEST_ABI = 7;

export type Right = {
  readonly name: string;
  readonly bit: bigint;
  readonly abi: number;
  /** Whether the right means something on a file that is no folder: a rule on such a file may have no other. */
  readonly onFiles: boolean;
};

const right = (name: string, bit: number, abi: number, onFiles = false): Right => ({
  name,
  bit: 1n << BigInt(bit),
  abi,
  onFiles,
});

export const FS = {
  execute: right('EXECUTE', 0, 1, true),
  writeFile: right('WRITE_FILE', 1, 1, true),
  readFile: right('READ_FILE', 2, 1, true),
  readDir: right('READ_DIR', 3, 1),
  removeDir: right('REMOVE_DIR', 4, 1),
  removeFile: right('REMOVE_FILE', 5, 1),
  makeChar: right('MAKE_CHAR', 6, 1),
  makeDir: right('MAKE_DIR', 7, 1),
  makeReg: right('MAKE_REG', 8, 1),
  makeSock: right('MAKE_SOCK', 9, 1),
  makeFifo: right('MAKE_FIFO', 10, 1),
  makeBlock: right('MAKE_BLOCK', 11, 1),
  makeSym: right('MAKE_SYM', 12, 1),
  refer: right('REFER', 13, 2),
  truncate: right('TRUNCATE', 14, 3, true),
  ioctlDev: right('IOCTL_DEV', 15, 5, true),
} as const;

export const NET = { bindTcp: right('BIND_TCP', 0, 4), connectTcp: right('CONNECT_TCP', 1, 4) } as const;

export const SCOPE = {
  abstractUnixSocket: right('ABSTRACT_UNIX_SOCKET', 0, 6),
  signal: right('SIGNAL', 1, 6),
} as const;

/** Device nodes have no word: no policy can grant their making. */
export const RIGHTS_OF: Readonly<Record<AccessWord, readonly Right[]>> = {
  read: [FS.readFile],
  list: [FS.readDir],
  execute: [FS.execute],
  create: [FS.makeReg, FS.makeDir, FS.makeSym],
  write: [FS.writeFile],
  remove: [FS.removeFile, FS.removeDir],
  truncate: [FS.truncate],
  'make-socket': [FS.makeSock],
  'make-fifo': [FS.makeFifo],
  refer: [FS.refer],
  ioctl: [FS.ioctlDev],
};

/** The rights of `table` that the ABI knows, as one set. */
export const rightsAt = (abi: number, table: Readonly<Record<string, Right>>): bigint =>
  union(Object.values(table).filter((known) => known.abi <= abi));

export const union = (rights: readonly Right[]): bigint => rights.reduce((set, { bit }) => set | bit, 0n);

/** What a rule on a file that is no folder may grant; the launcher cuts the access of such a rule to it. */
export const FILE_RIGHTS: bigint = union(Object.values(FS).filter(({ onFiles }) => onFiles));
