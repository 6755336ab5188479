/**
 * What `policy lint` looks for: the one table. docs/policy-lint.md, SARIF and
 * the findings are made from it or checked against it.
 */
export type Severity = 'error' | 'warning' | 'note';

export type LintRule = {
  readonly id: string;
  readonly severity: Severity;
  /** One sentence. */
  readonly description: string;
  /** What to do about it, in one sentence. */
  readonly help: string;
};

const rule = (severity: Severity, description: string, help: string): Omit<LintRule, 'id'> => ({
  severity,
  description,
  help,
});

/** In the order in which documents list them. */
const RULES = {
  LINT_REFUSED: rule('error', 'The policy is refused: it does not load.', 'Do what the finding says.'),
  LINT_UNKNOWN_NAME: rule('error', 'A name is misspelt or unknown.', 'Use the name that the finding suggests.'),
  LINT_CONTRADICTION: rule(
    'error',
    'Two rules contradict each other, or the conditions of one exclude each other.',
    'Remove one of the two.',
  ),
  LINT_DEAD_REMOVE: rule('error', 'A "remove" takes away what nothing grants.', 'Remove the entry.'),
  LINT_NO_EXIT_GROUP: rule(
    'error',
    'exit_group is not allowed, so nothing could end.',
    'Allow the group process.basic.',
  ),
  LINT_EXPIRED: rule(
    'error',
    'An exception or the review of the policy has expired.',
    'Renew it with its owner, or remove it.',
  ),
  LINT_EXPIRES_SOON: rule(
    'warning',
    'An exception or the review expires within 30 days.',
    'Renew it in time, or remove it.',
  ),
  LINT_NO_OWNER: rule(
    'warning',
    'An exception with an end has neither owner nor ticket: nobody can renew it.',
    'Add "owner" or "ticket".',
  ),
  LINT_NO_REASON: rule(
    'warning',
    'A rule still has the words that stood for its reason.',
    'Write why the workload needs it.',
  ),
  LINT_OLD_EDITION: rule(
    'note',
    'The groups of system calls are of an old edition.',
    'Name the newest as "baseline", and compare with policy diff.',
  ),
  LINT_DEAD_RULE: rule(
    'warning',
    'A rule changes nothing: earlier rules decide all that it names.',
    'Remove the rule.',
  ),
  LINT_REDUNDANT_NAME: rule('note', 'Some of what a rule names is decided by earlier rules.', 'Remove the names.'),
  LINT_NO_EFFECT: rule(
    'warning',
    'A grant has no effect, because another layer refuses the same.',
    'Remove the grant, or change the layer.',
  ),
  LINT_SHADOWED_MOUNT: rule(
    'warning',
    'A mount is hidden or frozen by a mask or by readOnly.',
    'Remove one of the two.',
  ),
  LINT_DEAD_MASK: rule('warning', 'A mask or readOnly names a path that cannot be there.', 'Remove the path.'),
  LINT_BROAD_IOCTL: rule(
    'warning',
    'ioctl is allowed with any request.',
    'Name the requests: "where": {"ioctl": [{"request": {"anyOf": […]}}]}.',
  ),
  LINT_BROAD_SOCKET: rule(
    'warning',
    'socket is allowed for any family.',
    'Name the families: "where": {"socket": [{"family": {"anyOf": […]}}]}.',
  ),
  LINT_BROAD_PRCTL: rule(
    'warning',
    'prctl is allowed with any option.',
    'Name the options: "where": {"prctl": [{"option": {"anyOf": […]}}]}.',
  ),
  LINT_NAMESPACES: rule(
    'warning',
    'New namespaces can be made, in which a process has every capability.',
    'Add "noneOf" with the CLONE_NEW… flags.',
  ),
  LINT_DANGEROUS_CALL: rule(
    'warning',
    'A call is allowed that is known to be used against its host.',
    'Remove it, or put conditions on its arguments.',
  ),
  LINT_WRITABLE_CODE: rule(
    'note',
    'Memory can be writable and executable at once.',
    'Add "noneOf": ["PROT_EXEC"] where no compiler runs.',
  ),
  LINT_WRITE_EXECUTE: rule(
    'warning',
    'Files can be written and executed on one path.',
    'Split the paths, or mount them noexec.',
  ),
  LINT_WRITABLE_ROOT: rule(
    'note',
    'The root file system is writable.',
    'Set "root" to "read-only", and name scratch folders.',
  ),
  LINT_BROAD_CAPABILITY: rule(
    'warning',
    'A capability is granted that is near to being root.',
    'Remove it, or grant a narrower one.',
  ),
  LINT_UNUSED_CAPABILITY: rule(
    'warning',
    'A capability is granted that no allowed call can use.',
    'Remove it, or allow the call.',
  ),
  LINT_ROOT_USER: rule('note', 'The workload may be root of its user namespace.', 'Set "uid" to "nonzero".'),
  LINT_HOST_PATH: rule(
    'warning',
    'A path of the host is mounted that holds more than a workload needs.',
    'Mount the one folder that is needed, read-only.',
  ),
  LINT_HOST_SOCKET: rule(
    'warning',
    'A socket of a service of the host is mounted.',
    'Remove it: whoever can talk to the service can do what it does.',
  ),
  LINT_MOUNT_FLAGS: rule('warning', 'A mount lacks nosuid or nodev.', 'Add the flags.'),
  LINT_SECRET_VARIABLE: rule(
    'warning',
    'A variable that looks like a secret is passed or set.',
    'Mount the secret as a file, or remove the name.',
  ),
  LINT_UNSIGNED_IMAGE: rule('note', 'The image need not be signed.', 'Set "signature" to "required".'),
  LINT_RELAXED_CONTROL: rule(
    'note',
    'A control that the parent requires is only preferred.',
    'Require it, or say in a comment why not.',
  ),
  LINT_NO_BOUND: rule('note', 'A resource has no bound.', 'Set a bound.'),
  LINT_UNPINNED_PARENT: rule('note', 'The parent is not pinned by version or digest.', 'Add "version" to "extends".'),
} as const satisfies Readonly<Record<string, Omit<LintRule, 'id'>>>;

export type LintId = keyof typeof RULES;

export const LINT_RULES: readonly LintRule[] = Object.entries(RULES).map(([id, one]) => ({ id, ...one }));

export const severityOf = (id: LintId): Severity => RULES[id].severity;

/** The help of a rule as hints are written: without the capital and the full stop of a sentence. */
export function adviceOf(id: LintId): string {
  const { help } = RULES[id];
  return help.charAt(0).toLowerCase() + help.slice(1).replace(/\.$/, '');
}
