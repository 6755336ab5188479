/** Runs the program that tries the kernel's mechanisms, with the ids and groups that a launch would get. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IdRange } from '../base/id-map.js';
import type { Trial } from './diagnosis.js';
import { HostError } from './errors.js';
import type { CgroupPlacement, HostFacts } from './facts.js';

const LIMIT_MS = 180_000;
/** What a trial sets: small, but no process of the trial comes near it. Version 2, version 1. */
const LIMITS = {
  memory: { v2: ['memory.max', '67108864'], v1: ['memory.limit_in_bytes', '67108864'] },
  pids: { v2: ['pids.max', '20'], v1: ['pids.max', '20'] },
  cpu: { v2: ['cpu.max', '20000 100000'], v1: ['cpu.cfs_quota_us', '20000'] },
} as const;
/** How native/doctor/enter.c names it. */
const NAMESPACE_STEP = 'a new user namespace';
const CONTROLLERS = ['memory', 'pids', 'cpu'] as const;

/**
 * Tries every mechanism of the kernel, below `folder` for what needs files
 * (it should be on the store's file system). Nothing is left behind.
 *
 * @throws {HostError} HOST_DOCTOR_FAILED
 */
export function tryKernel(program: string, facts: HostFacts, folder: string): readonly Trial[] {
  const place = mkdtempSync(join(folder, 'sandbox-doctor-'));
  try {
    for (const name of ['lower', 'lower/folder', 'second', 'mount']) mkdirSync(join(place, name));
    writeFileSync(join(place, 'lower/file'), '');
    // Inner ids have to pass through, whatever the caller's umask is.
    for (const name of ['', 'lower', 'lower/folder', 'lower/file', 'second', 'mount'])
      chmodSync(join(place, name), 0o755);
    return [...runTrials(program, facts, place), ...groupsWithoutTrial(facts.cgroup)];
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function runTrials(program: string, facts: HostFacts, place: string): readonly Trial[] {
  const { idMap, newuidmap = '', newgidmap = '' } = facts;
  const ids = [idMap.method, rangesOf(idMap.uid), rangesOf(idMap.gid), newuidmap, newgidmap];
  const ended = spawnSync(program, [...ids, place, ...groupArguments(facts.cgroup)], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {},
  });
  if (ended.error !== undefined || ended.status !== 0) {
    throw new HostError('HOST_DOCTOR_FAILED', `${program} did not end as it should`, {
      why: ended.error?.message ?? (ended.stderr.trim() || `it ended with ${ended.signal ?? ended.status}`),
      hint: 'build the product (scripts/build) and try again',
      cause: ended.error,
    });
  }
  return ended.stdout.split('\n').filter(Boolean).map(readTrial);
}

type Line = Pick<Trial, 'name' | 'available' | 'how'> & {
  readonly step: string;
  readonly error: string;
  readonly value: number;
};

function readTrial(text: string): Trial {
  const { name, available, how, step, error, value } = JSON.parse(text) as Line;
  const version = value > 0 ? `version ${value}` : 'it works';
  return {
    name,
    available,
    how,
    found: available ? version : `${step}: ${error || 'not as it should be'}`,
    error: error || undefined,
    withoutNamespace: step === NAMESPACE_STEP,
  };
}

const rangesOf = (ranges: readonly IdRange[]): string =>
  ranges.map(({ inner, outer, count }) => `${inner}:${outer}:${count}`).join(',');

function groupArguments(cgroup: CgroupPlacement): readonly string[] {
  return CONTROLLERS.flatMap((controller) => {
    const parent = parentOf(cgroup, controller);
    if (parent === undefined || cgroup.kind === 'none') return [];
    return [controller, parent, ...LIMITS[controller][cgroup.kind]];
  });
}

function groupsWithoutTrial(cgroup: CgroupPlacement): readonly Trial[] {
  return CONTROLLERS.filter((controller) => parentOf(cgroup, controller) === undefined).map((controller) => ({
    name: `cgroup-${controller}`,
    available: false,
    how: 'looking for a group in which this user may make groups',
    found: cgroup.kind === 'none' ? cgroup.why : `no group with the controller ${controller} is writable for this user`,
  }));
}

function parentOf(cgroup: CgroupPlacement, controller: string): string | undefined {
  switch (cgroup.kind) {
    case 'v2':
      return cgroup.controllers.includes(controller) ? cgroup.parent : undefined;
    case 'v1':
      return cgroup.parents[controller];
    case 'none':
      return undefined;
  }
}
