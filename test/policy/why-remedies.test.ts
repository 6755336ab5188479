/** What `--why` proposes, done by the letter of RFC 6902 to the file: it loads, and what was asked about is allowed. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Answer, Edit, Subject } from '../../src/policy/answer.js';
import { readChain } from '../../src/policy/chain.js';
import { findChanges } from '../../src/policy/diff.js';
import { editionOf } from '../../src/policy/editions.js';
import { resolvePolicy } from '../../src/policy/resolve.js';
import { answerWhy } from '../../src/policy/why.js';
import { PATH_USES } from '../../src/policy/why-path.js';
import { rejection, suite } from '../support/suite.js';
import { FULL_POLICY } from './full-policy.js';

const test = suite('what --why proposes');
const NOW = new Date('2026-11-21T12:00:00Z');
const SHORT = { apiVersion: 1, name: 'short', version: '1.0.0', extends: { policy: 'strict' } };

let folder = '';
test.before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sandbox-remedies-')));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

function subjectOf(file: object): Subject {
  const path = join(folder, 'own.json');
  writeFileSync(path, JSON.stringify(file, null, 1));
  const layers = readChain({ kind: 'file', path });
  return { policy: resolvePolicy(layers, NOW), layers, isProfile: false, ceilings: [], now: NOW };
}

type Holder = Record<string, unknown>;

/** Makes no object and no list that is not there. @see RFC 6902, section 4.1 */
function patched(file: object, edits: readonly Edit[]): object {
  const copy = structuredClone(file);
  for (const edit of edits) {
    const steps = edit.path.split('/').slice(1);
    const last = steps.pop() ?? '';
    const holder = steps.reduce<unknown>((here, step) => (here as Holder)[step], copy);
    if (typeof holder !== 'object' || holder === null) throw new Error(`${edit.path}: nothing holds it`);
    if (Array.isArray(holder)) {
      const at = last === '-' ? holder.length : Number(last);
      holder.splice(at, edit.op === 'add' ? 0 : 1, ...(edit.op === 'remove' ? [] : [edit.value]));
    } else if (edit.op === 'remove') delete (holder as Holder)[last];
    else (holder as Holder)[last] = edit.value;
  }
  return copy;
}

function checkRemedy(file: object, question: string, access?: string): void {
  const what = `${question} ${access ?? ''}`;
  const before = subjectOf(file);
  const { verdict, remedy } = answerWhy(before, question, access);
  assert.is(verdict === 'allowed', remedy === undefined, what);
  if (remedy?.kind !== 'possible') return;
  const after = subjectOf(patched(file, remedy.edits));
  assert.is(answerWhy(after, question, access).verdict, 'allowed', what);
  const widened = findChanges(before.policy, after.policy).filter(({ direction }) => direction === 'widened');
  assert.is(widened.length, remedy.opens.length, what);
}

const CALLS = [...(editionOf('2026-11')?.known ?? [])].filter((_, index) => index % 5 === 0);
const PATHS = ['/', '/etc/passwd', '/var/cache', '/srv/a.db', '/tmp/x', '/dev/null', '/proc/self/maps', '/data/x'];
const HOSTS = ['127.0.0.1:80', '[::1]:443', 'localhost:1', '0.0.0.0:80', 'db.example:5432'];

for (const [title, file] of [
  ['a policy that says next to nothing', SHORT],
  ['a policy that says something everywhere', FULL_POLICY],
] as const) {
  test(`of ${title}, for calls`, () => {
    for (const call of CALLS) checkRemedy(file, call);
  });
  test(`of ${title}, for each use of a path`, () => {
    for (const path of PATHS) for (const use of [undefined, ...PATH_USES]) checkRemedy(file, path, use);
  });
  test(`of ${title}, for hosts`, () => {
    for (const host of HOSTS) checkRemedy(file, host);
  });
}

