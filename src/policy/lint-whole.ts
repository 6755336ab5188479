/** Settings of a policy as a whole that are looser than they might be. */
import { pointerStep } from '../base/json-file.js';
import { find, type Lint } from './lint-find.js';
import { REASON } from './reason.js';

export function lintWhole(lint: Lint): void {
  const { file } = lint.layer;
  if (file.image?.signature === 'optional')
    find(lint, 'LINT_UNSIGNED_IMAGE', '/image/signature', 'an unsigned image may run');
  const { mode } = lint.policy.network;
  if (mode !== 'none' && file.network?.mode === mode)
    find(lint, 'LINT_REFUSED', '/network/mode', `this release enforces no network mode ${mode}`, {
      fix: 'use "none": a network of its own with the loopback interface',
    });
  lintSizes(lint);
  lintReasons(lint, file, '');
  if (file.process?.user?.uid === 'any')
    find(lint, 'LINT_ROOT_USER', '/process/user/uid', 'the workload may be root of its own user namespace');
  for (const [control, level] of Object.entries(file.requires ?? {}))
    if (level === 'preferred' && lint.layer.file.extends !== undefined && wasRequired(lint, control))
      find(
        lint,
        'LINT_RELAXED_CONTROL',
        `/requires/${control}`,
        `${control} is required by what this extends, and only preferred here`,
      );
  for (const [name, value] of Object.entries(file.resources ?? {}))
    if (value === 'unlimited') find(lint, 'LINT_NO_BOUND', `/resources/${name}`, `${name} has no bound`);
  const parent = file.extends;
  if (parent !== undefined && parent.version === undefined && parent.digest === undefined)
    find(lint, 'LINT_UNPINNED_PARENT', '/extends', `a later ${parent.policy} will change this policy without notice`);
}

/** What `explain --why` proposes is pasted with a place for the reason. */
function lintReasons(lint: Lint, value: unknown, pointer: string): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    const here = pointer + pointerStep(key);
    if (key === 'why' && member === REASON) find(lint, 'LINT_NO_REASON', here, 'this says no reason yet');
    else lintReasons(lint, member, here);
  }
}

/** Sizes of what is not there. */
function lintSizes(lint: Lint): void {
  const { root, dev } = lint.policy.filesystem;
  const { rootSize, shmSize } = lint.layer.file.filesystem ?? {};
  if (rootSize !== undefined && root === 'read-only')
    find(lint, 'LINT_NO_EFFECT', '/filesystem/rootSize', 'the root is read-only: nothing is written to it', {
      fix: 'remove the size, or set "root" to "writable"',
    });
  if (shmSize !== undefined && dev === 'none')
    find(lint, 'LINT_NO_EFFECT', '/filesystem/shmSize', 'there is no /dev, and no /dev/shm in it', {
      fix: 'remove the size, or set "dev" to "minimal"',
    });
}

const wasRequired = ({ parent }: Lint, control: string): boolean =>
  new Map<string, string>(Object.entries(parent.requires)).get(control) === 'required';
