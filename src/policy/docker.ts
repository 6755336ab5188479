/** A policy's system calls beside those of Docker's default profile: policies/syscalls-docker.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot } from '../base/installation.js';
import { permittedCalls, permittedNames } from './effective.js';
import type { Syscalls } from './policy.js';

export type DockerProfile = {
  readonly source: {
    readonly project: string;
    readonly file: string;
    readonly commit: string;
    readonly licence: string;
    readonly asOf: string;
  };
  /** Let through with some arguments only. */
  readonly conditional: readonly string[];
  /** Let through with at least one argument vector, sorted. */
  readonly calls: readonly string[];
};

export type DockerComparison = {
  /** Such as `moby/profiles cd3bed8 of 2026-11-21`. */
  readonly profile: string;
  /** Calls that each lets through with at least one argument vector. */
  readonly docker: number;
  readonly ours: number;
  readonly onlyDocker: readonly string[];
  readonly onlyOurs: readonly string[];
  /** Let through by both, by ours with some arguments alone and by Docker's with any. */
  readonly narrower: readonly string[];
};

/** Facts about Docker's default profile. The file is the product's own and checked by its tests: it is read as it is. */
export function dockerProfile(): DockerProfile {
  const path = join(installationRoot, 'policies', 'syscalls-docker.json');
  return JSON.parse(readFileSync(path, 'utf8')) as DockerProfile;
}

/** What `syscalls` and Docker's default profile let through that the other does not. */
export function compareWithDocker(syscalls: Syscalls): DockerComparison {
  const { source, calls, conditional } = dockerProfile();
  const theirs = new Set(calls);
  const ours = permittedNames(syscalls);
  const isConditional = (call: string): boolean => permittedCalls(syscalls, call).every((when) => when.length > 0);
  return {
    profile: `${source.project} ${source.commit} of ${source.asOf}`,
    docker: calls.length,
    ours: ours.length,
    onlyDocker: calls.filter((call) => !ours.includes(call)),
    onlyOurs: ours.filter((call) => !theirs.has(call)),
    narrower: ours.filter((call) => theirs.has(call) && !conditional.includes(call) && isConditional(call)),
  };
}
