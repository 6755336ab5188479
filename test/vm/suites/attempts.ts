/** Every attempt of the probe under `strict` on a stock kernel of Debian: none gets through but those meant to. */
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../../src/base/installation.js';
import { meetingsOf, readKernelTable, tellMeetings } from '../../attempts/kernel-table.js';
import { meantToBeAllowed, verdictOf } from '../../attempts/table.js';
import { layOut, listAttempts, parseResults } from '../../support/probe.js';
import { makeProbeRoot, runUnderStrict } from '../../support/strict-probe.js';
import { suite } from '../../support/suite.js';
import { stageProduct, testUser } from '../../support/user.js';
import { delegateGroup } from '../delegate.js';
import { KERNEL_NAMES } from '../kernels.js';

const LIMIT_MS = 1_200_000;
const test = suite('attempts');
const published = join(installationRoot, '../shared/attempts/public.tsv');
const user = testUser({ subordinateIds: true });
const surroundings = await layOut(user);
delegateGroup(user);
const root = makeProbeRoot(user, surroundings);
const outside = parseResults(
  user.run([surroundings.program], { environment: surroundings.environment, timeoutMs: LIMIT_MS }).stdout.toString(),
);
const strict = runUnderStrict(stageProduct(), user, surroundings, root, outside);
const kernel = KERNEL_NAMES.filter((name) => release().startsWith(`${name}.`)).at(-1) ?? release();
const meetings = meetingsOf(strict.results, outside);
process.stdout.write(tellMeetings(meetings));
const allowed = [...strict.results.values()].filter(({ verdict }) => verdict === 'allowed').map(({ id }) => id);

test('every attempt has a verdict, and many get through outside', () => {
  assert.is(strict.results.size, listAttempts().length);
  const through = [...outside.values()].filter(({ verdict }) => verdict === 'allowed');
  process.stdout.write(`outside ${through.length} of ${outside.size} get through\n`);
  assert.ok(through.length > 200);
});

test('strict allows what is meant to be allowed, and nothing else', () => {
  assert.equal(
    allowed,
    [...strict.results.keys()].filter((id) => meantToBeAllowed.has(id)),
  );
});

test.needs(existsSync(published) ? undefined : '../shared/attempts', 'of the published attempts none', () => {
  const [, ...lines] = readFileSync(published, 'utf8').trimEnd().split('\n');
  const ids = new Set(lines.map((line) => line.split('\t')[0] ?? ''));
  assert.ok(ids.size > 200);
  assert.equal(
    allowed.filter((id) => ids.has(id) && !meantToBeAllowed.has(id)),
    [],
  );
});

test('strict does to each attempt what the table of this kernel says', () => {
  const table = readKernelTable(kernel);
  assert.equal([...meetings.keys()], [...table.keys()]);
  for (const [id, { strict: cell, outside: there }] of meetings) {
    const row = table.get(id);
    // A newer kernel of the same name can have more or fewer devices and socket families.
    if (verdictOf(there) === verdictOf(row?.outside ?? '-'))
      assert.is(verdictOf(cell), verdictOf(row?.strict ?? '-'), id);
  }
});

test('no attempt ends in an errno that it does not expect', () => {
  assert.equal(
    [...strict.results.values()].filter(({ verdict }) => verdict === 'error'),
    [],
  );
});

test.after(async () => {
  await surroundings.remove();
  user.remove();
});
test.run();
