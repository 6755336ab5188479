/** Measures every attempt in every place, as the table needs it. */
import { rmSync } from 'node:fs';
import { layOut, type Results, runAsRoot, runOutside, runUnderBwrap } from '../support/probe.js';
import { makeProbeRoot, runUnderStrict, type StrictRun } from '../support/strict-probe.js';
import { stageProduct, testUser } from '../support/user.js';

export type Measurement = {
  readonly outside: Results;
  readonly bwrap: Results;
  readonly root: Results | undefined;
  readonly strict: StrictRun;
};

/** Takes about a minute, and leaves nothing behind. */
export async function measureAttempts(): Promise<Measurement> {
  const product = stageProduct();
  const user = testUser({ subordinateIds: true });
  const surroundings = await layOut(user);
  const root = makeProbeRoot(user, surroundings);
  try {
    const outside = runOutside(user, surroundings);
    return {
      outside,
      bwrap: runUnderBwrap(user, surroundings),
      root: runAsRoot(),
      strict: runUnderStrict(product, user, surroundings, root, outside),
    };
  } finally {
    rmSync(root, { recursive: true, force: true });
    await surroundings.remove();
    user.remove();
    product.remove();
  }
}

/** Attempts of which the trail has a record: refused by the filter, or let through on purpose. */
export function recordedAttempts({ strict }: Measurement): ReadonlySet<string> {
  return new Set([...strict.results.keys()].filter((id) => strict.recordsOf(id).length > 0));
}
