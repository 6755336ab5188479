/** A policy's bounds on resources, and the resource limits that stand in where the host gives no cgroup. */
import type { HostFacts } from '../host/facts.js';
import type { Limits, ResourceLimit } from './compiled.js';
import type { PolicyMeaning, RlimitName } from './policy.js';

/** RLIMIT_* of x86-64. @see getrlimit(2), asm-generic/resource.h */
const RESOURCES = {
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
} as const satisfies Record<RlimitName | 'data' | 'nproc', number>;

/**
 * The bounds, for a launch on `host`. Where its cgroups bound no memory,
 * RLIMIT_DATA bounds the private memory of each process; where they bound no
 * number of processes, RLIMIT_NPROC does, counted in the run's own user namespace.
 */
export function limitsOf(policy: PolicyMeaning, host: HostFacts): Limits {
  const { memory, swap, pids, cpuMillis, wallSeconds } = policy.resources;
  const twins: ResourceLimit[] = [];
  if (memory !== undefined && !hasController(host, 'memory')) twins.push(limit('data', memory));
  if (!hasController(host, 'pids')) twins.push(limit('nproc', BigInt(pids)));
  const own = Object.entries(policy.process.rlimits) as [RlimitName, number][];
  return {
    memoryBytes: memory,
    swapBytes: swap,
    processes: pids,
    cpuMillis,
    wallSeconds,
    rlimits: [...own.map(([name, value]) => limit(name, BigInt(value))), ...twins].sort(
      (a, b) => a.resource - b.resource,
    ),
  };
}

/** What of `policy` the host's cgroups do not bound, by controller. */
export function unboundedBy(policy: PolicyMeaning, host: HostFacts): string[] {
  const { memory, cpuMillis } = policy.resources;
  const wanted = [...(memory === undefined ? [] : ['memory']), 'pids', ...(cpuMillis === undefined ? [] : ['cpu'])];
  return wanted.filter((controller) => !hasController(host, controller));
}

function hasController({ cgroup }: HostFacts, controller: string): boolean {
  switch (cgroup.kind) {
    case 'none':
      return false;
    case 'v1':
      return cgroup.parents[controller] !== undefined;
    case 'v2':
      return cgroup.controllers.includes(controller);
  }
}

const limit = (name: keyof typeof RESOURCES, value: bigint): ResourceLimit => ({
  name,
  resource: RESOURCES[name],
  soft: value,
  hard: value,
});
