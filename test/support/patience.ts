/**
 * How long tests wait for what must come about. These limits end what hangs and prove nothing else, so they are far
 * longer than anything takes: the machine may be slow, and busy with other work.
 */

/** An emulated machine, or a slower one, says how much longer everything takes there. */
const PATIENCE = Number(process.env['SANDBOX_TEST_PATIENCE'] ?? 1);

export const patient = (milliseconds: number): number => milliseconds * PATIENCE;
