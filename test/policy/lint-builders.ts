/** What the cases of the lint are made with: sections of a policy that extends strict. */
import type { LintId, Severity } from '../../src/policy/lint-rules.js';

export const WHY = 'a reason that is long enough';

export type LintCase = {
  readonly rule: LintId;
  readonly pointer: string;
  /** Sections of a policy that extends strict. */
  readonly broken: object;
  readonly kept: object;
  readonly newestEdition?: string;
  readonly severity?: Severity;
};

export const allow = (...rules: object[]): object => ({
  syscalls: { allow: rules.map((rule) => ({ why: WHY, ...rule })) },
});
export const where = (call: string, condition: object): object =>
  allow({ calls: [call], where: { [call]: [condition] } });
export const files = (section: object): object => ({ filesystem: section });
export const mount = (from: string, more: object = {}): object =>
  files({ mounts: [{ from, to: '/data', access: 'read-only', why: WHY, ...more }] });
export const scratch = (path: string, more: object = {}): object => ({ path, size: '1MiB', why: WHY, ...more });
export const rights = (path: string, ...access: string[]): object => ({ paths: [path], access, why: WHY });
export const capability = (cap: string): object => ({ process: { capabilities: { allow: [{ cap, why: WHY }] } } });
export const pass = (...names: string[]): object => ({ process: { env: { pass: [{ names, why: WHY }] } } });
export const withChown = { ...capability('CAP_CHOWN'), ...allow({ calls: ['chown'] }) };
export const NOTHING = {};
