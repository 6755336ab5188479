import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { type ApparmorRules, profileText } from '../../src/apparmor/profile.js';
import { ApparmorError } from '../../src/apparmor/quote.js';
import { ACCESS_WORDS, type AccessWord } from '../../src/base/path-rules.js';
import { allCapabilities } from '../../src/capabilities/capabilities.js';
import type { CompiledPolicy } from '../../src/policy/compiled.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('profileText');

const PARSER = '/usr/sbin/apparmor_parser';
const FEATURES = '/usr/share/apparmor-features/features';
const parser = existsSync(PARSER) && existsSync(FEATURES) ? undefined : `${PARSER} and ${FEATURES} (package apparmor)`;

const rulesWith = (changes: Partial<ApparmorRules>): ApparmorRules => ({
  profileName: 'sandbox-test',
  paths: [],
  capabilities: [],
  sockets: [],
  ...changes,
});
const rulesOn = (path: string, ...access: AccessWord[]): ApparmorRules => rulesWith({ paths: [{ path, access }] });

/** The kernel's form of `text`. @throws where the parser refuses it */
function compiled(text: string): Buffer {
  const child = spawnSync(PARSER, ['-Q', '-K', '-T', '-S', '-M', FEATURES], { input: text });
  if (child.status !== 0) throw new Error(`apparmor_parser: ${child.stderr.toString()}\n${text}`);
  return child.stdout;
}

test('writes one rule a line, folders with a slash', () => {
  const { text } = profileText({
    profileName: 'sandbox-strict',
    paths: [
      { path: '/tmp', access: ['read', 'list', 'create', 'write', 'remove', 'truncate'] },
      { path: '/', access: ['read', 'list', 'execute'] },
      { path: '/dev/null', access: ['read', 'write'] },
    ],
    capabilities: ['CAP_SETUID', 'CAP_CHOWN'],
    sockets: ['unix', 'inet'],
  });
  assert.is(
    text,
    `abi <abi/3.0>,

profile "sandbox-strict" flags=(attach_disconnected,mediate_deleted) {
  "/**[^/]" rmixk,
  "/{,**/}" r,
  "/dev/null{,/**[^/]}" rwk,
  "/tmp" rwk,
  "/tmp/**[^/]" rwkl,
  "/tmp{/,/**/}" r,
  "/tmp/**/" w,
  capability chown,
  capability setuid,
  network inet,
  network unix,
  unix (create, bind, listen, shutdown, getattr, setattr, getopt, setopt),
  unix peer=(label="sandbox.*"),
  signal (receive) peer=unconfined,
  signal (receive) peer="sandbox-programs",
  signal (send, receive) peer="sandbox.*",
  ptrace (read, readby) peer="sandbox.*",
}
`,
  );
});

test('names no user namespace rule, which abi 3.0 does not have', () =>
  assert.not.match(profileText(rulesOn('/', ...ACCESS_WORDS)).text, /userns/));

test('is the same for the same rules in another order', () => {
  const paths = [rulesOn('/a', 'read'), rulesOn('/b', 'write'), rulesOn('/a', 'list', 'write')].flatMap((r) => r.paths);
  const capabilities = ['CAP_KILL', 'CAP_CHOWN', 'CAP_KILL'];
  assert.equal(
    profileText(rulesWith({ paths, capabilities })),
    profileText(rulesWith({ paths: [...paths].reverse(), capabilities: capabilities.slice(0, 2).reverse() })),
  );
});

test('says where one right stands for several', () => {
  const { gaps } = profileText(rulesWith({ paths: [...rulesOn('/a', 'write').paths, ...rulesOn('/b', 'read').paths] }));
  assert.match(gaps.join('\n'), /at \/a it lets create, remove, truncate, make-socket, make-fifo through as well/);
  assert.not.match(gaps.join('\n'), /\/b/);
});

const refusals: readonly [what: string, code: string, rules: ApparmorRules][] = [
  ['a relative path', 'APPARMOR_BAD_PATH', rulesOn('tmp', 'read')],
  ['a newline in a path', 'APPARMOR_BAD_PATH', rulesOn('/a\n}/b', 'read')],
  ['a NUL in a path', 'APPARMOR_BAD_PATH', rulesOn('/a\0b', 'read')],
  ['a path upwards', 'APPARMOR_BAD_PATH', rulesOn('/a/../b', 'read')],
  ['a name that ends its quotes', 'APPARMOR_BAD_NAME', rulesWith({ profileName: 'a" {}' })],
  ['a name with a namespace', 'APPARMOR_BAD_NAME', rulesWith({ profileName: ':root:x' })],
  ['an empty name', 'APPARMOR_BAD_NAME', rulesWith({ profileName: '' })],
  ['a capability that is none', 'APPARMOR_BAD_CAPABILITY', rulesWith({ capabilities: ['CAP_CHOWN,\n  /** rw'] })],
];
for (const [what, code, rules] of refusals) {
  test(`refuses ${what}`, async () => {
    const error = await rejection(() => profileText(rules));
    assert.instance(error, ApparmorError);
    assert.is((error as ApparmorError).code, code);
  });
}

test.needs(parser, 'every word, capability and socket family compiles', () => {
  const all = rulesWith({
    paths: ACCESS_WORDS.map((word) => ({ path: `/${word}`, access: [word] })),
    capabilities: allCapabilities,
    sockets: ['unix', 'inet', 'inet6', 'netlink'],
  });
  assert.ok(compiled(profileText(all).text).length > 1000);
});

/** Each must mean itself: its compiled form is that of the same path with every byte in octal. */
const hostile = [
  '/a b',
  '/a"b',
  '/a" rwx, "/b',
  '/a\\b',
  '/a\\',
  '/a\\"',
  '/a*',
  '/a?',
  '/x**',
  '/[a-z]',
  '/{a,b}',
  '/a^b',
  '/@{HOME}',
  '/@{PROC}/sys',
  '/$(id)',
  '/#include <x>',
  '/a,',
  '/a#b',
  '/a->b',
  "/it's",
  '/größe/日本',
  '/a*1',
];
for (const path of hostile) {
  test.needs(parser, `${path} matches itself alone`, () => {
    const { text } = profileText(rulesOn(path, 'read'));
    const octal = [...Buffer.from(path)].map((byte) =>
      byte === 0x2f ? '/' : `\\${byte.toString(8).padStart(3, '0')}`,
    );
    const spelled = text.replace(/^ {2}".*\{,\/\*\*\[\^\/\]\}" rk,$/m, () => `  "${octal.join('')}{,/**[^/]}" rk,`);
    assert.not.equal(text, spelled);
    assert.equal(compiled(text), compiled(spelled));
  });
}

test.needs(parser, '60 random paths compile to themselves', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 12 }), (name) => {
      let text: string;
      try {
        text = profileText(rulesOn(`/${name}`, 'read')).text;
      } catch (error) {
        assert.instance(error, ApparmorError);
        return;
      }
      assert.is(text.split('\n').length, profileText(rulesOn('/a', 'read')).text.split('\n').length, 'one line a rule');
      compiled(text);
    }),
    { numRuns: 60 },
  ),
);

/** Compiles only while the two shapes are one. */
const fits = (profile: ReturnType<typeof profileText>): Omit<CompiledPolicy['apparmor'], 'use'> => profile;
test('has the shape that the compiled policy wants', () => assert.ok(fits(profileText(rulesWith({})))));

test.run();
