/**
 * What a policy permits that another does not, section by section: the one
 * comparison behind `lock` and the ceiling.
 */
import { covers } from './conjunction.js';
import { permittedCalls } from './effective.js';
import type { Filesystem, PathRule, PolicyMeaning } from './policy.js';

/** One place at which more is permitted than before. */
export type Widening = { readonly pointer: string; readonly message: string };

type Pair = { readonly before: PolicyMeaning; readonly after: PolicyMeaning };

/** Everything that `after` permits and `before` does not; empty where `after` is as tight or tighter. */
export function findWidenings(before: PolicyMeaning, after: PolicyMeaning): Widening[] {
  const pair = { before, after };
  return [scalarWidenings, grantWidenings, fileWidenings, callWidenings].flatMap((find) => find(pair));
}

/** Settings with an order, the tighter value first. */
function scalarWidenings({ before, after }: Pair): Widening[] {
  const found: Widening[] = [];
  const check = (pointer: string, order: readonly string[], from: string, to: string): void => {
    if (order.indexOf(to) > order.indexOf(from)) found.push({ pointer, message: `${to} is looser than ${from}` });
  };
  for (const [control, level] of Object.entries(after.requires))
    check(`/requires/${control}`, ['required', 'preferred'], requirement(before, control), level);
  check('/image/signature', ['required', 'optional'], before.image.signature, after.image.signature);
  check('/image/pinDigest', ['true', 'false'], String(before.image.pinDigest), String(after.image.pinDigest));
  check('/process/user/uid', ['nonzero', 'any'], before.process.user.uid, after.process.user.uid);
  check('/filesystem/root', ['read-only', 'writable'], before.filesystem.root, after.filesystem.root);
  check('/filesystem/proc', ['none', 'pids', 'masked'], before.filesystem.proc, after.filesystem.proc);
  check('/filesystem/dev', ['none', 'minimal'], before.filesystem.dev, after.filesystem.dev);
  check('/network/mode', ['none', 'private', 'host'], before.network.mode, after.network.mode);
  check('/audit/durability', ['sync', 'batch'], before.audit.durability, after.audit.durability);
  return [...found, ...amountWidenings({ before, after })];
}

const requirement = (policy: PolicyMeaning, control: string): string =>
  new Map<string, string>(Object.entries(policy.requires)).get(control) ?? 'required';

/** Settings that bound an amount; undefined is no bound. */
function amountWidenings({ before, after }: Pair): Widening[] {
  const found: Widening[] = [];
  type Amount = bigint | number | undefined;
  const check = (pointer: string, from: Amount, to: Amount): void => {
    if (from === undefined || from === to) return;
    if (to === undefined || to > from) found.push({ pointer, message: `${to ?? 'no bound'} is more than ${from}` });
  };
  for (const name of ['memory', 'swap', 'pids'] as const)
    check(`/resources/${name}`, before.resources[name], after.resources[name]);
  check('/resources/cpu', before.resources.cpuMillis, after.resources.cpuMillis);
  check('/resources/time', before.resources.wallSeconds, after.resources.wallSeconds);
  if (after.filesystem.root === 'writable')
    check('/filesystem/rootSize', before.filesystem.rootSize, after.filesystem.rootSize);
  check('/filesystem/shmSize', before.filesystem.shmSize, after.filesystem.shmSize);
  check('/audit/quota', before.audit.quota, after.audit.quota);
  const limits = after.process.rlimits;
  for (const name of Object.keys(before.process.rlimits) as (keyof typeof limits)[])
    check(`/process/rlimits/${name}`, before.process.rlimits[name], limits[name]);
  return found;
}

/** Lists of grants by name. */
function grantWidenings({ before, after }: Pair): Widening[] {
  const more = (pointer: string, from: readonly string[], to: readonly string[]): Widening[] =>
    to.filter((name) => !from.includes(name)).map((name) => ({ pointer, message: `${name} is granted` }));
  const caps = (policy: PolicyMeaning): string[] => policy.process.capabilities.map(({ cap }) => cap);
  const passed = (policy: PolicyMeaning): string[] => policy.process.pass.flatMap(({ names }) => names);
  const ports = (policy: PolicyMeaning): string[] => policy.network.listen.map((l) => `${l.port}/${l.protocol}`);
  const hosts = (policy: PolicyMeaning): string[] =>
    policy.network.connect.map((c) => `${c.host}:${c.port}/${c.protocol}`);
  return [
    ...more('/process/capabilities', caps(before), caps(after)),
    ...more('/process/env/pass', passed(before), passed(after)),
    ...more('/network/listen', ports(before), ports(after)),
    ...more('/network/connect', hosts(before), hosts(after)),
  ];
}

