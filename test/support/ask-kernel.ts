/** Asks the kernel about calls that are known from the start. */
import type { BpfProgram } from '../../src/seccomp/filter.js';
import { beginInquiry, type KernelAnswer } from '../../src/seccomp/live.js';

/** The kernel's verdict on each of `calls`, which are `struct seccomp_data` one after another. */
export function askKernel(program: BpfProgram, calls: Uint32Array): KernelAnswer {
  const inquiry = beginInquiry(program);
  try {
    inquiry.ask(calls);
    inquiry.finish();
    return inquiry.answer();
  } finally {
    inquiry.end();
  }
}
