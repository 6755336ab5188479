/** What `policy lint` finds: each rule once kept and once broken, the shipped policies, and the document. */
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { type PolicyReference, profileNames } from '../../src/policy/chain.js';
import { lintPolicy } from '../../src/policy/lint.js';
import type { LintFinding } from '../../src/policy/lint-find.js';
import { LINT_RULES } from '../../src/policy/lint-rules.js';
import { suite } from '../support/suite.js';
import { LINT_CASES } from './lint-cases.js';

const test = suite('policy lint: findings');
const NOW = new Date('2026-11-21T12:00:00Z');

let folder = '';
test.before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sandbox-lint-')));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** What is found in a policy with `sections`, and the rest as it should be. */
function lint(sections: object, newestEdition?: string): LintFinding[] {
  const path = join(folder, 'case.json');
  const file = {
    apiVersion: 1,
    name: 'case',
    version: '1.0.0',
    extends: { policy: 'strict', version: '1.0.0' },
    ...sections,
  };
  writeFileSync(path, JSON.stringify(file, null, 1));
  return lintPolicy({ kind: 'file', path }, { now: NOW, ...(newestEdition === undefined ? {} : { newestEdition }) });
}

for (const { rule, pointer, broken, kept, newestEdition, severity } of LINT_CASES)
  test(`${rule} at ${pointer || '/'} is found where it is broken, and not where it is kept`, () => {
    const findings = lint(broken, newestEdition);
    const found = findings.find((one) => one.rule === rule && one.pointer === pointer);
    assert.ok(found, JSON.stringify(findings.map((one) => [one.rule, one.pointer, one.message])));
    if (severity !== undefined) assert.is(found?.severity, severity);
    assert.ok((found?.fix.length ?? 0) > 8);
    assert.ok((found?.line ?? 0) > 0);
    assert.is(found?.file, join(folder, 'case.json'));
    assert.equal(
      lint(kept).filter((one) => one.rule === rule),
      [],
    );
  });

test('every rule has a case', () => {
  const cased = new Set<string>(LINT_CASES.map(({ rule }) => rule));
  assert.equal(
    LINT_RULES.filter(({ id }) => !cased.has(id)).map(({ id }) => id),
    [],
  );
});

test('what cannot be read at all is a finding', () => {
  const path = join(folder, 'none.json');
  const [finding] = lintPolicy({ kind: 'file', path }, { now: NOW });
  assert.equal([finding?.rule, finding?.severity, finding?.file], ['LINT_REFUSED', 'error', path]);
});

test('an expired exception leaves the rest to be found, and is found at its day', () => {
  const sections = {
    syscalls: {
      allow: [{ calls: ['ioctl'], why: 'a reason that is long enough', expires: '2026-11-20', owner: 'me' }],
    },
  };
  const rules = lint(sections).map(({ rule }) => rule);
  assert.ok(rules.includes('LINT_EXPIRED') && rules.includes('LINT_BROAD_IOCTL'), rules.join());
});

const references: readonly PolicyReference[] = [
  ...profileNames().map((name) => ({ kind: 'profile', name }) as const),
  ...readdirSync(join(installationRoot, 'policies'))
    .filter((name) => name.endsWith('.json') && !/^syscalls-|\.schema\.json$|^trust/.test(name))
    .map((name) => ({ kind: 'file', path: join(installationRoot, 'policies', name) }) as const),
];

for (const reference of references)
  test(`${reference.kind === 'profile' ? reference.name : reference.path} has no error and no warning, and its notes have reasons`, () => {
    const findings = lintPolicy(reference, { now: NOW });
    assert.equal(
      findings.filter(({ severity }) => severity !== 'note').map(({ rule, pointer }) => `${rule} ${pointer}`),
      [],
    );
    // Settings have no reason of their own; what they are for stands in the comment above the policy.
    for (const { rule, why } of findings)
      assert.ok(why !== undefined || /ROOT|NO_BOUND|UNPINNED|UNSIGNED|RELAXED/.test(rule), rule);
  });

test('the document lists the rules as they are', () => {
  const text = readFileSync(join(installationRoot, 'docs/policy-lint.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `(LINT_[A-Z_]+)` \| (\w+) \| (.*?) \| (.*?) \|$/gm)];
  assert.equal(
    rows.map(([, id, severity, description, help]) => ({ id, severity, description, help })),
    LINT_RULES.map(({ id, severity, description, help }) => ({ id, severity, description, help })),
  );
});

test.run();
