/** Answers of `explain --why`: the rule that decides, and the smallest change, which is tried. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { Answer, Subject } from '../../src/policy/answer.js';
import { readChain } from '../../src/policy/chain.js';
import { editionOf } from '../../src/policy/editions.js';
import { permittedNames } from '../../src/policy/effective.js';
import { PolicyError } from '../../src/policy/errors.js';
import { policyWith } from '../../src/policy/remedy.js';
import { loadPolicy, resolvePolicy } from '../../src/policy/resolve.js';
import { answerWhy } from '../../src/policy/why.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('why');
const NOW = new Date('2026-11-21T12:00:00Z');
const WHY = 'a reason that is long enough';

let folder = '';
test.before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sandbox-why-')));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

function subjectOf(name: string, more: Partial<Subject> = {}): Subject {
  const layers = readChain({ kind: 'profile', name });
  return { policy: resolvePolicy(layers, NOW), layers, isProfile: true, ceilings: [], now: NOW, ...more };
}

function own(sections: object, parent = 'default'): Subject {
  const path = join(folder, 'own.json');
  const file = { apiVersion: 1, name: 'own', version: '1.0.0', extends: { policy: parent }, ...sections };
  writeFileSync(path, JSON.stringify(file, null, 1));
  const layers = readChain({ kind: 'file', path });
  return { policy: resolvePolicy(layers, NOW), layers, isProfile: false, ceilings: [], now: NOW };
}

const byOf = ({ parts }: Answer): string | undefined => parts.find(({ isAllowed }) => !isAllowed)?.by.rule;

/** Question, verdict, the rule that decides the first part that is denied, whether there is a remedy. */
const STRICT: readonly (readonly [string, Answer['verdict'], string | undefined, boolean | undefined])[] = [
  ['read', 'allowed', undefined, undefined],
  ['sys_read', 'allowed', undefined, undefined],
  ['0', 'allowed', undefined, undefined],
  ['openat', 'partly', 'strict.json#/syscalls/allow/8/where/openat', true],
  ['openat(*, *, O_CREAT, 0)', 'allowed', undefined, undefined],
  ['socket(AF_UNIX)', 'allowed', undefined, undefined],
  ['socket(AF_INET, SOCK_STREAM)', 'denied', 'strict.json#/syscalls/allow/10/where/socket', true],
  ['socket(family=2)', 'denied', 'strict.json#/syscalls/allow/10/where/socket', true],
  ['ioctl(*, TIOCSTI)', 'denied', 'strict.json#/syscalls/forbid/5', false],
  ['ioctl(*, FICLONE)', 'denied', 'strict.json#/syscalls/quiet/0', false],
  ['ioctl(*, TIOCSWINSZ)', 'denied', 'strict.json#/syscalls/allow/5/where/ioctl', true],
  ['clone(CLONE_NEWUSER)', 'denied', 'strict.json#/syscalls/allow/1/where/clone', true],
  ['clone(CLONE_VM|CLONE_FS)', 'allowed', undefined, undefined],
  ['seccomp(SECCOMP_SET_MODE_FILTER, 0)', 'allowed', undefined, undefined],
  ['bpf', 'denied', 'strict.json#/syscalls/forbid/0', false],
  ['425', 'denied', 'strict.json#/syscalls/answers/3', true],
  ['0x1a9', 'denied', 'strict.json#/syscalls/answers/3', true],
  ['memfd_create', 'denied', 'strict.json#/syscalls/onDeny', true],
  ['9999', 'denied', 'strict.json#/syscalls/onUnknown', false],
  ['i386 socketcall', 'denied', 'strict.json#/syscalls/onForeign', false],
  ['x32 write', 'denied', 'strict.json#/syscalls/onForeign', false],
  ['0x40000001', 'denied', 'strict.json#/syscalls/onForeign', false],
  ['/etc/passwd', 'partly', 'strict.json#/filesystem/root', true],
  ['/tmp', 'partly', 'strict.json#/filesystem/scratch/0', true],
  ['/proc/self/status', 'partly', 'strict.json#/filesystem/allow', undefined],
  ['/proc/kallsyms', 'denied', 'strict.json#/filesystem/proc', undefined],
  ['/dev/null', 'partly', 'strict.json#/filesystem/dev', false],
  ['/dev/kmsg', 'denied', 'strict.json#/filesystem', false],
  ['/sys/kernel', 'denied', 'strict.json#/filesystem', false],
  ['db.example:5432', 'denied', 'strict.json#/network/mode', false],
  ['127.0.0.1:80', 'denied', 'strict.json#/syscalls/allow/10/where/socket', true],
];

