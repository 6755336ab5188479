/** One mistake is one fault, at its own place: what only follows from it is not told. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Fault } from '../../src/base/errors.js';
import { installationRoot } from '../../src/base/installation.js';
import { pointerStep } from '../../src/base/json-file.js';
import { readChain } from '../../src/policy/chain.js';
import { PolicyError } from '../../src/policy/errors.js';
import { parsePolicyText } from '../../src/policy/read.js';
import { resolvePolicy } from '../../src/policy/resolve.js';
import { suite } from '../support/suite.js';
import { FULL_POLICY } from './full-policy.js';

const test = suite('one mistake in a policy');
const NOW = new Date('2026-11-21T12:00:00Z');
const PARENTS = readChain({ kind: 'profile', name: 'strict' });

let folder = '';
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-once-'));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** The faults of `text` as a policy that extends `strict`, where it says so. */
function faultsOf(text: string): readonly Fault[] {
  try {
    const layer = parsePolicyText(text, join(folder, 'p.json'), 'p.json');
    resolvePolicy([...(layer.file.extends === undefined ? [] : PARENTS), layer], NOW);
    return [];
  } catch (error) {
    if (error instanceof PolicyError) return error.faults;
    throw error;
  }
}

type Steps = readonly (string | number)[];

function* places(value: unknown, steps: Steps = []): Generator<readonly [unknown, Steps]> {
  yield [value, steps];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value))
    yield* places(member, [...steps, Array.isArray(value) ? Number(key) : key]);
}

/** The full policy, with the object that holds what stands at `steps` given to `change`. */
function changed(steps: Steps, change: (holder: Record<string | number, unknown>, last: string | number) => void) {
  const copy: unknown = structuredClone(FULL_POLICY);
  let holder = copy as Record<string | number, unknown>;
  for (const step of steps.slice(0, -1)) holder = holder[step] as Record<string | number, unknown>;
  change(holder, steps[steps.length - 1] ?? '');
  return JSON.stringify(copy, null, 1);
}

const pointerOf = (steps: Steps): string => steps.map(pointerStep).join('');
const told = (faults: readonly Fault[]): string[] => faults.map(({ pointer, message }) => `${pointer}: ${message}`);

function tellsOnly(text: string, pointer: string): void {
  const faults = faultsOf(text);
  assert.equal(
    faults.map((fault) => fault.pointer),
    [pointer],
    `${pointer}: ${JSON.stringify(told(faults))}`,
  );
}

const ALL = [...places(FULL_POLICY)];

test('the policy in which the mistakes are made is accepted', () =>
  assert.equal(told(faultsOf(JSON.stringify(FULL_POLICY))), []));

test('a value of a wrong type', () => {
  for (const [, steps] of ALL)
    if (steps.length > 0)
      for (const wrong of [null, 1.5, [[]]])
        tellsOnly(
          changed(steps, (holder, last) => {
            holder[last] = wrong;
          }),
          wrongPlace(steps, wrong),
        );
});

/** A list in a list is a fault of the inner one, where a list is what should be there. */
function wrongPlace(steps: Steps, wrong: unknown): string {
  const here = ALL.find(([, other]) => other === steps)?.[0];
  return pointerOf(Array.isArray(wrong) && Array.isArray(here) ? [...steps, 0] : steps);
}

test('a key that nobody knows', () => {
  for (const [value, steps] of ALL) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    const more = [...steps, 'zzzzzzzzzz'];
    tellsOnly(
      changed(more, (holder, last) => {
        holder[last] = 1;
      }),
      pointerOf(more),
    );
  }
});

test('a misspelt key', () => {
  for (const [, steps] of ALL) {
    const key = steps[steps.length - 1];
    if (typeof key !== 'string' || key.length < 4 || /env\/set|requires|controls|where\//.test(pointerOf(steps)))
      continue;
    const wrong = `${key.slice(0, -2)}${key.slice(-1)}${key.slice(-2, -1)}`;
    if (wrong === key) continue;
    const text = changed(steps, (holder, last) => {
      holder[wrong] = holder[last];
      delete holder[last];
    });
    const faults = faultsOf(text);
    assert.equal(
      faults.map(({ hint }) => hint),
      [`did you mean "${key}"?`],
      `${pointerOf(steps)}: ${JSON.stringify(told(faults))}`,
    );
  }
});

test('a value that does not fit, or a mask that is misspelt', () => {
  const policyWhere = (family: object): string =>
    JSON.stringify({
      ...FULL_POLICY,
      syscalls: {
        allow: [{ calls: ['socket'], where: { socket: [{ family }] }, why: 'a reason that is long enough' }],
      },
    });
  const at = '/syscalls/allow/0/where/socket/0/family';
  tellsOnly(policyWhere({ anyOf: ['0x100000000'] }), `${at}/anyOf/0`);
  tellsOnly(policyWhere({ mask: '0x100000000', anyOf: ['AF_UNIX'] }), `${at}/mask`);
  tellsOnly(policyWhere({ mask: 'AF_UNX', anyOf: ['AF_INET'] }), `${at}/mask`);
  tellsOnly(policyWhere({ mask: '0x1', anyOf: ['AF_UNX|AF_INET'] }), `${at}/anyOf/0`);
});

test('a list of conditions for which no filter has room', () => {
  const many = Array.from({ length: 3000 }, (_, value) => ({ request: { anyOf: [String(value)] } }));
  const why = 'a reason that is long enough';
  const rule = (count: number): object => ({ calls: ['ioctl'], where: { ioctl: many.slice(0, count) }, why });
  const withRules = (...counts: number[]): string =>
    JSON.stringify({ ...FULL_POLICY, syscalls: { allow: counts.map(rule) } });
  tellsOnly(withRules(1, 3000, 1), '/syscalls/allow/1/where/ioctl');
  tellsOnly(withRules(250, 250, 250, 250, 250, 250), '/syscalls/allow/4/where/ioctl');
});

test('an edition that there is not', () => {
  const text = JSON.stringify({ ...FULL_POLICY, syscalls: { ...FULL_POLICY.syscalls, baseline: '2025-11' } });
  tellsOnly(text, '/syscalls/baseline');
});

test('a file that breaks off, wherever it does', () => {
  const text = readFileSync(join(installationRoot, 'profiles/strict.json'), 'utf8');
  const end = text.trimEnd().length;
  for (let length = 0; length < end; length += 61) {
    const faults = faultsOf(text.slice(0, length));
    assert.is(faults.length, 1, `${length}: ${JSON.stringify(told(faults))}`);
    assert.match(faults[0]?.message ?? '', /^not JSON: .*(the end of the file|column \d+|is empty)/);
  }
});

test.run();
