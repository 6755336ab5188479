/** Rules on system calls that change nothing, and those that allow too much. */
import { bits, both, type Conjunction, covers, Inexpressible, type Test } from './conjunction.js';
import { CLONE, PROTECTION } from './constants.js';
import { permittedCalls } from './effective.js';
import { find, type Lint, ownPointer } from './lint-find.js';
import type { LintId } from './lint-rules.js';
import type { CallRule, Syscalls } from './policy.js';
import { risksOf } from './risks.js';

export function lintCalls(lint: Lint): void {
  lintDead(lint);
  for (const rule of [...lint.policy.syscalls.allow, ...lint.policy.syscalls.observe]) lintBroad(lint, rule);
}

/** Rules in the order of decision: what those before one decide, it does not. */
function lintDead(lint: Lint): void {
  const { forbid, observe, allow, quiet, answers } = lint.policy.syscalls;
  const decided = new Map<string, Conjunction[]>();
  for (const rule of [...forbid, ...observe, ...allow, ...quiet, ...answers]) {
    lintReached(lint, rule, decided);
    for (const [call, alternatives] of Object.entries(rule.calls)) {
      const before = decided.get(call);
      if (before === undefined) decided.set(call, [...alternatives]);
      else before.push(...alternatives);
    }
  }
}

function lintReached(lint: Lint, rule: CallRule, decided: ReadonlyMap<string, readonly Conjunction[]>): void {
  const pointer = ownPointer(lint, rule);
  if (pointer === undefined) return;
  const names = Object.keys(rule.calls);
  const dead = names.filter((call) => {
    const before = decided.get(call) ?? [];
    return before.length > 0 && (rule.calls[call] ?? []).every((one) => covers(before, one));
  });
  if (names.length > 0 && dead.length === names.length)
    find(lint, 'LINT_DEAD_RULE', pointer, `earlier rules decide every call of this one: ${listed(dead)}`, {
      why: rule.why,
    });
  else if (dead.length > 0 && rule.group === undefined)
    find(lint, 'LINT_REDUNDANT_NAME', pointer, `earlier rules decide ${listed(dead)}`, { why: rule.why });
}

const listed = (names: readonly string[]): string =>
  names.length <= 12 ? names.join(', ') : `${names.slice(0, 12).join(', ')} and ${names.length - 12} more`;

/** Calls with so many meanings that some are always too many, and the argument that tells them apart. */
const BY_ARGUMENT: Readonly<Record<string, readonly [LintId, Test['arg'], string]>> = {
  ioctl: ['LINT_BROAD_IOCTL', 1, 'ioctl is allowed with any request'],
  socket: ['LINT_BROAD_SOCKET', 0, 'socket is allowed for any family'],
  prctl: ['LINT_BROAD_PRCTL', 0, 'prctl is allowed with any option'],
};

function lintBroad(lint: Lint, rule: CallRule): void {
  const pointer = ownPointer(lint, rule);
  if (pointer === undefined) return;
  const { syscalls } = lint.policy;
  const more = { why: rule.why };
  for (const [call, [id, argument, message]] of Object.entries(BY_ARGUMENT))
    if (alternativesOf(rule, call, syscalls).some((when) => !when.some((test) => isTelling(test, argument))))
      find(lint, id, pointer, message, more);
  if (mayMakeNamespaces(rule, syscalls))
    find(
      lint,
      'LINT_NAMESPACES',
      pointer,
      'a user namespace can be made, in which a process has every capability',
      more,
    );
  const dangerous = Object.keys(rule.calls).filter((call) => isDangerous(rule, call, syscalls));
  for (const { calls, what, severity } of risksOf(dangerous)) {
    const grave = calls.filter((call) => GRAVE.includes(severity) || NEVER_JUDGED.includes(call));
    if (grave.length === 0) continue;
    const isUsual = grave.every((call) => USUAL.includes(call));
    find(lint, 'LINT_DANGEROUS_CALL', pointer, `${listed(grave)}: ${what} (${severity})`, {
      ...more,
      ...(isUsual ? { severity: 'note' } : {}),
    });
  }
  if (mayWriteCode(rule, syscalls))
    find(lint, 'LINT_WRITABLE_CODE', pointer, 'memory can be writable and executable at once', more);
}

const GRAVE: readonly string[] = ['high', 'critical'];
/** What these do is decided by memory that no filter sees, or kept where no namespace parts it. */
const NEVER_JUDGED: readonly string[] = [
  'add_key',
  'io_uring_enter',
  'io_uring_register',
  'io_uring_setup',
  'keyctl',
  'openat2',
  'request_key',
];
/** Of a grave class, and yet what most containers may do: the class grades attempts of workloads that may not. */
const USUAL: readonly string[] = ['vmsplice'];

/** A test that names values: one or a few of many, not just one bit that must not be there. */
const isTelling = (test: Test, argument: Test['arg']): boolean =>
  test.arg === argument && (test.kind !== 'bits' || test.value !== 0n || test.mask === 0xffff_ffffn);

/** What of the rule's own alternatives is effective. */
function alternativesOf(rule: CallRule, call: string, syscalls: Syscalls): readonly Conjunction[] {
  const own = Object.hasOwn(rule.calls, call) ? (rule.calls[call] ?? []) : [];
  return own.length === 0 ? [] : permittedCalls({ ...syscalls, allow: [rule], observe: [] }, call);
}

const NEW_NAMESPACES = Object.entries(CLONE).flatMap(([name, bit]) => (name.startsWith('CLONE_NEW') ? [bit] : []));

function mayMakeNamespaces(rule: CallRule, syscalls: Syscalls): boolean {
  const byFlags = ['clone', 'unshare'].some((call) =>
    alternativesOf(rule, call, syscalls).some((when) => NEW_NAMESPACES.some((bit) => meets(when, bits(0, bit, bit)))),
  );
  return byFlags || ['clone3', 'setns'].some((call) => alternativesOf(rule, call, syscalls).length > 0);
}

/** Those that have a rule of their own, or are harmless with the conditions that they have, are not told as dangerous. */
function isDangerous(rule: CallRule, call: string, syscalls: Syscalls): boolean {
  if (['clone', 'clone3', 'unshare', 'setns'].includes(call)) return false;
  const alternatives = alternativesOf(rule, call, syscalls);
  if (call !== 'mknod' && call !== 'mknodat') return alternatives.length > 0;
  const mode = call === 'mknod' ? 1 : 2;
  return alternatives.some((when) => [0x2000n, 0x6000n].some((device) => meets(when, bits(mode, 0xf000n, device))));
}

function mayWriteCode(rule: CallRule, syscalls: Syscalls): boolean {
  const wanted = (PROTECTION['PROT_WRITE'] ?? 0n) | (PROTECTION['PROT_EXEC'] ?? 0n);
  return ['mmap', 'mprotect', 'pkey_mprotect'].some((call) =>
    alternativesOf(rule, call, syscalls).some((when) => meets(when, bits(2, wanted, wanted))),
  );
}

/** Whether some call meets both; an order and a mask on one argument may. */
function meets(when: Conjunction, test: Test): boolean {
  try {
    return both(when, [test]) !== undefined;
  } catch (error) {
    if (error instanceof Inexpressible) return true;
    throw error;
  }
}