function fileWidenings({ before, after }: Pair): Widening[] {
  const [from, to] = [before.filesystem, after.filesystem];
  return [
    ...moreScratch(from, to).map(({ path }) => ({
      pointer: '/filesystem/scratch',
      message: `${path} becomes writable memory, or more of it`,
    })),
    ...to.mounts
      .filter((one) => !from.mounts.some((other) => isMountWithin(one, other)))
      .map(({ to: target }) => ({ pointer: '/filesystem/mounts', message: `${target} shows more of the host` })),
    ...pathWidenings(from.allow, to.allow),
    ...(['mask', 'readOnly'] as const).flatMap((key) => lostPaths(key, from, to)),
  ];
}

/** New folders of memory; none where a writable root could have held as much. */
function moreScratch(from: Filesystem, to: Filesystem): Filesystem['scratch'] {
  const more = to.scratch.filter((one) => !from.scratch.some((other) => isScratchWithin(one, other)));
  if (from.root !== 'writable') return more;
  const used = to.root === 'writable' ? to.rootSize : 0n;
  const total = more.reduce((sum, { size }) => sum + size, used);
  return total <= from.rootSize ? more.filter(({ flags }) => !flags.nosuid || !flags.nodev) : more;
}

type Flags = { readonly noexec: boolean; readonly nosuid: boolean; readonly nodev: boolean };
const hasFlagsOf = (one: Flags, other: Flags): boolean =>
  (one.noexec || !other.noexec) && (one.nosuid || !other.nosuid) && (one.nodev || !other.nodev);

const isScratchWithin = (one: Filesystem['scratch'][number], other: Filesystem['scratch'][number]): boolean =>
  one.path === other.path && one.size <= other.size && one.files <= other.files && hasFlagsOf(one.flags, other.flags);

const isMountWithin = (one: Filesystem['mounts'][number], other: Filesystem['mounts'][number]): boolean =>
  one.from === other.from &&
  one.to === other.to &&
  (one.access === 'read-only' || other.access === 'read-write') &&
  hasFlagsOf(one.flags, other.flags);

/** Every right on every path must be one that a rule of `from` gives there or above. */
function pathWidenings(from: readonly PathRule[], to: readonly PathRule[]): Widening[] {
  const isGiven = (path: string, access: string): boolean =>
    from.some(
      (rule) => rule.access.some((one) => one === access) && rule.paths.some((above) => isAtOrBelow(path, above)),
    );
  return to.flatMap(({ paths, access }) =>
    paths.flatMap((path) => {
      const more = access.filter((one) => !isGiven(path, one));
      return more.length === 0 ? [] : [{ pointer: '/filesystem/allow', message: `${path}: ${more.join(', ')}` }];
    }),
  );
}

const isAtOrBelow = (path: string, above: string): boolean =>
  path === above || above === '/' || path.startsWith(`${above}/`);

/** A /proc of processes alone has nothing that could be hidden. */
function lostPaths(key: 'mask' | 'readOnly', from: Filesystem, to: Filesystem): Widening[] {
  const kept = new Set(to[key].flatMap(({ paths }) => paths));
  return from[key]
    .flatMap(({ paths }) => paths)
    .filter((path) => !kept.has(path) && (to.proc === 'masked' || !path.startsWith('/proc/')))
    .map((path) => ({ pointer: `/filesystem/${key}`, message: `${path} is no longer in it` }));
}

/** Which calls are allowed and with which arguments, exactly. */
function callWidenings({ before, after }: Pair): Widening[] {
  const names = new Set(
    [...after.syscalls.allow, ...after.syscalls.observe].flatMap(({ calls }) => Object.keys(calls)),
  );
  const pointer = '/syscalls/allow';
  const found: Widening[] = [...names].sort().flatMap((call) => {
    const old = permittedCalls(before.syscalls, call);
    const more = permittedCalls(after.syscalls, call).some((one) => !covers(old, one));
    if (!more) return [];
    return [{ pointer, message: old.length === 0 ? `${call} is allowed` : `${call} is allowed with more arguments` }];
  });
  for (const { rule, calls } of before.syscalls.forbid)
    for (const [call, alternatives] of Object.entries(calls)) {
      const kept = after.syscalls.forbid.flatMap((other) => other.calls[call] ?? []);
      if (!alternatives.every((one) => covers(kept, one)))
        found.push({ pointer: '/syscalls/forbid', message: `${call} is no longer forbidden as by ${rule}` });
    }
  return found;
}
