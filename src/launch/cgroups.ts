/**
 * The policy's limits as values of the run's own cgroups, where the user may
 * make any; elsewhere the resource limits alone stand for them.
 *
 * @see cgroups(7), kernel documentation cgroup-v2.rst and cgroup-v1/
 */
import type { LaunchPlan, PlanCgroup, PlanCgroupValue } from '../../generated/plan-layout.js';
import type { CgroupPlacement } from '../host/facts.js';
import type { Limits } from '../policy/compiled.js';

type CgroupFields = Pick<LaunchPlan, 'cgroup' | 'cgroupValue'>;
type Setting = { readonly controller: string; readonly file: string; readonly value: string };

const PERIOD_MICROS = 100_000;
/** The longest that the kernel takes, for shares of which less than its least quota of 1 ms would be left. */
const LONG_PERIOD_MICROS = 1_000_000;
const PAGE = 4096n;
/** Pid 1 of the sandbox is ours and does not count against the policy's number. */
const OWN_PROCESSES = 1;

export function planCgroups(limits: Limits, placement: CgroupPlacement): CgroupFields {
  switch (placement.kind) {
    case 'none':
      return { cgroup: [], cgroupValue: [] };
    case 'v2': {
      const settings = unifiedSettings(limits).filter(({ controller }) => placement.controllers.includes(controller));
      return {
        cgroup: [{ version: 2, parent: placement.parent }],
        cgroupValue: settings.map(({ file, value }) => ({ index: 0, file, value })),
      };
    }
    case 'v1':
      return planHierarchies(limits, placement.parents);
  }
}

function unifiedSettings(limits: Limits): readonly Setting[] {
  const quota = quotaOf(limits);
  return [
    ...setting('memory', 'memory.max', wholePages(limits.memoryBytes)),
    ...setting('memory', 'memory.swap.max', wholePages(limits.swapBytes)),
    ...setting('pids', 'pids.max', withOwn(limits.processes)),
    ...setting('cpu', 'cpu.max', quota === undefined ? undefined : `${quota} ${periodOf(limits)}`),
  ];
}

function hierarchySettings(limits: Limits): readonly Setting[] {
  const quota = quotaOf(limits);
  return [
    ...setting('memory', 'memory.limit_in_bytes', wholePages(limits.memoryBytes)),
    ...setting('pids', 'pids.max', withOwn(limits.processes)),
    ...setting('cpu', 'cpu.cfs_period_us', quota === undefined ? undefined : periodOf(limits)),
    ...setting('cpu', 'cpu.cfs_quota_us', quota),
  ];
}

function planHierarchies(limits: Limits, parents: Readonly<Record<string, string>>): CgroupFields {
  const cgroup: PlanCgroup[] = [];
  const cgroupValue: PlanCgroupValue[] = [];
  for (const { controller, file, value } of hierarchySettings(limits)) {
    const parent = parents[controller];
    if (parent === undefined) continue;
    let index = cgroup.findIndex((group) => group.parent === parent);
    if (index === -1) index = cgroup.push({ version: 1, parent }) - 1;
    cgroupValue.push({ index, file, value });
  }
  return { cgroup, cgroupValue };
}

/** In microseconds. */
const periodOf = ({ cpuMillis = 1000 }: Limits): number => (cpuMillis < 10 ? LONG_PERIOD_MICROS : PERIOD_MICROS);
/** Microseconds of processor time in a period. */
const quotaOf = (limits: Limits): number | undefined =>
  limits.cpuMillis === undefined ? undefined : (limits.cpuMillis * periodOf(limits)) / 1000;
const setting = (controller: string, file: string, value: bigint | number | string | undefined): readonly Setting[] =>
  value === undefined ? [] : [{ controller, file, value: String(value) }];
const wholePages = (bytes: bigint | undefined): bigint | undefined =>
  bytes === undefined ? undefined : (bytes / PAGE) * PAGE;
const withOwn = (processes: number | undefined): number | undefined =>
  processes === undefined ? undefined : processes + OWN_PROCESSES;
