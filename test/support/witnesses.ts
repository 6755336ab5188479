/** A filter with a rule of each kind, and the calls that show what a program does. */
import { examine } from '../../src/seccomp/agree.js';
import { DATA_WORDS, decodeProgram } from '../../src/seccomp/bpf.js';
import { compileFilter } from '../../src/seccomp/compile.js';
import type { Action, Filter } from '../../src/seccomp/filter.js';
import { Witnesses } from '../../src/seccomp/witnesses.js';
import { compare64, equals32, errno, filterOf, masked32, rule } from './filters.js';

const kill: Action = { kind: 'kill-process' };

export const mixed = filterOf(
  [
    ...['read', 'write', 'exit_group', 'execve', 'mseal', 'vfork', 'rt_sigreturn'].map((name) => rule(name)),
    rule('clone3', [], errno(38)),
    rule('getpid', [], errno(4002)),
    rule('getuid', [], errno(4001)),
    rule('getppid', [], { kind: 'log' }),
    rule('reboot', [], kill),
    ...[0x5401n, 0x5413n, 0x541bn].map((request) => rule('ioctl', [equals32(1, request)])),
    rule('clone', [masked32(0, 0x7e02_0000n, 0n)]),
    rule('socket', [equals32(0, 1n), masked32(1, 0xfn, 1n), equals32(2, 0n)]),
    rule('lseek', [compare64(1, 'lt', 0x1_0000_0001n)]),
  ],
  { foreignAction: errno(77) },
);

/** `struct seccomp_data` of the witnesses for `filter`. */
export function witnessesOf(filter: Filter): Uint32Array {
  const program = compileFilter(filter);
  const witnesses = new Witnesses(decodeProgram(program));
  examine(filter, program, (...seen) => witnesses.consider(...seen));
  return witnesses.calls;
}

export const callsIn = (words: Uint32Array): Uint32Array[] =>
  Array.from({ length: words.length / DATA_WORDS }, (_, i) => words.subarray(i * DATA_WORDS, (i + 1) * DATA_WORDS));
