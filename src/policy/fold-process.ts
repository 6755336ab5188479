/** Adds one file's sections on the process, its network and its resources to what its parents said. */

import { allCapabilities, isCapability } from '../capabilities/capabilities.js';
import { bytesOf, type Fold, originOf, tell } from './fold.js';
import { meantOr } from './hint.js';
import type { Network, PolicyMeaning, Process, Resources } from './policy.js';
import type { PolicyFile } from './read.js';

type ProcessSection = NonNullable<PolicyFile['process']>;
type CapabilitySection = NonNullable<ProcessSection['capabilities']>;

/** `parent` with what `section` adds, takes away and overrides. Faults go into `fold`. */
export function foldProcess(parent: Process, section: ProcessSection | undefined, fold: Fold): Process {
  if (section === undefined) return parent;
  const user = { ...parent.user, ...section.user };
  checkUser(user, section.user, fold);
  return {
    user,
    capabilities: foldCapabilities(parent.capabilities, section.capabilities ?? {}, fold),
    rlimits: { ...parent.rlimits, ...section.rlimits },
    pass: foldPass(parent.pass, section.env ?? {}, fold),
    set: { ...parent.set, ...section.env?.set },
  };
}

/** Who is not to be user 0 is not given it either. */
function checkUser({ uid, otherwise }: Process['user'], section: ProcessSection['user'], fold: Fold): void {
  if (uid === 'any') return;
  for (const key of ['uid', 'gid'] as const)
    if (otherwise[key] === 0)
      tell(
        fold,
        section?.otherwise === undefined ? '/process/user/uid' : `/process/user/otherwise/${key}`,
        `"uid": "nonzero" and "otherwise" with ${key} 0 contradict each other`,
        `name a ${key} that is not 0, such as 65534`,
      );
}

function foldCapabilities(
  parent: Process['capabilities'],
  section: CapabilitySection,
  fold: Fold,
): Process['capabilities'] {
  const at = '/process/capabilities';
  const gone = new Set<string>();
  (section.remove ?? []).forEach(({ cap }, index) => {
    if (!parent.some((grant) => grant.cap === cap))
      tell(fold, `${at}/remove/${index}`, `nothing inherited allows ${cap}`, 'remove this entry');
    gone.add(cap);
  });
  const added = (section.allow ?? []).map((entry, index) => {
    if (!isCapability(entry.cap))
      tell(
        fold,
        `${at}/allow/${index}/cap`,
        `there is no capability "${entry.cap}"`,
        meantOr(entry.cap, allCapabilities),
      );
    return { ...originOf(fold, `${at}/allow/${index}`, entry), cap: entry.cap };
  });
  return [...parent.filter(({ cap }) => !gone.has(cap)), ...added];
}

function foldPass(parent: Process['pass'], env: NonNullable<ProcessSection['env']>, fold: Fold): Process['pass'] {
  const gone = new Set(env.remove ?? []);
  const present = new Set(parent.flatMap(({ names }) => names));
  (env.remove ?? []).forEach((name, index) => {
    if (!present.has(name))
      tell(fold, `/process/env/remove/${index}`, `nothing inherited passes ${name}`, 'remove this entry');
  });
  const kept = parent
    .map((grant) => ({ ...grant, names: grant.names.filter((name) => !gone.has(name)) }))
    .filter(({ names }) => names.length > 0);
  const added = (env.pass ?? []).map((entry, index) => ({
    ...originOf(fold, `/process/env/pass/${index}`, entry),
    names: entry.names,
  }));
  return [...kept, ...added];
}

/** `parent` with what `section` adds and overrides. Faults go into `fold`. */
export function foldNetwork(parent: Network, section: PolicyFile['network'], fold: Fold): Network {
  if (section === undefined) return parent;
  const listen = (section.listen ?? []).map(({ port, protocol, publish, ...entry }, index) => ({
    ...originOf(fold, `/network/listen/${index}`, entry),
    port,
    protocol,
    publish,
  }));
  const connect = (section.connect ?? []).map(({ host, port, protocol, ...entry }, index) => ({
    ...originOf(fold, `/network/connect/${index}`, entry),
    host,
    port,
    protocol,
  }));
  const mode = section.mode ?? parent.mode;
  for (const [key, entries] of Object.entries({ listen, connect }))
    if (mode === 'none' && entries.length > 0)
      tell(fold, `/network/${key}`, `network mode none has nothing to ${key} on`, 'set "mode" or remove these entries');
  return { mode, listen: [...parent.listen, ...listen], connect: [...parent.connect, ...connect] };
}

/** `parent` with what `section` overrides. */
export function foldResources(parent: Resources, section: PolicyFile['resources'], fold: Fold): Resources {
  if (section === undefined) return parent;
  if (section.memory !== undefined && bytesOf(section.memory) === 0n)
    tell(fold, '/resources/memory', 'no program runs without memory', 'name a size, such as 256MiB');
  return {
    memory: section.memory === undefined ? parent.memory : bytesOf(section.memory),
    swap: section.swap === undefined ? parent.swap : bytesOf(section.swap),
    pids: section.pids ?? parent.pids,
    cpuMillis: section.cpu === undefined ? parent.cpuMillis : cpuMillisOf(section.cpu),
    wallSeconds: section.time === undefined ? parent.wallSeconds : secondsOf(section.time),
  };
}

/** `parent` with what `section` overrides. The supervisor takes a quota of 0 for none. */
export function foldAudit(
  parent: PolicyMeaning['audit'],
  section: PolicyFile['audit'],
  fold: Fold,
): PolicyMeaning['audit'] {
  const quota = section?.quota === undefined ? parent.quota : (bytesOf(section.quota) ?? 0n);
  if (quota === 0n) tell(fold, '/audit/quota', 'a trail of no bytes records nothing', 'name a size, such as 64MiB');
  return { quota, durability: section?.durability ?? parent.durability };
}

function cpuMillisOf(text: string): number | undefined {
  if (text === 'unlimited') return undefined;
  return text.endsWith('m') ? Number(text.slice(0, -1)) : Number(text) * 1000;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

function secondsOf(text: string): number | undefined {
  if (text === 'unlimited') return undefined;
  return Number(text.slice(0, -1)) * (SECONDS[text.slice(-1)] ?? 1);
}
