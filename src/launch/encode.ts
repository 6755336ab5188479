/**
 * LaunchPlan → bytes, as native/plan_layout.json describes them.
 *
 * The same plan gives the same bytes. What the launcher would refuse is refused
 * here, with a code, so that a plan that was written can be read.
 */
import {
  type LaunchPlan,
  PLAN_FIELDS,
  PLAN_MAGIC,
  PLAN_MAX_BYTES,
  PLAN_VERSION,
  type PlanField,
  type PlanKind,
} from '../../generated/plan-layout.js';
import { LaunchError } from './errors.js';

type Value = number | bigint | string | Uint8Array | Readonly<Record<string, number | bigint | string>>;

/** @throws {LaunchError} LAUNCH_PLAN_TOO_LARGE, LAUNCH_PLAN_UNSAYABLE */
export function encodePlan(plan: LaunchPlan): Uint8Array {
  const fields = PLAN_FIELDS.flatMap((field) => elementsOf(plan, field).map((value) => encodeField(field, value)));
  const size = fields.reduce((sum, field) => sum + field.length, 16);
  if (size > PLAN_MAX_BYTES) {
    throw new LaunchError(
      'LAUNCH_PLAN_TOO_LARGE',
      `the launch plan has ${size} bytes; at most ${PLAN_MAX_BYTES} can be read`,
      { hint: 'shorten the command or the environment' },
    );
  }
  const header = Buffer.alloc(16);
  header.write(PLAN_MAGIC, 0, 'latin1');
  header.writeUInt32LE(PLAN_VERSION, 8);
  header.writeUInt32LE(size, 12);
  return Buffer.concat([header, ...fields]);
}

function elementsOf(plan: LaunchPlan, field: PlanField): readonly Value[] {
  const value: Value | readonly Value[] = plan[field.name];
  if (!field.many) return [value as Value];
  const list = value as readonly Value[];
  if (list.length <= field.max) return list;
  throw unsayable(`${field.name} has ${list.length} elements; at most ${field.max} can be carried out`);
}

function encodeField(field: PlanField, value: Value): Buffer {
  const payload = encodeValue(field, field.kind, value);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(field.tag, 0);
  head.writeUInt32LE(payload.length, 4);
  return Buffer.concat([head, payload, Buffer.alloc(-payload.length & 7)]);
}

function encodeValue(field: PlanField, kind: PlanKind, value: Value): Buffer {
  switch (kind) {
    case 'u32': {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value as number);
      return bytes;
    }
    case 'u64': {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(value as bigint);
      return bytes;
    }
    case 'text':
      return encodeText(field, value as string);
    case 'bytes':
      return Buffer.from(value as Uint8Array);
    case 'record': {
      const record = value as Readonly<Record<string, number | bigint | string>>;
      return Buffer.concat(field.members.map(([name, member]) => encodeValue(field, member, record[name] ?? 0)));
    }
  }
}

function encodeText(field: PlanField, text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.includes(0)) throw unsayable(`${field.name} has a NUL character in it`);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  return Buffer.concat([size, bytes, Buffer.alloc(4 - (bytes.length % 4))]);
}

const unsayable = (message: string): LaunchError =>
  new LaunchError('LAUNCH_PLAN_UNSAYABLE', message, { hint: 'shorten or correct it' });
