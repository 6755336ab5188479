/** Paths, mounts and masks that have no effect, or too much. */
import type { MountFlags } from './compiled.js';
import { find, type Lint, ownPointer } from './lint-find.js';
import type { Filesystem, PathRule } from './policy.js';
import { isAtOrBelow, isPresent, isVisible, isWritable, rightsAt, upwards } from './reach.js';
import { CHANGING_USES, mountAt } from './where-mounted.js';

export function lintFiles(lint: Lint): void {
  const { filesystem } = lint.policy;
  if (filesystem.root === 'writable' && lint.layer.file.filesystem?.root === 'writable')
    find(
      lint,
      'LINT_WRITABLE_ROOT',
      '/filesystem/root',
      'the root file system can be written, in memory that goes with the run',
    );
  for (const rule of filesystem.allow) lintRights(lint, rule);
  lintMounts(lint);
  lintLists(lint);
}

function lintRights(lint: Lint, rule: PathRule): void {
  const pointer = ownPointer(lint, rule);
  if (pointer === undefined) return;
  const { filesystem } = lint.policy;
  const { paths, access, why } = rule;
  // The first rule that grants a right is the one that is told for it.
  if (paths.every((path) => access.every((one) => rightsAt(filesystem, path).get(one)?.rule !== rule.rule)))
    find(lint, 'LINT_DEAD_RULE', pointer, 'earlier rules grant all of it', { why });
  const changing = access.filter((one) => CHANGING_USES.includes(one));
  for (const [index, path] of paths.entries()) {
    const at = `${pointer}/paths/${index}`;
    if (isHidden(filesystem, path)) find(lint, 'LINT_NO_EFFECT', at, `${path} is hidden or not there`, { why });
    else if (changing.length > 0 && !isWritableSomewhere(filesystem, path))
      find(lint, 'LINT_NO_EFFECT', at, `${changing.join(', ')} at ${path}: the mount there is read-only`, {
        fix: 'remove the rights, or mount a scratch folder there',
        why,
      });
    else if (access.includes('execute') && isNoexec(filesystem, path))
      find(lint, 'LINT_NO_EFFECT', at, `execute at ${path}: it is mounted noexec`, { why });
    else lintWriteExecute(lint, rule, path, at);
  }
}

/** Told where this rule adds one of the two. */
function lintWriteExecute(lint: Lint, rule: PathRule, path: string, pointer: string): void {
  const { filesystem } = lint.policy;
  const rights = rightsAt(filesystem, path);
  const adds = rule.access.includes('write') || rule.access.includes('create') || rule.access.includes('execute');
  const canWrite = (rights.has('write') || rights.has('create')) && isWritable(filesystem, path);
  if (!adds || !canWrite || !rights.has('execute') || isNoexec(filesystem, path)) return;
  if (path === '/dev' || path.startsWith('/dev/') || path.startsWith('/proc/')) return;
  // Memory of the root that goes with the run is less grave than what stays, or what one rule says outright.
  const isRootMemory = mountAt(filesystem, path).kind === 'root' && !rule.access.includes('execute');
  find(lint, 'LINT_WRITE_EXECUTE', pointer, `files at ${path} can be written and executed`, {
    why: rule.why,
    ...(isRootMemory ? { severity: 'note' } : {}),
  });
}

const isHidden = (filesystem: Filesystem, path: string): boolean =>
  !isVisible(filesystem, path) || mountAt(filesystem, path).kind === 'missing';

function isNoexec(filesystem: Filesystem, path: string): boolean {
  const mount = mountAt(filesystem, path);
  return mount.kind !== 'missing' && mount.isNoexec;
}

/** At the path, or in a mount below it. */
function isWritableSomewhere(filesystem: Filesystem, path: string): boolean {
  const below = [
    ...filesystem.scratch.map((one) => one.path),
    ...filesystem.mounts.map(({ to }) => to),
    ...(filesystem.dev === 'none' ? [] : ['/dev']),
    ...(filesystem.proc === 'none' ? [] : ['/proc']),
  ].filter((target) => isAtOrBelow(target, path));
  return [path, ...below].some((one) => isWritable(filesystem, one));
}

function lintMounts(lint: Lint): void {
  const { scratch, mounts, mask, readOnly } = lint.policy.filesystem;
  const targets = [
    ...scratch.map((one) => ({ ...one, target: one.path })),
    ...mounts.map((one) => ({ ...one, target: one.to })),
  ];
  for (const mount of targets) {
    const pointer = ownPointer(lint, mount);
    if (pointer !== undefined) lintMountedExecute(lint, mount, pointer);
    const hiding = mask.find(({ paths }) => paths.some((above) => isAtOrBelow(mount.target, above)));
    const freezing = readOnly.find(({ paths }) => paths.some((above) => isAtOrBelow(mount.target, above)));
    const isWriting = 'size' in mount || mount.access === 'read-write';
    const own = [
      pointer,
      hiding && ownPointer(lint, hiding),
      freezing && isWriting ? ownPointer(lint, freezing) : undefined,
    ];
    const at = own.find((one) => one !== undefined);
    if (at === undefined) continue;
    if (hiding !== undefined)
      find(lint, 'LINT_SHADOWED_MOUNT', at, `${mount.target} is mounted, and hidden by ${hiding.rule}`, {
        why: mount.why,
      });
    else if (freezing !== undefined && isWriting)
      find(lint, 'LINT_SHADOWED_MOUNT', at, `${mount.target} is mounted for writing, and frozen by ${freezing.rule}`, {
        why: mount.why,
      });
  }
}

/** A mount without noexec joins rights that its parents keep apart by one. */
function lintMountedExecute(
  lint: Lint,
  { target, flags, why }: { readonly target: string; readonly flags: MountFlags; readonly why: string },
  pointer: string,
): void {
  const { filesystem } = lint.policy;
  const rights = rightsAt(filesystem, target);
  const canWrite = (rights.has('write') || rights.has('create')) && isWritable(filesystem, target);
  if (flags.noexec || !canWrite || !rights.has('execute') || isHidden(filesystem, target)) return;
  const message = `files at ${target} can be written and executed`;
  const isTold = lint.findings.some((found) => found.rule === 'LINT_WRITE_EXECUTE' && found.message === message);
  if (!isTold) find(lint, 'LINT_WRITE_EXECUTE', pointer, message, { fix: 'add "noexec" to "flags"', why });
}

function lintLists(lint: Lint): void {
  const { filesystem } = lint.policy;
  for (const key of ['mask', 'readOnly'] as const) {
    const seen = new Set<string>();
    for (const list of filesystem[key]) {
      const pointer = ownPointer(lint, list);
      for (const [index, path] of list.paths.entries()) {
        const at = `${pointer}/paths/${index}`;
        const covering = [...upwards(path)].find((above) => seen.has(above));
        if (pointer !== undefined && covering !== undefined)
          find(lint, 'LINT_DEAD_RULE', at, `${covering} is in ${key} already`, {
            fix: 'remove the path',
            why: list.why,
          });
        else if (
          pointer !== undefined &&
          (!isPresent(filesystem, path) || mountAt(filesystem, path).kind === 'missing') &&
          !isAtOrBelow(path, '/sys') // what an image has there is of its root
        )
          find(
            lint,
            'LINT_DEAD_MASK',
            at,
            `${path} cannot be there: there is nothing to ${key === 'mask' ? 'hide' : 'freeze'}`,
            { why: list.why },
          );
        seen.add(path);
      }
    }
  }
}
