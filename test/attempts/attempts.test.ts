/** What every attempt meets under `strict`, held against audit/attempts.tsv and the trail. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { permittedNames } from '../../src/policy/effective.js';
import { loadPolicy } from '../../src/policy/resolve.js';
import { isSyscall } from '../../src/seccomp/syscalls.js';
import { type Attempt, listAttempts, type Result, seenFromOutside } from '../support/probe.js';
import { suite } from '../support/suite.js';
import { userRequirement } from '../support/user.js';
import { type Measurement, measureAttempts, recordedAttempts } from './measure.js';
import { boundedByCgroup, meantToBeAllowed, PROVES_NOTHING, type Row, readTable, verdictOf } from './table.js';

const LIMIT_MS = 1_500_000;
const test = suite('attempts', LIMIT_MS);
const published = join(installationRoot, '../shared/attempts/public.tsv');
const attempts = listAttempts();
const table: ReadonlyMap<string, Row> = new Map(readTable().map((row) => [row.id, row]));
const requirement =
  userRequirement({ subordinateIds: true }) ??
  (spawnSync('bwrap', ['--version']).status === 0 ? undefined : 'bubblewrap');
let measurement: Promise<Measurement> | undefined;
/** Measured once, by the first test that needs it. */
const measured = (): Promise<Measurement> => (measurement ??= measureAttempts());

test('the table has a row for each attempt of the probe, and no other', () => {
  const said = attempts.map(({ id, category, call, what }) => [id, category, call, what]);
  assert.equal(
    [...table.values()].map(({ id, category, call, what }) => [id, category, call, what]),
    said,
  );
  assert.is(new Set(attempts.map(({ id }) => id)).size, attempts.length);
});

test('the table marks what proves nothing, and says why for each attempt that strict allows', () => {
  for (const row of table.values()) {
    const places = [row.bwrap, row.outside, row.root].map(verdictOf);
    const isAllowed = verdictOf(row.strict) === 'allowed';
    if (isAllowed) assert.is(row.note, meantToBeAllowed.get(row.id) ?? boundedByCgroup.get(row.id), row.id);
    else assert.is(row.note.startsWith(PROVES_NOTHING.slice(0, 15)), !places.includes('allowed'), row.id);
  }
});

test.needs(existsSync(published) ? undefined : '../shared/attempts', 'the probe has every published attempt', () => {
  const [, ...lines] = readFileSync(published, 'utf8').trimEnd().split('\n');
  for (const line of lines) {
    const [id = '', category, call, what] = line.split('\t');
    const row = table.get(id);
    assert.equal([row?.category, row?.call, row?.what], [category, call, what], id);
  }
});

test.needs(requirement, 'no attempt ends in an errno that it does not expect', async () => {
  const { outside, bwrap, root, strict } = await measured();
  for (const results of [outside, bwrap, strict.results, root ?? new Map<string, Result>()])
    assert.equal(
      [...results.values()].filter(({ verdict }) => verdict === 'error'),
      [],
    );
});

test.needs(requirement, 'outside, what the table says is allowed gets through', async () => {
  const { outside } = await measured();
  for (const { id, outside: cell } of table.values())
    if (verdictOf(cell) === 'allowed') assert.is.not(outside.get(id)?.verdict, 'denied', id);
});

test.needs(requirement, 'strict allows what is meant to be allowed, and nothing else', async () => {
  const { strict } = await measured();
  const allowed = [...strict.results.values()].filter(({ verdict }) => verdict === 'allowed').map(({ id }) => id);
  assert.equal(
    allowed.filter((id) => !boundedByCgroup.has(id)),
    [...strict.results.keys()].filter((id) => meantToBeAllowed.has(id)),
  );
});

test.needs(requirement, 'strict does to each attempt what the table says', async () => {
  const { outside, strict } = await measured();
  for (const { id } of attempts) {
    const row = table.get(id);
    const there = outside.get(id);
    // A machine that has other devices or socket families than the measured one can only turn these two round.
    const isSameMachine = (there?.verdict === 'unsupported') === (verdictOf(row?.outside ?? '-') === 'unsupported');
    const result = strict.results.get(id);
    if (!isSameMachine || result === undefined || boundedByCgroup.has(id)) continue;
    assert.is(seenFromOutside(result, there).verdict, verdictOf(row?.strict ?? '-'), id);
  }
});

test.needs(requirement, 'a call that strict lets through in no form is always recorded', async () => {
  const everything = await measured();
  const permitted = new Set(permittedNames(loadPolicy({ kind: 'profile', name: 'strict' }, new Date()).syscalls));
  const foreign = attempts.filter(({ id }) => /^abi\.(x32|int80)\./.test(id));
  const refused = attempts.filter(({ call }) => isSyscall(call) && !permitted.has(call));
  assert.ok(foreign.length > 20 && refused.length > 200);
  for (const { id, call } of foreign) {
    const architectures = everything.strict.recordsOf(id).map(({ architecture }) => architecture);
    assert.ok(architectures.includes(id.startsWith('abi.x32.') ? 'x32' : 'i386'), `${id}: ${call} is recorded`);
  }
  const others = refused.filter(({ id, call }) =>
    everything.strict.recordsOf(id).every((record) => record.call !== call || record.verdict !== 'denied'),
  );
  // What these prepare is refused and recorded already.
  assert.equal(
    others.filter(({ id }) => !foreign.some((one) => one.id === id)).map(({ id }) => id),
    ['fs.exec.memfd', 'fs.exec.shmat'],
  );
});

test.needs(requirement, 'what the filter refuses is in the trail, with call, rule and process', async () => {
  const everything = await measured();
  const recorded = recordedAttempts(everything);
  for (const attempt of attempts) {
    if (table.get(attempt.id)?.recorded !== 'seccomp') continue;
    assert.ok(recorded.has(attempt.id), `${attempt.id} has a record`);
    checkRecord(everything, attempt);
  }
});

test.run();

/** At least one of the records says of this very call what the process was told, by which rule, and who made it. */
function checkRecord({ strict }: Measurement, { id, call }: Attempt): void {
  const result = strict.results.get(id);
  const records = strict.recordsOf(id);
  for (const { rule, pid, inner_pid } of records) {
    assert.match(rule, /^[a-z]+\.json#\//, id);
    assert.ok(pid !== null && pid > 1 && inner_pid !== null && inner_pid > 1, id);
  }
  const own = records.filter((record) => record.call === call);
  if (own.length === 0 || result === undefined) return;
  const answers = own.map(({ verdict, errno }) => (verdict === 'continued' ? '' : errno));
  if (result.verdict === 'denied') assert.ok(answers.includes(result.errno), `${id}: ${result.errno} of ${answers}`);
}
