/** A thousand runs in a row and fifty at once leave as little behind as one. */
import { join } from 'node:path';
import { belongingsOf, faultsOf, faultsOfTrails, median, runMany } from '../faults/many.js';
import { launchGround } from '../support/launch.js';
import { systemGround } from '../support/system-ground.js';
import type { TestUser } from '../support/user.js';
import type { Part, Soaked } from './parts.js';

const IN_A_ROW = 1000;
const AT_ONCE = 50;
const MARK = 'the workload ran\n';

export const runsPart: Part = {
  name: 'runs',
  about: `${IN_A_ROW} runs in a row and ${AT_ONCE} at once, by the launcher alone and by sandbox run`,
  async run() {
    const ground = launchGround({ subordinateIds: true, cgroups: process.getuid?.() === 0 });
    const system = systemGround();
    try {
      const launches = await soakRuns(
        ground.user,
        ground.plan(['mark']).command,
        ground.stateDirectory,
        ground.cgroupFolders,
      );
      const command = [system.product.program, ...system.runWords(['tiny_workload', 'mark'])];
      const runs = await soakRuns(system.user, command, join(system.user.home, '.local/state/sandbox'), []);
      return {
        figures: `launcher ${launches.figures}; sandbox run ${runs.figures}`,
        faults: [...launches.faults, ...runs.faults],
      };
    } finally {
      ground.remove();
      system.remove();
    }
  },
};

async function soakRuns(
  user: TestUser,
  command: readonly string[],
  state: string,
  cgroupFolders: readonly string[],
): Promise<Soaked> {
  await runMany(user, command, 2, 1);
  const before = await belongingsOf(user, cgroupFolders);
  const row = await runMany(user, command, IN_A_ROW, 1);
  const begun = performance.now();
  const crowd = await runMany(user, command, AT_ONCE, AT_ONCE);
  const crowdMs = performance.now() - begun;
  const after = await belongingsOf(user, cgroupFolders);
  const faults = [
    ...faultsOf([...row, ...crowd], MARK),
    ...(JSON.stringify(after) === JSON.stringify(before)
      ? []
      : [`before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`]),
    ...faultsOfTrails(state, 2 + IN_A_ROW + AT_ONCE),
  ];
  const each = median(row.map(({ ms }) => ms)).toFixed(1);
  return {
    figures: `${each} ms each (median of ${row.length}), ${AT_ONCE} at once in ${crowdMs.toFixed(0)} ms`,
    faults,
  };
}
