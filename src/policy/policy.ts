/**
 * A resolved policy: what a chain of files means together, for any host.
 *
 * Built by resolvePolicy() alone. Every rule keeps the file and pointer that
 * brought it in, and why: records, `explain` and reports name them.
 */
import { canonicalJson, type Json } from '../base/canonical-json.js';
import { type Digest, digestOf } from '../base/digest.js';
import type { Control, MountFlags } from './compiled.js';
import type { Conjunction } from './conjunction.js';
import type { PolicyFile } from './read.js';

type Section<Name extends keyof PolicyFile> = NonNullable<PolicyFile[Name]>;
export type PathAccess = NonNullable<Section<'filesystem'>['allow']>[number]['access'][number];
export type RlimitName = keyof NonNullable<Section<'process'>['rlimits']>;
export type Level = 'required' | 'preferred';

/** Where a rule stands and why. */
export type Origin = {
  /** File and JSON pointer, such as `strict.json#/syscalls/forbid/2`. */
  readonly rule: string;
  readonly why: string;
  readonly owner?: string | undefined;
  readonly ticket?: string | undefined;
  readonly expires?: string | undefined;
};

/** Call → alternatives, of which one must hold; `[[]]`: every call. */
export type Calls = Readonly<Record<string, readonly Conjunction[]>>;
export type CallRule = Origin & { readonly group?: string | undefined; readonly calls: Calls };
export type ForbidRule = CallRule & { readonly action: 'errno' | 'kill-process'; readonly errno: string };
export type AnswerRule = CallRule & { readonly errno: string };
export type NamedErrno = { readonly errno: string; readonly rule: string };

export type Syscalls = {
  readonly edition: string;
  readonly onDeny: NamedErrno;
  readonly onUnknown: NamedErrno;
  readonly onForeign: NamedErrno;
  readonly allow: readonly CallRule[];
  readonly forbid: readonly ForbidRule[];
  readonly observe: readonly CallRule[];
  readonly answers: readonly AnswerRule[];
  readonly quiet: readonly AnswerRule[];
};

export type Scratch = Origin & {
  readonly path: string;
  readonly size: bigint;
  readonly files: number;
  readonly mode: number;
  readonly flags: MountFlags;
};
export type BindMount = Origin & {
  readonly from: string;
  readonly to: string;
  readonly access: 'read-only' | 'read-write';
  readonly flags: MountFlags;
};
export type PathRule = Origin & { readonly paths: readonly string[]; readonly access: readonly PathAccess[] };
export type PathList = Origin & { readonly paths: readonly string[] };

export type Filesystem = {
  readonly root: 'read-only' | 'writable';
  readonly rootSize: bigint;
  readonly proc: 'none' | 'pids' | 'masked';
  readonly dev: 'none' | 'minimal';
  readonly shmSize: bigint;
  readonly scratch: readonly Scratch[];
  readonly mounts: readonly BindMount[];
  readonly allow: readonly PathRule[];
  readonly mask: readonly PathList[];
  readonly readOnly: readonly PathList[];
};

export type Process = {
  readonly user: {
    readonly uid: 'nonzero' | 'any';
    readonly otherwise: { readonly uid: number; readonly gid: number };
  };
  readonly capabilities: readonly (Origin & { readonly cap: string })[];
  readonly rlimits: Readonly<Partial<Record<RlimitName, number>>>;
  readonly pass: readonly (Origin & { readonly names: readonly string[] })[];
  readonly set: Readonly<Record<string, string>>;
};

export type Resources = {
  /** undefined: no bound. */
  readonly memory: bigint | undefined;
  readonly swap: bigint | undefined;
  readonly pids: number;
  readonly cpuMillis: number | undefined;
  readonly wallSeconds: number | undefined;
};

export type Network = {
  readonly mode: 'none' | 'private' | 'host';
  readonly listen: readonly (Origin & {
    readonly port: number;
    readonly protocol: string;
    readonly publish?: string | undefined;
  })[];
  readonly connect: readonly (Origin & { readonly host: string; readonly port: number; readonly protocol: string })[];
};

/** Everything that decides what a run may do: of this the digest is taken. */
export type PolicyMeaning = {
  readonly apiVersion: 1;
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly stability: 'draft' | 'stable' | 'frozen';
  /** The policies that this one extends, the nearest last. */
  readonly parents: readonly { readonly name: string; readonly version: string; readonly digest: Digest }[];
  readonly requires: Readonly<Record<Control, Level>>;
  readonly image: { readonly signature: 'required' | 'optional'; readonly pinDigest: boolean };
  readonly process: Process;
  readonly filesystem: Filesystem;
  readonly syscalls: Syscalls;
  readonly network: Network;
  readonly resources: Resources;
  readonly audit: { readonly quota: bigint; readonly durability: 'batch' | 'sync' };
  readonly controls: Readonly<Record<string, readonly string[]>>;
  readonly lock: readonly { readonly pointer: string; readonly rule: string }[];
};

export type Policy = PolicyMeaning & {
  readonly digest: Digest;
  /** The canonical text of the meaning, of which `digest` is the digest. */
  readonly canonical: string;
  /** Every file that was read for it, absolute: inputs of whatever is kept of the policy. */
  readonly files: readonly string[];
};

/** `meaning` with its one text and digest. */
export function sealPolicy(meaning: PolicyMeaning, files: readonly string[]): Policy {
  const canonical = canonicalJson(plain(meaning));
  return { ...meaning, canonical, digest: digestOf(canonical), files };
}

/** 64-bit numbers as text, what is undefined left out. */
function plain(value: unknown): Json {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value;
  if (Array.isArray(value)) return value.map(plain);
  const members = Object.entries(value as object).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, plain(member)]));
}
