/**
 * The profile and the ruleset of the same rules, held against each other: every operation on every shape of path.
 * Where the two differ, the difference is a gap that one of them tells.
 */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { profileText } from '../../src/apparmor/profile.js';
import { ACCESS_WORDS, type AccessWord, type PathRule } from '../../src/base/path-rules.js';
import { NEWEST_ABI } from '../../src/landlock/rights.js';
import { rulesetFor } from '../../src/landlock/ruleset.js';
import { suite } from '../support/suite.js';
import { allowedByProfile, allowedByRuleset, OPERATIONS, type Operation } from './file-rights.js';
import { GRANTED_PORT, SOCKET_OPERATIONS, socketAllowedByProfile, socketAllowedByRuleset } from './socket-rights.js';

const test = suite('the same meaning');
const RULE = '/data';
/** Itself, below, far below; beside with the same beginning, elsewhere, above. */
const PATHS = ['/data', '/data/file', '/data/sub/deep/file', '/database', '/database/file', '/other/file'];

const rulesOf = (access: readonly AccessWord[]): readonly PathRule[] => [{ path: RULE, access }];

type Difference = { readonly operation: Operation; readonly path: string; readonly profile: boolean };

function differences(rules: readonly PathRule[], abi: number): { differ: Difference[]; gaps: string } {
  const profile = profileText({ profileName: 'sandbox.test', paths: rules, capabilities: [], sockets: [] });
  const { ruleset, gaps } = rulesetFor({ paths: rules }, abi);
  const differ = OPERATIONS.flatMap((operation) =>
    PATHS.flatMap((path): Difference[] => {
      const byProfile = allowedByProfile(profile.text, operation, path);
      return byProfile === allowedByRuleset(ruleset, operation, path) ? [] : [{ operation, path, profile: byProfile }];
    }),
  );
  return { differ, gaps: [...profile.gaps, ...gaps].join('\n') };
}

/** The sentence that must stand among the gaps for the two to differ so. */
function gapFor({ operation, path, profile }: Difference, rules: readonly PathRule[]): RegExp {
  if (!profile) return operation.name.startsWith('move') ? /moved that may not be read/ : /before ABI/;
  if (operation.name === 'execute') return /executed that may not be read/;
  const missing = operation.words.filter((word) => !rules.some((rule) => rule.access.includes(word)));
  if (path === RULE && missing.length === 0) return /a path that may itself be written/;
  return new RegExp(`lets [a-z, -]*${missing[0] ?? '(create|remove)'}[a-z, -]* through as well`);
}

for (const word of ACCESS_WORDS) {
  test(`${word} alone grants the same, or the difference is told`, () => {
    const { differ, gaps } = differences(rulesOf([word]), NEWEST_ABI);
    for (const one of differ)
      assert.match(gaps, gapFor(one, rulesOf([word])), `${one.operation.name} ${one.path} with ${word}`);
  });
}

test('any set of words, at any ABI, grants the same, or the difference is told', () =>
  fc.assert(
    fc.property(fc.subarray([...ACCESS_WORDS]), fc.integer({ min: 3, max: NEWEST_ABI }), (words, abi) => {
      const { differ, gaps } = differences(rulesOf(words), abi);
      for (const one of differ)
        assert.match(gaps, gapFor(one, rulesOf(words)), `${one.operation.name} ${one.path} with ${words.join()}`);
    }),
    { numRuns: 300 },
  ));

test('outside of the rule nothing is granted by either', () => {
  const { differ } = differences(rulesOf(ACCESS_WORDS), NEWEST_ABI);
  for (const { path } of differ) assert.ok(path === RULE || path.startsWith(`${RULE}/`), path);
});

test('with every word, below the rule the two are the same', () => {
  const { differ } = differences(rulesOf(ACCESS_WORDS), NEWEST_ABI);
  assert.equal(
    differ.filter(({ path }) => path !== RULE).map(({ operation, path }) => `${operation.name} ${path}`),
    [],
  );
});

test('of sockets AppArmor knows the family and Landlock the port of TCP, and each tells what it does not know', () => {
  const ports = { bind: [GRANTED_PORT], connect: [GRANTED_PORT] };
  for (const family of ['unix', 'inet', 'inet6', 'netlink'] as const) {
    const profile = profileText({ profileName: 'sandbox.test', paths: [], capabilities: [], sockets: [family] });
    const { ruleset, gaps } = rulesetFor({ paths: [], ports }, NEWEST_ABI);
    for (const operation of SOCKET_OPERATIONS) {
      const byProfile = socketAllowedByProfile(profile.text, operation);
      assert.is(byProfile, operation.family === family, `${operation.name} with ${family}`);
      if (byProfile === socketAllowedByRuleset(ruleset, operation)) continue;
      const told = byProfile ? profile.gaps : gaps;
      const sentence = byProfile ? /by their family, not by port/ : /of which family a socket is/;
      assert.match(told.join('\n'), sentence, `${operation.name} with ${family}`);
    }
  }
});

test.run();
