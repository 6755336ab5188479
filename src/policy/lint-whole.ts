/** Settings of a policy as a whole that are looser than they might be. */
import { find, type Lint } from './lint-find.js';

export function lintWhole(lint: Lint): void {
  const { file } = lint.layer;
  if (file.image?.signature === 'optional')
    find(lint, 'LINT_UNSIGNED_IMAGE', '/image/signature', 'an unsigned image may run');
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

const wasRequired = ({ parent }: Lint, control: string): boolean =>
  new Map<string, string>(Object.entries(parent.requires)).get(control) === 'required';
