/** A host that lacks nothing: for what is asked of a policy apart from any host. */
import type { HostFacts } from '../host/facts.js';
import { NEWEST_ABI } from '../landlock/rights.js';

export const IDEAL_HOST: HostFacts = {
  kernelRelease: '',
  user: { uid: 1000, gid: 1000, name: '' },
  landlockAbi: NEWEST_ABI,
  apparmor: true,
  apparmorPolicy: { visible: true, profiles: 'every', namespace: undefined, parser: undefined, inputs: [] },
  idMap: { method: 'subordinate', uid: [], gid: [] },
  idMapRemark: undefined,
  newuidmap: undefined,
  newgidmap: undefined,
  cgroup: { kind: 'v2', parent: '', controllers: ['cpu', 'memory', 'pids'] },
  cgroupFolders: [],
};
