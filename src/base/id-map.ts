/**
 * How ids inside a sandbox stand for ids of the host.
 *
 * @see user_namespaces(7), "User and group ID mappings"; subuid(5); newuidmap(1)
 */
export type IdRange = {
  /** First id as seen inside. */
  readonly inner: number;
  /** First id as the host sees it. */
  readonly outer: number;
  readonly count: number;
};

export type IdMap = {
  /**
   * `subordinate`: written by newuidmap and newgidmap from /etc/subuid, /etc/subgid.
   * `direct`: written by the launcher itself, which is the host's root.
   * `single`: one id, the user's own; there are no subordinate ids.
   */
  readonly method: 'subordinate' | 'direct' | 'single';
  readonly uid: readonly IdRange[];
  readonly gid: readonly IdRange[];
};
