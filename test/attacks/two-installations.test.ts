/** A plan is kept for the installation that made it: another one's launcher would refuse it, again and again. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { stageProduct, userRequirement } from '../support/user.js';

const test = suite('attacks: two installations');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

test.needs(needs, 'the same words run with either, also where plans are kept', () => {
  const other = stageProduct();
  const words = ground.runWords(['echo', 'ran']);
  for (const { program } of [ground.product, other, ground.product, other]) {
    const { status, stdout, stderr } = ground.user.run([program, ...words]);
    assert.is(stdout.toString(), 'ran\n', stderr);
    assert.is(status, 0);
  }
  other.remove();
});

test.run();
