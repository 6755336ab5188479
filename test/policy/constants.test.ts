/** The kernel's names and numbers, held against the headers of kernel and libc. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ACCESS_WORDS, type AccessWord } from '../../src/base/path-rules.js';
import { ARGUMENTS } from '../../src/policy/arguments.js';
import * as general from '../../src/policy/constants.js';
import * as net from '../../src/policy/constants-net.js';
import type { PathAccess } from '../../src/policy/policy.js';
import { isSyscall } from '../../src/seccomp/syscalls.js';
import { suite } from '../support/suite.js';

const test = suite('constants');

/** Newer than Debian 12's headers, or in none that user space may include. */
const NOT_IN_HEADERS = new Set(['SOCK_TYPE_MASK', 'MFD_NOEXEC_SEAL', 'MFD_EXEC']);
/** libc's __O_TMPFILE is the kernel's with O_DIRECTORY. */
const inC = (name: string): string => (name === '__O_TMPFILE' ? 'O_TMPFILE & ~O_DIRECTORY' : name);
const HEADERS = [
  'sched.h',
  'fcntl.h',
  'sys/mman.h',
  'sys/prctl.h',
  'sys/personality.h',
  'sys/stat.h',
  'sys/socket.h',
  'sys/shm.h',
  'netinet/in.h',
  'netinet/tcp.h',
  'netinet/udp.h',
  'linux/seccomp.h',
  'linux/fs.h',
  'linux/fiemap.h',
  'linux/nsfs.h',
  'linux/sockios.h',
  'linux/netlink.h',
  'asm/termbits.h',
  'asm/ioctls.h',
];

test('every name has the number that the headers give it', () => {
  const families = [...Object.values(general), ...Object.values(net)];
  const names = families.flatMap((family) => Object.entries(family)).filter(([name]) => !NOT_IN_HEADERS.has(name));
  assert.ok(names.length > 150);
  const checks = names.map(([name, value]) => `_Static_assert((unsigned)(${inC(name)}) == ${value}u, "${name}");`);
  const source = ['#define _GNU_SOURCE', ...HEADERS.map((header) => `#include <${header}>`), ...checks, ''].join('\n');
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-constants-'));
  try {
    const gcc = spawnSync('gcc', ['-x', 'c', '-fsyntax-only', '-'], { input: source, cwd: folder, encoding: 'utf8' });
    assert.is(
      gcc.status,
      0,
      gcc.stderr
        .split('\n')
        .filter((line) => /error/.test(line))
        .slice(0, 8)
        .join('\n'),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('conditions can be put on calls that exist, each argument once', () => {
  for (const [call, known] of Object.entries(ARGUMENTS)) {
    assert.ok(isSyscall(call), call);
    const indices = Object.values(known).map(({ index }) => index);
    assert.is(new Set(indices).size, indices.length, call);
    for (const { width, values } of Object.values(known))
      for (const value of Object.values(values)) assert.ok(value < 1n << BigInt(width), call);
  }
});

test('policies grant on paths what the rules of paths know', () => {
  const fromSchema: readonly PathAccess[] = ACCESS_WORDS;
  const back: readonly AccessWord[] = fromSchema;
  assert.is(back.length, 11);
});

test.run();
