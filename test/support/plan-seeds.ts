/**
 * Launch plans for tests of their reader: a whole one, ones with a single
 * fault each, and random ones. As a program, writes a fuzzing corpus:
 *
 *   node build/test/support/plan-seeds.js FOLDER
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type LaunchPlan, PLAN_FIELDS, type PlanField, type PlanKind } from '../../generated/plan-layout.js';
import { encodePlan } from '../../src/launch/encode.js';
import { planLaunch } from '../../src/launch/plan.js';
import { launchInputs } from './launch-inputs.js';

type Value = number | bigint | string | Uint8Array | Readonly<Record<string, number | bigint | string>>;

/** With an element in every list, as the launcher would carry it out. */
export function wholePlan(): LaunchPlan {
  return {
    ...planLaunch(launchInputs()),
    remark: ['a remark'],
    layer: ['/layers/one', '/layers/two'],
    mount: [
      { kind: 1, flags: 7, mode: 0o1777, maxFiles: 100, size: 4096n, source: '', target: '/tmp' },
      { kind: 2, flags: 15, mode: 0, maxFiles: 0, size: 0n, source: '/on/the/host', target: '/shared' },
    ],
    environment: ['A=1', 'B='],
    environmentPass: ['TERM'],
    group: [5, 6],
    rlimit: [{ resource: 7, soft: 1024n, hard: 2048n, name: 'nofile' }],
    cgroup: [{ version: 1, parent: '/sys/fs/cgroup/memory' }],
    cgroupValue: [{ index: 0, file: 'memory.limit_in_bytes', value: '4096' }],
    landlockPath: [{ access: 13n, path: '/' }],
    landlockPort: [{ access: 1n, port: 443n }],
    condition: [
      { argument: 0, compare: 0, mask: 0xffff_ffffn, value: 16n },
      { argument: 5, compare: 5, mask: 0xffff_ffff_ffff_ffffn, value: 1n },
    ],
    refusal: [
      { number: 165, answer: 0, errnoValue: 1, firstCondition: 0, conditionCount: 0, rule: 'a.json#/syscalls' },
      { number: 16, answer: 2, errnoValue: 0, firstCondition: 0, conditionCount: 2, rule: '' },
    ],
  };
}

