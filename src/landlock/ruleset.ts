/**
 * File and port rules → a Landlock ruleset for one ABI, and what it cannot express.
 *
 * Everything the ABI knows is handled, so that what no rule grants is denied.
 *
 * @see landlock(7)
 */
import { SandboxError } from '../base/errors.js';
import { faultOfPath, type PathRule } from '../base/path-rules.js';
import { FS, NET, NEWEST_ABI, RIGHTS_OF, rightsAt, SCOPE, union } from './rights.js';

export class LandlockError extends SandboxError<'LANDLOCK_BAD_PATH' | 'LANDLOCK_BAD_PORT'> {}

export type LandlockRuleset = {
  /** LANDLOCK_ACCESS_FS_* that are denied unless a rule grants them. */
  readonly handledFs: bigint;
  readonly handledNet: bigint;
  readonly scoped: bigint;
  readonly rules: readonly (
    | { readonly kind: 'path'; readonly path: string; readonly access: bigint }
    | { readonly kind: 'port'; readonly port: number; readonly access: bigint }
  )[];
};

export type LandlockRules = {
  readonly paths: readonly PathRule[];
  /** TCP ports that may be bound and connected to. Left out: TCP is not Landlock's business. */
  readonly ports?: { readonly bind: readonly number[]; readonly connect: readonly number[] };
};

export type CompiledRuleset = { readonly ruleset: LandlockRuleset; readonly gaps: readonly string[] };

/**
 * The ruleset for a kernel of `abi`; with 0 an empty one, all of it a gap.
 * Rules of one path are joined; the same rules in another order give the same ruleset.
 *
 * @throws {LandlockError} LANDLOCK_BAD_PATH, LANDLOCK_BAD_PORT
 */
export function rulesetFor(rules: LandlockRules, abi: number): CompiledRuleset {
  const known = Math.min(abi, NEWEST_ABI);
  const handledFs = rightsAt(known, FS);
  const handledNet = rules.ports === undefined ? 0n : rightsAt(known, NET);
  return {
    ruleset: {
      handledFs,
      handledNet,
      scoped: rightsAt(known, SCOPE),
      rules: [...pathRules(rules.paths, handledFs), ...portRules(rules.ports, handledNet)],
    },
    gaps: gapsOf(rules, known),
  };
}

function pathRules(paths: readonly PathRule[], handled: bigint): LandlockRuleset['rules'] {
  const accessOf = new Map<string, bigint>();
  for (const { path, access } of paths) {
    const fault = faultOfPath(path);
    if (fault !== undefined)
      throw new LandlockError('LANDLOCK_BAD_PATH', `no rule can name ${JSON.stringify(path)}: ${fault}`, {
        hint: 'write the absolute path as it is inside the sandbox',
      });
    const granted = access.reduce((set, word) => set | union(RIGHTS_OF[word]), 0n) & handled;
    accessOf.set(path, (accessOf.get(path) ?? 0n) | granted);
  }
  return [...accessOf]
    .filter(([, access]) => access !== 0n) // the kernel refuses a rule that grants nothing
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, access]) => ({ kind: 'path', path, access }));
}

function portRules(ports: LandlockRules['ports'], handled: bigint): LandlockRuleset['rules'] {
  const accessOf = new Map<number, bigint>();
  const grant = (port: number, access: bigint): void => {
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new LandlockError('LANDLOCK_BAD_PORT', `${port} is no TCP port`, { hint: 'ports are 0 to 65535' });
    accessOf.set(port, ((accessOf.get(port) ?? 0n) | access) & handled);
  };
  for (const port of ports?.bind ?? []) grant(port, NET.bindTcp.bit);
  for (const port of ports?.connect ?? []) grant(port, NET.connectTcp.bit);
  return [...accessOf]
    .filter(([, access]) => access !== 0n)
    .sort(([a], [b]) => a - b)
    .map(([port, access]) => ({ kind: 'port', port, access }));
}

/** Said at every ABI: no ruleset can express these. */
const ALWAYS = [
  'Landlock does not restrain stat, chdir, access, chmod, chown, utimes and extended attributes',
  'Landlock lets nothing be executed that may not be read',
  'Landlock does not restrain files without a path: memfd, pipes, sockets that are open already',
  'Landlock does not restrain of which family a socket is',
];

function gapsOf(rules: LandlockRules, abi: number): string[] {
  if (abi < 1) return ['the kernel has no Landlock: no file rule is enforced by it'];
  const grants = (word: PathRule['access'][number]): boolean => rules.paths.some(({ access }) => access.includes(word));
  const gaps: [applies: boolean, gap: string][] = [
    [
      abi < FS.refer.abi && grants('refer'),
      'before ABI 2, files cannot be moved or linked between folders, although "refer" is granted',
    ],
    [abi < FS.truncate.abi, 'before ABI 3, truncating a file is not restrained'],
    [abi < NET.bindTcp.abi && rules.ports !== undefined, 'before ABI 4, TCP ports are not restrained'],
    [rules.ports !== undefined, 'Landlock restrains TCP ports only: not UDP, not addresses'],
    [abi < FS.ioctlDev.abi, 'before ABI 5, ioctl on devices is not restrained'],
    [abi < SCOPE.signal.abi, 'before ABI 6, abstract sockets and signals to the outside are not restrained'],
  ];
  return [...gaps.filter(([applies]) => applies).map(([, gap]) => gap), ...ALWAYS];
}
