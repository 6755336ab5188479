/**
 * What the running kernel says about calls under a seccomp program, without
 * making any of them. @see native/test/filter_probe
 */
import { spawnSync } from 'node:child_process';
import { installationRoot } from '../../src/base/installation.js';
import { AUDIT_ARCH_I386, INSTRUCTION_BYTES } from '../../src/seccomp/bpf.js';
import type { BpfProgram } from '../../src/seccomp/filter.js';
import type { Call } from '../../src/seccomp/simulate.js';

const PROBE = `${installationRoot}/build/native/filter_probe`;
const ROW_BYTES = 56;
/** uprobe(2) outside its trampoline ends with ENXIO, which no filter of ours says. */
const UPROBE = 336;

/**
 * The kernel's verdict for each call: `allow` (also for log), `notify`, `errno N`, `kill`, `absent` where
 * this kernel has no `int $0x80`, or `unfiltered` (`unfilteredCalls`). Calls of i386 go through `int $0x80`, whose arguments have 32 bits; its
 * sixth is not set. Needs no privilege.
 *
 * @throws {Error} where the kernel does not take the program
 */
export function runLive(program: BpfProgram, calls: readonly Call[]): string[] {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(program.length / INSTRUCTION_BYTES, 0);
  header.writeUInt32LE(calls.length, 4);
  const rows = Buffer.alloc(calls.length * ROW_BYTES);
  calls.forEach(({ nr, arch, args = [] }, index) => {
    rows.writeUInt32LE(arch === AUDIT_ARCH_I386 ? 1 : 0, index * ROW_BYTES);
    rows.writeUInt32LE(nr, index * ROW_BYTES + 4);
    for (const [argument, value] of args.entries()) rows.writeBigUInt64LE(value, index * ROW_BYTES + 8 + 8 * argument);
  });
  const child = spawnSync(PROBE, [], { input: Buffer.concat([header, program, rows]), maxBuffer: 1 << 26 });
  const verdicts = child.stdout.toString().split('\n').slice(0, -1);
  if (child.status !== 0 || verdicts.length !== calls.length)
    throw new Error(
      `filter_probe: ${child.error?.message ?? child.stderr.toString()} (${child.signal ?? child.status})`,
    );
  return verdicts.map((verdict, index) =>
    verdict === 'errno 6' && calls[index]?.nr === UPROBE ? 'unfiltered' : verdict,
  );
}

/** How runLive() words what simulate() said: the kernel hides from a caller whether an allowed call was logged. */
export function asLive(simulated: string): string {
  if (simulated === 'log') return 'allow';
  return simulated.startsWith('kill-') ? 'kill' : simulated;
}