for (const [question, verdict, rule, hasRemedy] of STRICT)
  test(`strict: ${question} is ${verdict}`, () => {
    const answer = answerWhy(subjectOf('strict'), question);
    assert.is(answer.verdict, verdict);
    assert.is(byOf(answer), rule);
    if (hasRemedy !== undefined) assert.is(answer.remedy?.kind, hasRemedy ? 'possible' : 'impossible');
    for (const { by } of answer.parts) assert.ok(by.line > 0 && by.file.endsWith('profiles/strict.json'), by.rule);
  });

test('the change for a call is the narrowest, and what it opens is that call alone', () => {
  const { remedy } = answerWhy(subjectOf('strict'), 'socket(AF_INET, SOCK_STREAM)');
  if (remedy?.kind !== 'possible') throw new Error('expected a remedy');
  assert.equal(remedy.opens, ['socket where family is AF_INET and type is SOCK_STREAM: allowed instead of EPERM']);
  assert.equal(
    remedy.risks.map(({ technique }) => technique),
    ['T1095'],
  );
  assert.match(JSON.stringify(remedy.fragment), /"extends":\{"policy":"strict"\}/);
});

test('every remedy that is offered for a call makes it allowed, and opens no other', () => {
  const known = [...(editionOf('2026-11')?.known ?? [])];
  const subjects = ['strict', 'default', 'compat'].map((name) => subjectOf(name));
  fc.assert(
    fc.property(fc.constantFrom(...subjects), fc.constantFrom(...known), (subject, call) => {
      const { remedy, verdict } = answerWhy(subject, call);
      assert.is(verdict === 'allowed', remedy === undefined);
      if (remedy?.kind !== 'possible') return;
      const changed = policyWith(subject, remedy.edits);
      if (changed instanceof PolicyError) throw changed;
      assert.is(answerWhy({ ...subject, policy: changed }, call).verdict, 'allowed');
      const before = permittedNames(subject.policy.syscalls);
      assert.equal(
        permittedNames(changed.syscalls).filter((one) => !before.includes(one) && one !== call),
        [],
      );
      assert.ok(remedy.opens.every((text) => text.startsWith(call)));
    }),
    { numRuns: 30 },
  );
});

test('a rule of one’s own is taken back, an inherited one is not', () => {
  const subject = own({
    syscalls: {
      remove: [{ calls: ['memfd_create'], why: WHY }],
      forbid: [
        { calls: ['sync', 'syncfs'], why: WHY },
        { group: 'fs.watch', why: WHY },
      ],
    },
    filesystem: { mask: [{ paths: ['/secret', '/other'], why: WHY }] },
  });
  const editsOf = (question: string): unknown => {
    const { remedy } = answerWhy(subject, question);
    return remedy?.kind === 'possible' ? remedy.edits : remedy?.why;
  };
  assert.equal(editsOf('memfd_create'), [{ op: 'remove', path: '/syscalls/remove/0' }]);
  assert.equal(editsOf('syncfs'), [{ op: 'remove', path: '/syscalls/forbid/0/calls/1' }]);
  assert.equal(editsOf('inotify_init'), [{ op: 'add', path: '/syscalls/forbid/1/without', value: ['inotify_init'] }]);
  assert.equal(editsOf('/secret/key'), [{ op: 'remove', path: '/filesystem/mask/0/paths/0' }]);
  assert.match(String(editsOf('ptrace')), /forbidden by .*strict\.json:\d+/);
  assert.match(String(editsOf('/proc/kcore')), /hides it/);
});

