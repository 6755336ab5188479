/** Ctrl-C while the control plane works: told in a line, with nothing left behind. */
import * as assert from 'uvu/assert';
import { findDebris, settle } from '../support/belongings.js';
import { type Ended, outcomeOf, waitFor } from '../support/processes.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { userRequirement } from '../support/user.js';

const test = suite('interrupted');
const needs = userRequirement({ subordinateIds: true });
const BIG = 96 * 1024 * 1024;
const STACK_TRACE = /\bat (async |new |Object|file:|node:|[\w.<>]+ \()/;
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

/** Runs with an image of this name; Ctrl-C as soon as it is seen being unpacked. */
async function interrupted(name: string): Promise<{ readonly image: string; readonly ended: Ended }> {
  const image = ground.withTools(name, { layers: [[{ name, data: Buffer.alloc(BIG, name) }]] });
  const words = ground.runWords(['true'], { image });
  const child = ground.user.start([ground.product.program, ...words], { detached: true });
  const end = outcomeOf(child);
  const isUnpacking = (): boolean => findDebris(ground.user).some((line) => line.includes('/tmp-'));
  await waitFor(() => (isUnpacking() || child.exitCode !== null ? true : undefined));
  if (child.exitCode === null) process.kill(-(child.pid ?? 0), 'SIGINT');
  return { image, ended: await end };
}

test.needs(needs, 'Ctrl-C while an image is unpacked: 130, a line, and nothing left', async () => {
  let { image, ended } = await interrupted('big-0');
  // On a busy machine all can be done between the look and the signal.
  for (let tries = 1; ended.status === 0 && tries < 10; tries += 1)
    ({ image, ended } = await interrupted(`big-${tries}`));
  const { status, stdout, stderr } = ended;
  assert.is(status, 130, stderr);
  assert.is(stdout.toString(), '');
  assert.match(stderr, /^sandbox: STORE_INTERRUPTED: /);
  assert.not.match(stderr, STACK_TRACE);
  assert.equal(await settle(ground.user), []);
  assert.is(ground.run(['echo', 'ran'], { image }).stdout.toString(), 'ran\n', 'it can be done again');
});

test.run();
