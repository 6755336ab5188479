/** S16: a change to the trail is found, and intact is told apart from complete. */
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ownEverything } from '../support/belongings.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { runsOf, stateOf } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('S16 an altered trail');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;
let runs: readonly string[];

test.before(() => {
  if (needs !== undefined) return;
  ground = systemGround();
  for (const _ of [1, 2, 3]) ground.inside('tiny_workload refuse 3');
  runs = runsOf(ground.user);
});
test.after(() => ground?.remove());

type Answer = { readonly intact: boolean; readonly complete: boolean };
type Told = Answer & { readonly status: number | null };

/** What `audit verify` says of a copy of the user's trails after `change`. */
function verifyAfter(name: string, change: (state: string, trail: string) => void): Told {
  const home = join(ground.user.home, `state-${name}`);
  const state = join(home, 'sandbox');
  cpSync(stateOf(ground.user), state, { recursive: true });
  change(state, join(state, 'runs', runs[1] ?? '', 'trail.jsonl'));
  ownEverything(ground.user, home);
  const { status, stdout, stderr } = ground.sandbox(['audit', 'verify', '--json'], {
    environment: { XDG_STATE_HOME: home },
  });
  assert.is(stderr, '');
  const { intact, complete } = JSON.parse(stdout.toString()) as Answer;
  return { intact, complete, status };
}

const edit = (trail: string, change: (lines: string[]) => readonly string[]): void =>
  writeFileSync(
    trail,
    change(readFileSync(trail, 'utf8').trimEnd().split('\n'))
      .map((line) => `${line}\n`)
      .join(''),
  );

const CHANGES: Readonly<Record<string, (state: string, trail: string) => void>> = {
  'a record altered': (_, trail) => edit(trail, (lines) => lines.map((line) => line.replace('"mount"', '"mkdir"'))),
  'the last record altered': (_, trail) =>
    edit(trail, (lines) =>
      lines.map((line, at) => (at === lines.length - 1 ? line.replace('"status":0', '"status":1') : line)),
    ),
  'a record removed': (_, trail) => edit(trail, (lines) => lines.filter((_line, at) => at !== 3)),
  'a record inserted': (_, trail) => edit(trail, (lines) => [...lines.slice(0, 4), lines[3] ?? '', ...lines.slice(4)]),
  'records in another order': (_, trail) =>
    edit(trail, ([a = '', b = '', c = '', d = '', ...rest]) => [a, b, d, c, ...rest]),
  'half a record cut off': (_, trail) => truncateSync(trail, readFileSync(trail).length - 10),
};

for (const [index, [what, change]] of Object.entries(CHANGES).entries()) {
  test.needs(needs, `${what}: not intact or not complete, and the status says so`, () => {
    const { intact, complete, status } = verifyAfter(`changed-${index}`, change);
    assert.not.ok(intact && complete);
    assert.is.not(status, 0);
    if (what !== 'half a record cut off') assert.not.ok(intact, 'what was written is not what is there');
  });
}

test.needs(needs, 'a whole run removed: found, although no file of it is left', () => {
  const { intact, complete, status } = verifyAfter('removed', (state) =>
    rmSync(join(state, 'runs', runs[1] ?? ''), { recursive: true }),
  );
  assert.not.ok(intact && complete);
  assert.is.not(status, 0);
});

test.needs(needs, 'an end cut off at a record: intact as far as it goes, and not complete', () => {
  const { complete, status } = verifyAfter('cut', (_, trail) => edit(trail, (lines) => lines.slice(0, -1)));
  assert.not.ok(complete);
  assert.is.not(status, 0);
});

test.needs(needs, 'unchanged: intact and complete', () => {
  assert.equal(
    verifyAfter('unchanged', () => undefined),
    { intact: true, complete: true, status: 0 },
  );
});

test.run();
