/** What this kernel and this user can do, as far as compiling a policy needs it. Measured by measureHost(). */
import type { IdMap } from '../base/id-map.js';

export type CgroupPlacement =
  | {
      readonly kind: 'v2' /** Folder in which the user may make groups; its controllers are enabled for children. */;
      readonly parent: string;
      readonly controllers: readonly string[];
    }
  | {
      readonly kind: 'v1' /** Controller name → folder in which the user may make groups. */;
      readonly parents: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'none'; readonly why: string };

/** What an administrator has made ready in the kernel. */
export type ApparmorPolicy = {
  /** Whether the kernel's list could be read at all: securityfs is mounted. */
  readonly visible: boolean;
  /** Names of profiles that enforce, of ours; `every`: of a host that lacks nothing. */
  readonly profiles: readonly string[] | 'every';
  /** The policy namespace in which this user may load profiles. */
  readonly namespace: string | undefined;
  /** Absolute path of apparmor_parser. */
  readonly parser: string | undefined;
  /** Files and folders that show what is above; they change, come or go with it. */
  readonly inputs: readonly string[];
};

export type HostFacts = {
  readonly kernelRelease: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly name: string };
  /** 0: the kernel has no Landlock, or it is switched off. */
  readonly landlockAbi: number;
  readonly apparmor: boolean;
  readonly apparmorPolicy: ApparmorPolicy;
  readonly idMap: IdMap;
  /** Why `idMap` is not made of 65536 subordinate ids, where it is not, and what to do about it. */
  readonly idMapRemark: string | undefined;
  readonly newuidmap: string | undefined;
  readonly newgidmap: string | undefined;
  readonly cgroup: CgroupPlacement;
  /** Folders whose owner or absence decided `cgroup`. */
  readonly cgroupFolders: readonly string[];
};
