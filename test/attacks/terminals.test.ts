/** S18: what all runs of the machine share is bounded for each: pseudo-terminals, of which there are few thousand. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { userRequirement } from '../support/user.js';

const test = suite('attacks: terminals');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

/** Each child keeps terminals open, or gives up; when all have done so, the folder shows how many there are. */
const OPEN = [3, 4, 5, 6, 7, 8].map((descriptor) => `${descriptor}<>/dev/ptmx`).join(' ');
const TAKE_ALL = `
  for i in $(seq 20); do
    ( (exec ${OPEN}; : >/tmp/done$i; exec sleep 1000) || : >/tmp/done$i) 2>/dev/null &
  done
  until [ $(ls /tmp | grep -c '^done') -eq 20 ]; do sleep 0.1; done
  ls /dev/pts | grep -c '^[0-9]'`;

test.needs(needs, 'one run cannot take the terminals of the others', () => {
  for (const profile of ['strict', 'default']) {
    const taken = Number(ground.inside(TAKE_ALL, { flags: ['--profile', profile] }));
    assert.ok(taken > 0, 'some can be had');
    assert.ok(taken <= 64, `${profile}: ${taken} terminals`);
  }
});

test.run();
