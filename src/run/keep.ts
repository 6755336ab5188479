/** What a plan depends on, so that the next run of the same words may use it again. */
import { join } from 'node:path';
import { installationRoot } from '../base/installation.js';
import type { HostFacts } from '../host/facts.js';
import type { PlanInputs } from '../launch/cache.js';
import { encodePlan } from '../launch/encode.js';
import { type LaunchInputs, planLaunch } from '../launch/plan.js';
import { INSTALLED_CEILING } from '../policy/ceiling.js';

/** Signatures and exceptions are judged by the clock: a plan is never older than this. */
const LONGEST_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Files of the host that the id map and the helpers come from, and what shows AppArmor's policy. */
export const hostInputs = ({ newuidmap, newgidmap, apparmorPolicy }: HostFacts): readonly string[] =>
  ['/etc/subuid', '/etc/subgid', '/etc/passwd', newuidmap, newgidmap, ...apparmorPolicy.inputs].filter(
    (path) => path !== undefined,
  );

/** Our own files: another version makes other plans. */
export const productInputs = ({ programs }: LaunchInputs): readonly string[] => [
  ...programs.map(({ path }) => path),
  join(installationRoot, 'package.json'),
  join(installationRoot, 'build/src/cli/main.js'),
  join(installationRoot, 'build/bundle/cli/program.cjs'),
  INSTALLED_CEILING,
];

/**
 * The plan for the image's own command and its inputs, for no longer than `signedUntil` and only while the file
 * of the `certificate` is there; undefined for a run on a
 * terminal, which is looked at each time.
 */
export function keepable(
  inputs: LaunchInputs,
  files: readonly string[],
  now: Date,
  signedUntil: Date | undefined,
  certificate: string,
): { readonly plan: Uint8Array; readonly inputs: PlanInputs } | undefined {
  const { rootFs, options } = inputs;
  if (options.terminal) return undefined;
  const { entrypoint, command } = rootFs.configuration;
  const hasDefault = options.entrypoint === undefined && entrypoint.length + command.length > 0;
  // Without a command of its own an image gets one from the command line: any word stands for it here.
  const plan = planLaunch({ ...inputs, options: { ...options, command: hasDefault ? [] : ['true'] } });
  const midnight = (Math.floor(now.getTime() / DAY_MS) + 1) * DAY_MS;
  const until = new Date(Math.min(now.getTime() + LONGEST_MS, midnight, signedUntil?.getTime() ?? midnight));
  const { cgroupFolders: places } = inputs.host;
  return {
    plan: encodePlan(plan),
    inputs: { files, folders: [...rootFs.layers, certificate], places, startedAt: now, until, hasDefault },
  };
}