test('a value on one side of a bound is there alone', () => {
  const where = { mremap: [{ oldLength: { atMost: '100' } }] };
  const subject = own({ syscalls: { forbid: [{ calls: ['mremap'], where, why: WHY }] } });
  for (const [question, verdict] of [
    ['mremap(0, 101)', 'allowed'],
    ['mremap(0, 100)', 'denied'],
    ['mremap(0, 4)', 'denied'],
    ['mremap', 'partly'],
  ] as const)
    assert.is(answerWhy(subject, question).verdict, verdict, question);
});

test('a lock and a ceiling stand in the way of a change, and are named', () => {
  writeFileSync(
    join(folder, 'base.json'),
    JSON.stringify({
      apiVersion: 1,
      name: 'base',
      version: '1.0.0',
      extends: { policy: 'strict' },
      lock: ['/syscalls/allow'],
    }),
  );
  const locked = answerWhy(own({}, './base.json'), 'memfd_create').remedy;
  assert.match(locked?.kind === 'impossible' ? locked.why : '', /base\.json#\/lock\/0 locks \/syscalls\/allow/);
  const ceilings = [loadPolicy({ kind: 'profile', name: 'strict' }, NOW)];
  const bounded = answerWhy(subjectOf('strict', { ceilings }), 'memfd_create').remedy;
  assert.match(bounded?.kind === 'impossible' ? bounded.why : '', /the ceiling strict/);
});

test('a mount in the way is changed in place, or mounted again', () => {
  const subject = own({ filesystem: { mounts: [{ from: '/srv', to: '/data', access: 'read-only', why: WHY }] } });
  const { remedy } = answerWhy(subject, '/data/file', 'write');
  assert.equal(remedy?.kind === 'possible' && remedy.edits, [
    { op: 'replace', path: '/filesystem/mounts/0/access', value: 'read-write' },
  ]);
  const again = answerWhy(subjectOf('strict'), '/tmp/tool', 'execute').remedy;
  assert.is(again?.kind, 'possible');
  assert.is(answerWhy(subjectOf('strict'), '/tmp/tool', 'write').verdict, 'allowed');
});

test('a path that ends with a space is another than the one without', () => {
  const allow = [{ paths: ['/data/end '], access: ['write'], why: WHY }];
  const scratch = [{ path: '/data', size: '1MiB', why: WHY }];
  const subject = own({ filesystem: { scratch, allow } }, 'strict');
  assert.is(answerWhy(subject, '/data/end ', 'write').verdict, 'allowed');
  assert.is(answerWhy(subject, '/data/end', 'write').verdict, 'denied');
});

for (const [question, access, message, hint] of [
  ['opnat', undefined, /no system call/, /openat/],
  ['socket(AF_INTE)', undefined, /AF_INTE/, /AF_INET/],
  ['ioctl(reqest=1)', undefined, /reqest/, /request/],
  ['ioctl(1,2,3,4,5,6,7)', undefined, /seventh/, /six/],
  ['i386 socketcal', undefined, /no system call/, /socketcall/],
  ['ioctl(', undefined, /no call/, /such as/],
  ['', undefined, /no call/, /such as/],
  ['/a/../b', undefined, /"\.\."/, /shortest/],
  ['host:0', undefined, /range/, /65535/],
  ['host:99999', undefined, /range/, /65535/],
  ['/tmp', 'exe', /no way/, /execute/],
  ['read', 'write', /belongs to a path/, /path/],
  ['x'.repeat(100_000), undefined, /no system call/, /./],
  ['\u001b[31m', undefined, /no call/, /./],
] as const)
  test(`the question ${JSON.stringify(question.slice(0, 40))} ${access ?? ''} is refused with what may have been meant`, async () => {
    const error = await rejection(() => answerWhy(subjectOf('strict'), question, access));
    assert.instance(error, PolicyError);
    if (!(error instanceof PolicyError)) return;
    assert.is(error.code, 'POLICY_QUESTION');
    assert.match(error.message, message);
    assert.match(error.hint ?? '', hint);
    assert.ok(error.message.length < 200);
  });

test.run();
