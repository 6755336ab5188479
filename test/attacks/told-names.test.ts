/** What an image chooses is told without steering the terminal, and stands in nobody's way. */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { userRequirement } from '../support/user.js';

const test = suite('attacks: names that an image chooses');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

test.needs(needs, 'a command that is not there is named in printable ASCII', () => {
  const hostile = 'a\u001b[31m\u009b2J\u202eb\u0085\n';
  const image = ground.withTools('hostile', { layers: [], config: { Entrypoint: [hostile] } });
  for (const command of [[], ['x']]) {
    const { status, stderr } = ground.run(command, { image });
    assert.is(status, 127);
    assert.match(stderr, /^sandbox: COMMAND_NOT_FOUND: a[?]/);
    assert.match(stderr, /^[\n -~]*$/);
  }
});

for (const { title, etc } of [
  { title: 'a link to nothing', etc: [{ name: 'etc/hosts', type: 'link' as const, target: '../run/hosts' }] },
  { title: 'a link to itself', etc: [{ name: 'etc/hostname', type: 'link' as const, target: 'hostname' }] },
]) {
  test.needs(needs, `${title} in the place of a file of ours is left alone`, () => {
    const layers = [[{ name: 'etc', type: 'folder' as const }, ...etc]];
    const image = ground.withTools(title.replaceAll(' ', '-'), { layers });
    const { status, stdout } = ground.run(['echo', 'ran'], { image });
    assert.is(stdout.toString(), 'ran\n');
    assert.is(status, 0);
  });
}

test.run();
