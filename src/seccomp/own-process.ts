/**
 * libseccomp in a process of its own: on some rules it does not end, and a
 * native call cannot be interrupted.
 */
import { spawnSync } from 'node:child_process';
import { installationRoot } from '../base/installation.js';

/** Nearly all rules take a tenth of a second; the machine may be busy. */
export const USUAL_LIMIT_MS = 5000;

export type Ended =
  | { readonly kind: 'answered'; readonly answer: Buffer }
  | { readonly kind: 'late'; readonly cause: Error | undefined }
  | { readonly kind: 'failed'; readonly cause: Error | undefined };

/** Of one rule: its call, and for each of its conditions whether it orders 64 bits. */
export type Ordering = { readonly syscall: string; readonly orders: readonly boolean[] };

/**
 * Whether libseccomp may not return from these rules: seen only where one
 * call has two or more conditions of which one orders 64 bits. Only these
 * pay for a process of their own.
 */
export function mayHang(rules: Iterable<Ordering>): boolean {
  const conditions = new Map<string, number>();
  const ordered = new Set<string>();
  for (const { syscall, orders } of rules) {
    conditions.set(syscall, (conditions.get(syscall) ?? 0) + orders.length);
    if (orders.includes(true)) ordered.add(syscall);
  }
  return [...ordered].some((syscall) => (conditions.get(syscall) ?? 0) > 1);
}

/** What `script` (a module of this room) writes when it is given `input`, if it does so in time. */
export function runInTime(script: string, input: string, timeLimitMs: number): Ended {
  const child = spawnSync(process.execPath, [`${installationRoot}/build/src/seccomp/${script}.js`], {
    input,
    env: {},
    timeout: timeLimitMs,
    killSignal: 'SIGKILL',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const cause = child.error;
  // Without the signal where it ended by itself at that moment: what it wrote may not have been read.
  const isLate = cause !== undefined && 'code' in cause && cause.code === 'ETIMEDOUT';
  if (child.signal === 'SIGKILL' || isLate) return { kind: 'late', cause };
  return child.status === 0 ? { kind: 'answered', answer: child.stdout } : { kind: 'failed', cause };
}
