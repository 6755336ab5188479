/**
 * Entry of a process that puts a ruleset on itself and then tries operations
 * in a folder. Standard input: {"ruleset", "folder"}; standard output: the
 * names of the operations that succeeded, as JSON.
 *
 * The ruleset binds the calling thread: only synchronous functions follow.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import koffi from 'koffi';

type Input = {
  readonly folder: string;
  readonly ruleset: {
    readonly handledFs: string;
    readonly handledNet: string;
    readonly scoped: string;
    readonly rules: readonly { readonly path: string; readonly access: string }[];
  };
};
const SYS = { createRuleset: 444, addRule: 445, restrictSelf: 446 };
const O_PATH = 0o10_000_000;
const PR_SET_NO_NEW_PRIVS = 38;

const libc = koffi.load('libc.so.6');
const systemCall = libc.func('long syscall(long nr, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d)');
const withBytes = libc.func('long syscall(long nr, uintptr_t a, uintptr_t b, const uint8_t *c, uintptr_t d)');
const create = libc.func('long syscall(long nr, const uint8_t *a, size_t b, uint c)');
const prctl = libc.func('int prctl(int option, ulong a, ulong b, ulong c, ulong d)');
const mknod = libc.func('int mknod(const char *path, uint mode, ulong device)');

const { ruleset, folder } = JSON.parse(readFileSync(0, 'utf8')) as Input;
restrict();
const succeeded = Object.entries(operations(folder)).flatMap(([name, attempt]) => (works(attempt) ? [name] : []));
writeSync(1, JSON.stringify(succeeded));

function restrict(): void {
  const attributes = Buffer.alloc(24);
  [ruleset.handledFs, ruleset.handledNet, ruleset.scoped].forEach((value, index) => {
    attributes.writeBigUInt64LE(BigInt(value), index * 8);
  });
  const descriptor = Number(create(SYS.createRuleset, attributes, attributes.length, 0));
  expectZero(descriptor < 0 ? -1 : 0, 'landlock_create_ruleset');
  for (const { path, access } of ruleset.rules) {
    const beneath = Buffer.alloc(12);
    beneath.writeBigUInt64LE(BigInt(access), 0);
    const parent = openSync(path, O_PATH);
    beneath.writeInt32LE(parent, 8);
    expectZero(withBytes(SYS.addRule, descriptor, 1, beneath, 0), `landlock_add_rule ${path}`);
    closeSync(parent);
  }
  expectZero(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'prctl');
  expectZero(systemCall(SYS.restrictSelf, descriptor, 0, 0, 0), 'landlock_restrict_self');
}

function expectZero(returned: unknown, what: string): void {
  if (Number(returned) !== 0) throw new Error(`${what}: errno ${koffi.errno()}`);
}

function operations(at: string): Readonly<Record<string, () => void>> {
  return {
    read: () => closeSync(openSync(`${at}/file`, 'r')),
    list: () => void readdirSync(at),
    execute: () => expectZero(spawnSync(`${at}/program`, { input: '' }).error === undefined ? 0 : -1, 'execve'),
    write: () => closeSync(openSync(`${at}/file`, 'r+')),
    truncate: () => truncateSync(`${at}/file`),
    'create a file': () => closeSync(openSync(`${at}/new`, 'wx')),
    'create a folder': () => mkdirSync(`${at}/newfolder`),
    'create a symbolic link': () => symlinkSync('x', `${at}/newlink`),
    'link within the folder': () => linkSync(`${at}/file`, `${at}/second`),
    'remove a file': () => unlinkSync(`${at}/victim`),
    'remove a folder': () => rmdirSync(`${at}/emptyfolder`),
    'move to another folder': () => renameSync(`${at}/mover`, `${at}/folder/mover`),
    'make a socket': () => expectZero(mknod(`${at}/socket`, 0o140_600, 0), 'mknod'),
    'make a fifo': () => expectZero(mknod(`${at}/fifo`, 0o010_600, 0), 'mknod'),
  };
}

function works(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