/** What is wrong with each, as the reader says it, and the plan. */
export function faultyPlans(): readonly (readonly [fault: string, plan: LaunchPlan])[] {
  const whole = wholePlan();
  const [mount] = whole.mount;
  const [refusal] = whole.refusal;
  const [cgroupValue] = whole.cgroupValue;
  const [condition] = whole.condition;
  if (mount === undefined || refusal === undefined || cgroupValue === undefined || condition === undefined) return [];
  const changes: readonly (readonly [string, Partial<LaunchPlan>])[] = [
    ['no usable id map', { idMapMethod: 3 }],
    ['no usable id map', { uidRange: [] }],
    ['no usable id map', { gidRange: [] }],
    ['no usable id map', { idMapMethod: 1, newuidmap: 'newuidmap' }],
    ['no usable id map', { idMapMethod: 1, newgidmap: '' }],
    ['a path is not absolute', { stateDirectory: 'state' }],
    ['a path is not absolute', { workingDirectory: '' }],
    ["a helper's path is not absolute", { idMapMethod: 0, newuidmap: 'newuidmap' }],
    ["a helper's path is not absolute", { idMapMethod: 0, newgidmap: './newgidmap' }],
    ['no layer', { layer: [] }],
    ["a layer's path is not absolute", { layer: ['/one', 'two'] }],
    ['a mount that cannot be', { mount: [{ ...mount, kind: 0 }] }],
    ['a mount that cannot be', { mount: [{ ...mount, kind: 7 }] }],
    ['a mount that cannot be', { mount: [{ ...mount, target: 'tmp' }] }],
    ['a mount that cannot be', { mount: [{ ...mount, source: '/etc' }] }],
    ['a mount that cannot be', { mount: [{ ...mount, kind: 2, source: 'etc' }] }],
    ['a Landlock path is not absolute', { landlockPath: [{ access: 1n, path: 'tmp' }] }],
    ['a cgroup that cannot be', { cgroup: [{ version: 3, parent: '/sys' }] }],
    ['a cgroup that cannot be', { cgroup: [{ version: 1, parent: 'sys' }] }],
    ['a cgroup value without its group', { cgroupValue: [{ ...cgroupValue, index: 1 }] }],
    ['a cgroup value without its group', { cgroupValue: [{ ...cgroupValue, index: 0xffff_ffff }] }],
    ...['', '.', '..', 'a/b'].map((file): readonly [string, Partial<LaunchPlan>] => [
      'a cgroup value without its group',
      { cgroupValue: [{ ...cgroupValue, file }] },
    ]),
    ['a filter of impossible size', { filter: new Uint8Array(0) }],
    ['a filter of impossible size', { filter: new Uint8Array(9) }],
    ['a filter of impossible size', { filter: new Uint8Array(8 * 4097) }],
    ['a table of known calls of another size', { knownCalls: new Uint8Array(127) }],
    ['a condition that cannot be', { condition: [condition, { ...condition, argument: 6 }] }],
    ['a condition that cannot be', { condition: [condition, { ...condition, compare: 6 }] }],
    ['a refusal that cannot be', { refusal: [{ ...refusal, answer: 3 }] }],
    ['a refusal that cannot be', { refusal: [{ ...refusal, errnoValue: 4096 }] }],
    ['a refusal that cannot be', { refusal: [{ ...refusal, firstCondition: 3 }] }],
    ['a refusal that cannot be', { refusal: [{ ...refusal, firstCondition: 2, conditionCount: 1 }] }],
    ['a refusal that cannot be', { refusal: [{ ...refusal, firstCondition: 1, conditionCount: 0xffff_ffff }] }],
    ['a default answer that is no errno', { onDeny: { errnoValue: 0, rule: '' } }],
    ['a default answer that is no errno', { onUnknown: { errnoValue: 4096, rule: '' } }],
    ['a default answer that is no errno', { onForeign: { errnoValue: 0xffff_ffff, rule: '' } }],
  ];
  return changes.map(([fault, change]) => [fault, { ...whole, ...change }]);
}

/** Any plan that can be written down, sensible or not. */
export const anyPlan: fc.Arbitrary<LaunchPlan> = fc
  .record(Object.fromEntries(PLAN_FIELDS.map((field) => [field.name, anyField(field)])))
  .map((plan) => plan as unknown as LaunchPlan);

function anyField(field: PlanField): fc.Arbitrary<Value | readonly Value[]> {
  const one = anyValue(field, field.kind);
  return field.many ? fc.array(one, { maxLength: Math.min(field.max, 3) }) : one;
}

function anyValue(field: PlanField, kind: PlanKind): fc.Arbitrary<Value> {
  switch (kind) {
    case 'u32':
      return fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 0xffff_ffff }));
    case 'u64':
      return fc.bigInt(0n, 0xffff_ffff_ffff_ffffn);
    case 'text':
      return fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\0', ''));
    case 'bytes':
      return fc.uint8Array({ maxLength: 20 });
    case 'record':
      return fc.record(
        Object.fromEntries(field.members.map(([name, member]) => [name, anyValue(field, member)])),
      ) as fc.Arbitrary<Value>;
  }
}

/** Bytes that are nearly a plan. */
function* brokenBytes(): Generator<Uint8Array> {
  const bytes = encodePlan(wholePlan());
  for (const size of [0, 7, 8, 12, 15, 16, 24, bytes.length - 8]) yield bytes.subarray(0, size);
  for (const at of [0, 8, 12, 16, 20, 24, 28, 35])
    yield bytes.map((byte, index) => (index === at ? byte ^ 0x41 : byte));
}

const [, program, folder] = process.argv;
if (program?.endsWith('plan-seeds.js') === true && folder !== undefined) {
  mkdirSync(folder, { recursive: true });
  const random = fc.sample(anyPlan, { numRuns: 50, seed: 1 });
  const plans = [wholePlan(), ...faultyPlans().map(([, plan]) => plan), ...random].map(encodePlan);
  for (const [index, bytes] of [...plans, ...brokenBytes()].entries()) {
    writeFileSync(join(folder, `seed-${String(index).padStart(3, '0')}`), bytes);
  }
}
