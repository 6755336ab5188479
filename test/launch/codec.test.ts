/** What the control plane writes is what the launcher reads: any plan, field by field. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { type LaunchPlan, PLAN_FIELDS, PLAN_VERSION, type PlanKind } from '../../generated/plan-layout.js';
import { installationRoot } from '../../src/base/installation.js';
import { encodePlan } from '../../src/launch/encode.js';
import { anyPlan, faultyPlans, wholePlan } from '../support/plan-seeds.js';
import { suite } from '../support/suite.js';

const test = suite('launch/encode and plan/read_plan');
const folder = mkdtempSync(join(tmpdir(), 'sandbox-codec-'));
test.after(() => rmSync(folder, { recursive: true }));

type Read = { readonly status: number | null; readonly fault: string | undefined; readonly dump: string };

function read(bytes: Uint8Array): Read {
  const file = join(folder, 'plan');
  writeFileSync(file, bytes);
  const { status, stdout } = spawnSync(join(installationRoot, 'build/native/test/plan_dump'), [file], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  const [dump = '', fault] = stdout.split(/^fault: /m);
  return { status, fault: fault?.trim(), dump };
}

/** The plan as plan_dump spells what it has read. */
function spell(plan: LaunchPlan): string {
  return PLAN_FIELDS.map((field) => {
    const value: unknown = plan[field.name];
    if (field.kind === 'bytes') return `${field.tag} b${Buffer.from(value as Uint8Array).toString('hex')}\n`;
    const elements = field.many ? (value as readonly unknown[]) : [value];
    const spelled = elements.flatMap((element) =>
      field.kind === 'record'
        ? field.members.map(([name, kind]) => spellValue(kind, (element as Record<string, unknown>)[name] ?? 0))
        : [spellValue(field.kind, element)],
    );
    return `${[field.tag, elements.length, ...spelled].join(' ')}\n`;
  }).join('');
}

const spellValue = (kind: PlanKind, value: unknown): string =>
  kind === 'text' ? `t${Buffer.from(value as string).toString('hex')}` : String(value);

test('a whole plan is read as it was written, and nothing is wrong with it', () => {
  const plan = wholePlan();
  assert.equal(read(encodePlan(plan)), { status: 0, fault: undefined, dump: spell(plan) });
});

test('any plan is read as it was written', () => {
  fc.assert(
    fc.property(anyPlan, (plan) => {
      assert.is(read(encodePlan(plan)).dump, spell(plan));
    }),
    { numRuns: 150 },
  );
});

for (const [index, [fault, plan]] of faultyPlans().entries()) {
  test(`${fault} (${index})`, () => {
    const result = read(encodePlan(plan));
    assert.equal([result.status, result.fault], [1, fault]);
  });
}

const whole = encodePlan(wholePlan());
const changed = (at: number, value: number): Uint8Array => whole.map((byte, index) => (index === at ? value : byte));
/** The header says how long the plan is. */
const withLength = (bytes: Buffer): Uint8Array => {
  bytes.writeUInt32LE(bytes.length, 12);
  return bytes;
};
const FIRST_FIELD_BYTES = 24;
for (const [what, bytes, fault] of [
  ['nothing', new Uint8Array(0), 'not a launch plan'],
  ['another magic', changed(0, 0x53), 'not a launch plan'],
  ['a header cut off', whole.subarray(0, 12), 'cut off'],
  ['another version', changed(8, PLAN_VERSION + 1), 'another version'],
  ['a byte too few', whole.subarray(0, -1), 'another length than its header says'],
  ['a byte too many', Buffer.concat([whole, Buffer.alloc(1)]), 'another length than its header says'],
  [
    'a field too many',
    withLength(Buffer.concat([whole, Buffer.alloc(8)])),
    'a field is unknown, twice or out of order',
  ],
  [
    'a field left out',
    withLength(Buffer.concat([whole.subarray(0, 16), whole.subarray(16 + FIRST_FIELD_BYTES)])),
    'a field is missing, unknown or out of order',
  ],
  [
    'a field twice',
    withLength(Buffer.concat([whole.subarray(0, 16 + FIRST_FIELD_BYTES), whole.subarray(16)])),
    'a field is missing, unknown or out of order',
  ],
  ['a text with another length', changed(24, 4), 'a malformed field'],
  ['a text with a NUL inside', changed(28, 0), 'a malformed field'],
  ['padding that is not zero', changed(16 + FIRST_FIELD_BYTES - 1, 1), 'a field runs beyond the end'],
] as const) {
  test(`${what} is refused`, () => {
    const result = read(bytes);
    assert.equal([result.status, result.fault, result.dump], [1, fault, '']);
  });
}

test.run();