const why = (question: string, access?: string): Answer => answerWhy(subjectOf(SHORT), question, access);
const ruleFor = (question: string): unknown => {
  const { remedy } = why(question);
  const edit = remedy?.kind === 'possible' ? remedy.edits[0] : undefined;
  return edit !== undefined && 'value' in edit
    ? (edit.value as { allow: { where?: unknown }[] }).allow[0]?.where
    : undefined;
};

test('of a call only what no rule can look at is left out', () => {
  assert.equal(ruleFor('mprotect(0x7f00, 4096, PROT_EXEC)'), {
    mprotect: [{ length: { anyOf: ['0x1000'] }, protection: { anyOf: ['PROT_EXEC'] } }],
  });
  assert.equal(ruleFor('setsockopt(3, SOL_TCP, TCP_MAXSEG)'), {
    setsockopt: [{ level: { anyOf: ['SOL_TCP'] }, option: { anyOf: ['TCP_MAXSEG'] } }],
  });
});

test('loopback needs a socket of its family', () =>
  assert.equal(ruleFor('[::1]:443'), {
    socket: [{ family: { anyOf: ['AF_INET6'] }, type: { mask: 'SOCK_TYPE_MASK', anyOf: ['SOCK_STREAM'] } }],
  }));

test('what the image runs by is not hidden by memory mounted over it', () => {
  const { remedy } = why('/etc/passwd', 'write');
  if (remedy?.kind !== 'possible') throw new Error('expected a remedy');
  assert.equal(remedy.fragment, {
    filesystem: {
      root: 'writable',
      rootSize: '16MiB',
      allow: [{ paths: ['/etc/passwd'], access: ['write'], why: 'say here why the workload needs this' }],
    },
  });
});

test('numbers are read as C writes them', () => {
  assert.is(why('chmod(*, 04755)').verdict, 'denied');
  assert.is(why('chmod(*, 0x9ed)').verdict, 'denied');
  assert.is(why('chmod(*, 0755)').verdict, 'allowed');
  assert.is(why('chmod(*, 2541)').verdict, 'denied');
});

test('a line of strace is a question', () => {
  const asked = 'openat(AT_FDCWD, "/a,b(c", O_WRONLY|O_CREAT, 04644) = -1 EACCES (Permission denied)';
  const { verdict, question, notes } = why(asked);
  assert.is(verdict, 'denied');
  assert.is(question, 'openat, where flags is 0x41 and mode is 0x9a4');
  assert.is(notes[0], 'AT_FDCWD, "/a,b(c": taken for any value, because rules know no name for it');
  assert.is(why('setns(3, CLONE_NEWNET)').verdict, 'denied');
  assert.is(why('write(1, {iov=["x", 1], n=2}, 3) = 3').verdict, 'allowed');
});

const NO_QUESTIONS: readonly (readonly [string, RegExp])[] = [
  ['::1:80', /write \[::1\]:80$/],
  ['[::1]', /needs a port, such as/],
  ['db.example.com', /db\.example\.com:443$/],
  ['localhost', /localhost:80$/],
  ['https://db.example/x', /db\.example:443$/],
  ['unix:/run/a.sock', /is a path: \/run\/a\.sock$/],
  ['./x', /begin with \/$/],
  ['etc/passwd', /begin with \/$/],
  ['256.0.0.1:80', /such as 127/],
  ['[::g]:80', /./],
  ['chmod(*, 0899)', /octal/],
  ['read(0x1ffffffffffffffff)', /write less/],
  ['socket(AF_INET, SOCK_STRAEM)', /SOCK_STREAM/],
];
for (const [asked, hint] of NO_QUESTIONS)
  test(`${asked} is refused with what may have been meant`, async () => {
    const error = await rejection(() => why(asked));
    assert.is((error as { code?: string }).code, 'POLICY_QUESTION');
    assert.match((error as { hint?: string }).hint ?? '', hint);
  });

test.run();
