/** The filter of each shipped policy does what the policy says: by definition, by simulation, in the live kernel. */
import * as assert from 'uvu/assert';
import { filterOf, refusalsOf } from '../../src/policy/rules.js';
import { findDisagreement } from '../../src/seccomp/agree.js';
import { compileChecked } from '../../src/seccomp/checked.js';
import { restateForLibseccomp } from '../../src/seccomp/restate.js';
import { simulate } from '../../src/seccomp/simulate.js';
import { compareLive, tellingCalls } from '../support/live-kernel.js';
import { suite } from '../support/suite.js';
import { meant } from './meaning.js';
import { shipped } from './shipped.js';

const test = suite('filters of shipped policies');
/** The launch plan holds so many. */
const MOST_REFUSALS = 2048;
const MOST_CONDITIONS = 4096;

for (const { name, syscalls } of shipped) {
  const filter = filterOf(syscalls);
  const program = compileChecked(filter);
  const calls = tellingCalls(filter);

  test(`${name}: libseccomp gets the rules as they are`, () => assert.is(restateForLibseccomp(filter), filter));
  test(`${name}: the program agrees with the filter`, () => {
    assert.is(findDisagreement(filter, program), undefined);
  });
  test(`${name}: on every number 0 to 600, x32, i386 and telling argument the program does what the rules say`, () => {
    assert.ok(calls.length >= 5000, String(calls.length));
    const wrong = calls.filter((call) => simulate(program, call) !== meant(syscalls, call));
    assert.equal(wrong.slice(0, 3), []);
  });
  test(`${name}: the live kernel says the same for ${calls.length} calls`, () => {
    const { verdicts, differing } = compareLive(program, calls);
    assert.equal(differing.slice(0, 3), []);
    assert.ok(verdicts.has('allow') && verdicts.has('notify'));
  });
  test(`${name}: every refusal names a rule of a file`, () => {
    const refusals = refusalsOf(syscalls);
    assert.ok(refusals.length <= MOST_REFUSALS);
    assert.ok(refusals.reduce((sum, { when }) => sum + when.length, 0) <= MOST_CONDITIONS);
    for (const { rule } of refusals)
      assert.match(rule, /^[a-z]+\.json#\/syscalls\/(forbid|observe|answers|allow)\/\d+/);
  });
}

test.run();
