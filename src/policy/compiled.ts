/**
 * What a policy means for this host, mechanism by mechanism: the last form
 * before the launch plan. Built by compilePolicy() alone, trusted afterwards.
 */
import type { Digest } from '../base/digest.js';
import type { BpfProgram, Condition, Filter } from '../seccomp/filter.js';
import type { Certified } from './certificate.js';

export type MountFlags = { readonly noexec: boolean; readonly nosuid: boolean; readonly nodev: boolean };

/** One thing done to the mount namespace, in the order of the list. Targets are absolute, inside the new root. */
export type MountOperation =
  | {
      readonly kind: 'tmpfs';
      readonly target: string;
      readonly sizeBytes: bigint;
      readonly maxFiles: number;
      /** Permission bits, such as 0o1777. */
      readonly mode: number;
      readonly flags: MountFlags;
    }
  | {
      readonly kind: 'bind';
      /** Absolute, on the host. */
      readonly source: string;
      readonly target: string;
      readonly access: 'read-only' | 'read-write';
      readonly flags: MountFlags;
    }
  /** /proc; with `subsetPid` only the process folders. */
  | { readonly kind: 'proc'; readonly subsetPid: boolean }
  /** A tmpfs on /dev with null, zero, full, random, urandom, tty, pts, ptmx, shm, fd, stdin, stdout, stderr. */
  | { readonly kind: 'dev'; readonly shmSizeBytes: bigint }
  /** Hides a path if it exists: /dev/null over a file, an empty read-only tmpfs over a folder. */
  | { readonly kind: 'mask'; readonly target: string }
  /** Makes an existing path read-only. */
  | { readonly kind: 'read-only'; readonly target: string };

/** What the supervisor answers to a call that the filter hands it. The first entry whose conditions hold decides. */
export type Refusal = {
  readonly syscall: string;
  readonly nr: number;
  /** And-bound; empty: always. */
  readonly when: readonly Condition[];
  readonly answer:
    | { readonly kind: 'errno'; readonly errno: number }
    | { readonly kind: 'kill' }
    /** Recorded and let through: only where no argument in memory matters. */
    | { readonly kind: 'continue' };
  /** File and JSON pointer, such as `strict.json#/syscalls/forbid/2`. */
  readonly rule: string;
};

export type DefaultAnswer = { readonly errno: number; readonly rule: string };

/** Bit N stands for capability N of capability.h. */
export type CapabilitySets = {
  readonly bounding: bigint;
  readonly permitted: bigint;
  readonly effective: bigint;
  readonly inheritable: bigint;
  readonly ambient: bigint;
};

export type LandlockRuleset = {
  /** LANDLOCK_ACCESS_FS_* that are denied unless a rule grants them, cut to what this kernel's ABI knows. */
  readonly handledFs: bigint;
  readonly handledNet: bigint;
  readonly scoped: bigint;
  readonly rules: readonly (
    | { readonly kind: 'path'; readonly path: string; readonly access: bigint }
    | { readonly kind: 'port'; readonly port: number; readonly access: bigint }
  )[];
};

export type Control =
  | 'user-namespace'
  | 'mount-namespace'
  | 'pid-namespace'
  | 'network-namespace'
  | 'ipc-namespace'
  | 'uts-namespace'
  | 'cgroup-namespace'
  | 'id-map'
  | 'subordinate-ids'
  | 'root'
  | 'capabilities'
  | 'no-new-privileges'
  | 'seccomp'
  | 'landlock'
  | 'apparmor'
  | 'cgroup'
  | 'resource-limits';

export type ResourceLimit = {
  readonly name: string;
  readonly resource: number;
  readonly soft: bigint;
  readonly hard: bigint;
};

/** What a cgroup bounds, and what the rlimit twin bounds instead where there is none. `undefined`: no bound. */
export type Limits = {
  readonly memoryBytes: bigint | undefined;
  readonly swapBytes: bigint | undefined;
  readonly processes: number | undefined;
  /** Thousandths of one processor. */
  readonly cpuMillis: number | undefined;
  readonly wallSeconds: number | undefined;
  /** setrlimit(2) by resource number; the twins of the above are among them. */
  readonly rlimits: readonly ResourceLimit[];
};

export type CompiledPolicy = {
  readonly name: string;
  readonly digest: Digest;
  /** The resolved policy's canonical text, of which `digest` is the digest. */
  readonly canonical: string;
  readonly filter: Filter;
  readonly program: BpfProgram;
  /** What was checked of `program` before it may be used. */
  readonly certificate: Certified;
  readonly refusals: readonly Refusal[];
  /** Answers to calls that no entry of `refusals` decides: known to the edition, unknown to it, of another ABI. */
  readonly onDeny: DefaultAnswer;
  readonly onUnknown: DefaultAnswer;
  readonly onForeign: DefaultAnswer;
  /** Numbers of every call that the edition knows. */
  readonly knownCalls: readonly number[];
  readonly capabilities: CapabilitySets;
  readonly landlock: LandlockRuleset;
  readonly apparmor: {
    readonly profileName: string;
    readonly text: string;
    readonly gaps: readonly string[];
    /** How a run gets it. */
    readonly use:
      | { readonly kind: 'loaded' }
      | {
          readonly kind: 'own';
          readonly namespace: string;
          /** Ends with the place of the run's id. */
          readonly profileName: string;
          /** As the kernel takes it. */
          readonly program: Uint8Array;
        }
      | { readonly kind: 'none'; readonly why: string };
  };
  readonly root: 'read-only' | 'writable';
  /** Size of the memory that holds what is written to a writable root. */
  readonly rootSizeBytes: bigint;
  readonly mounts: readonly MountOperation[];
  readonly limits: Limits;
  readonly user: {
    /** `nonzero`: uid 0 is refused; `any`: root inside the user namespace is possible. */
    readonly uid: 'nonzero' | 'any';
    /** Used where the image says root or nothing. */
    readonly otherwise: { readonly uid: number; readonly gid: number };
  };
  readonly environment: {
    /** Names passed from the caller's environment. */
    readonly pass: readonly string[];
    readonly set: Readonly<Record<string, string>>;
  };
  readonly image: { readonly signature: 'required' | 'optional'; readonly pinDigest: boolean };
  readonly network: 'none';
  readonly required: readonly Control[];
  readonly preferred: readonly Control[];
  readonly audit: { readonly quotaBytes: bigint; readonly durability: 'batch' | 'sync' };
};
