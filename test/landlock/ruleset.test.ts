import * as assert from 'uvu/assert';
import type { PathRule } from '../../src/base/path-rules.js';
import { deviceRules } from '../../src/landlock/devices.js';
import { FILE_RIGHTS } from '../../src/landlock/rights.js';
import { LandlockError, type LandlockRuleset, rulesetFor } from '../../src/landlock/ruleset.js';
import type { CompiledPolicy } from '../../src/policy/compiled.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('rulesetFor');

const everything: PathRule = {
  path: '/tmp',
  access: [
    'read',
    'list',
    'execute',
    'create',
    'write',
    'remove',
    'truncate',
    'make-socket',
    'make-fifo',
    'refer',
    'ioctl',
  ],
};

/** What landlock(7) gives each ABI: 13 rights at first, then REFER, TRUNCATE, (4: TCP), IOCTL_DEV, (6: scopes). */
const handled: readonly [abi: number, fs: bigint, net: bigint, scoped: bigint][] = [
  [0, 0n, 0n, 0n],
  [1, 0x1fffn, 0n, 0n],
  [2, 0x3fffn, 0n, 0n],
  [3, 0x7fffn, 0n, 0n],
  [4, 0x7fffn, 3n, 0n],
  [5, 0xffffn, 3n, 0n],
  [6, 0xffffn, 3n, 3n],
  [7, 0xffffn, 3n, 3n],
  [99, 0xffffn, 3n, 3n],
];
for (const [abi, fs, net, scoped] of handled) {
  test(`handles all that ABI ${abi} knows`, () => {
    const { ruleset } = rulesetFor({ paths: [everything], ports: { bind: [80], connect: [443] } }, abi);
    assert.equal([ruleset.handledFs, ruleset.handledNet, ruleset.scoped], [fs, net, scoped]);
    for (const rule of ruleset.rules)
      assert.is(
        rule.access & ~(rule.kind === 'path' ? ruleset.handledFs : ruleset.handledNet),
        0n,
        'grants what is handled',
      );
  });
}

test('never grants device nodes', () => {
  const [rule] = rulesetFor({ paths: [everything] }, 7).ruleset.rules;
  assert.is(rule?.access, 0xffffn & ~(1n << 6n) & ~(1n << 11n));
});

test('joins the rules of a path, in any order, and drops empty ones', () => {
  const one: PathRule = { path: '/a', access: ['read'] };
  const two: PathRule = { path: '/a', access: ['list', 'read'] };
  const three: PathRule = { path: '/', access: ['execute'] };
  const empty: PathRule = { path: '/b', access: [] };
  const { ruleset } = rulesetFor({ paths: [one, two, three, empty] }, 7);
  assert.equal(ruleset.rules, [
    { kind: 'path', path: '/', access: 1n },
    { kind: 'path', path: '/a', access: 0xcn },
  ]);
  assert.equal(rulesetFor({ paths: [three, two, empty, one] }, 7).ruleset, ruleset);
});

test('drops a rule of which an old ABI knows nothing', () =>
  assert.equal(rulesetFor({ paths: [{ path: '/dev/tty', access: ['ioctl'] }] }, 4).ruleset.rules, []));

test('grants ports by what may be done with them', () => {
  const { ruleset } = rulesetFor({ paths: [], ports: { bind: [8080, 80], connect: [80] } }, 4);
  assert.equal(ruleset.rules, [
    { kind: 'port', port: 80, access: 3n },
    { kind: 'port', port: 8080, access: 1n },
  ]);
});

test('leaves TCP alone where no ports are given, and denies all where the lists are empty', () => {
  assert.is(rulesetFor({ paths: [] }, 7).ruleset.handledNet, 0n);
  assert.is(rulesetFor({ paths: [], ports: { bind: [], connect: [] } }, 7).ruleset.handledNet, 3n);
});

const gaps: readonly [abi: number, said: readonly RegExp[], unsaid: readonly RegExp[]][] = [
  [0, [/no Landlock/], []],
  [1, [/ABI 2/, /ABI 3/, /ABI 4/, /ABI 5/, /ABI 6/, /chmod/], []],
  [3, [/ABI 4/, /ABI 5/, /ABI 6/], [/ABI 2/, /ABI 3/]],
  [7, [/UDP/, /memfd/], [/before/]],
];
for (const [abi, said, unsaid] of gaps) {
  test(`says what ABI ${abi} cannot express`, () => {
    const text = rulesetFor({ paths: [everything], ports: { bind: [], connect: [] } }, abi).gaps.join('\n');
    for (const pattern of said) assert.match(text, pattern);
    for (const pattern of unsaid) assert.not.match(text, pattern);
  });
}

for (const path of ['', 'tmp', './tmp', '/tmp/', '//tmp', '/tmp/../etc', '/tmp/.', '/a\nb', '/a\0b']) {
  test(`refuses the path ${JSON.stringify(path)}`, async () => {
    const error = await rejection(() => rulesetFor({ paths: [{ path, access: ['read'] }] }, 7));
    assert.instance(error, LandlockError);
    assert.is((error as LandlockError).code, 'LANDLOCK_BAD_PATH');
  });
}
for (const port of [-1, 65_536, 1.5, Number.NaN]) {
  test(`refuses the port ${port}`, async () => {
    const error = await rejection(() => rulesetFor({ paths: [], ports: { bind: [port], connect: [] } }, 7));
    assert.is((error as LandlockError).code, 'LANDLOCK_BAD_PORT');
  });
}

test('device rules grant files what files can have, and ioctl to terminals alone', () => {
  const rights = (terminal: boolean): readonly { path: string; access: bigint }[] =>
    rulesetFor({ paths: deviceRules({ terminal }) }, 7).ruleset.rules.flatMap((rule) =>
      rule.kind === 'path' ? [rule] : [],
    );
  const ioctl = (terminal: boolean): string[] =>
    rights(terminal).flatMap(({ path, access }) => ((access & (1n << 15n)) === 0n ? [] : [path]));
  assert.equal(ioctl(false), []);
  assert.equal(ioctl(true), ['/dev/ptmx', '/dev/pts', '/dev/tty']);
  for (const { path, access } of rights(true)) if (path !== '/dev/pts') assert.is(access & ~FILE_RIGHTS, 0n, path);
});

/** Compiles only while the two shapes are one. */
const fits = (ruleset: LandlockRuleset): CompiledPolicy['landlock'] => ruleset;
test('has the shape that the compiled policy wants', () => assert.ok(fits(rulesetFor({ paths: [] }, 7).ruleset)));

test.run();
