/**
 * Derives sources from the definitions that stand once:
 *   native/plan_layout.json  → native/generated/plan_layout.{h,c}, generated/plan-layout.ts
 *   and what each module of scripts/generate/ says of itself
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { HEADER, root, writeChanged } from './write-changed.mjs';

const layout = JSON.parse(readFileSync(`${root}native/plan_layout.json`, 'utf8'));
const C_TYPE = { u32: 'uint32_t', u64: 'uint64_t', text: 'const char *' };
const camel = (name) => name.replace(/_([a-z])/g, (_, c) => c.toUpperCase());
const declare = (type, name) => (type.endsWith('*') ? `${type}${name}` : `${type} ${name}`);

function planHeader() {
  const lines = [
    `/* ${HEADER} */`,
    '#ifndef PLAN_LAYOUT_H',
    '#define PLAN_LAYOUT_H',
    '#include <stddef.h>',
    '#include <stdint.h>',
    '',
  ];
  const magic = [...Buffer.from(layout.magic, 'latin1')].map((b) => `\\x${b.toString(16).padStart(2, '0')}`).join('');
  lines.push(
    `#define PLAN_MAGIC "${magic}"`,
    `enum { PLAN_VERSION = ${layout.version}, PLAN_MAX_BYTES = ${layout.maxBytes} };`,
    '',
  );
  for (const field of layout.fields) {
    for (const [name, value] of Object.entries(field.values ?? {}))
      lines.push(`#define PLAN_${field.name.toUpperCase()}_${name.toUpperCase()} ${value}u`);
    if (field.kind !== 'record') continue;
    lines.push(
      `struct plan_${field.name} {`,
      ...field.members.map(([name, kind]) => `\t${declare(C_TYPE[kind], name)};`),
      '};',
      '',
    );
  }
  lines.push('/* Read-only after read_plan(); texts and bytes point into the plan. */', 'struct plan {');
  for (const field of layout.fields) {
    const many = field.count === 'many';
    if (field.comment) lines.push(`\t/* ${field.comment} */`);
    if (field.kind === 'bytes') lines.push(`\tconst unsigned char *${field.name};`, `\tsize_t ${field.name}_size;`);
    else if (field.kind === 'record')
      lines.push(many ? `\tstruct plan_${field.name} *${field.name};` : `\tstruct plan_${field.name} ${field.name};`);
    else if (many)
      lines.push(field.kind === 'text' ? `\tconst char **${field.name};` : `\t${C_TYPE[field.kind]} *${field.name};`);
    else lines.push(`\t${declare(C_TYPE[field.kind], field.name)};`);
    if (many) lines.push(`\tsize_t ${field.name}_count;`);
  }
  lines.push('};', '', 'enum plan_kind { PLAN_U32, PLAN_U64, PLAN_TEXT, PLAN_BYTES, PLAN_RECORD };', '');
  lines.push('struct plan_member {', '\tenum plan_kind kind;', '\tsize_t offset;', '};', '');
  lines.push(
    'struct plan_field {',
    '\tuint32_t tag;',
    '\tenum plan_kind kind;',
    '\tuint32_t max; /* 1: exactly one; else at most so many */',
    '\tint many;',
  );
  lines.push(
    '\tsize_t offset;',
    '\tsize_t count_offset; /* of the count, or of the size of bytes */',
    '\tsize_t element_size;',
    '\tconst struct plan_member *members;',
    '\tsize_t member_count;',
    '};',
    '',
  );
  lines.push(
    `enum { PLAN_FIELD_COUNT = ${layout.fields.length} };`,
    'extern const struct plan_field plan_fields[PLAN_FIELD_COUNT];',
    '#endif',
    '',
  );
  return lines.join('\n');
}

function planTable() {
  const lines = [`/* ${HEADER} */`, '#include "plan_layout.h"', ''];
  const kind = (k) => `PLAN_${k.toUpperCase()}`;
  for (const field of layout.fields.filter((f) => f.kind === 'record')) {
    lines.push(`static const struct plan_member ${field.name}_members[] = {`);
    lines.push(
      ...field.members.map(([name, k]) => `\t{ ${kind(k)}, offsetof(struct plan_${field.name}, ${name}) },`),
      '};',
      '',
    );
  }
  lines.push('const struct plan_field plan_fields[PLAN_FIELD_COUNT] = {');
  for (const field of layout.fields) {
    const many = field.count === 'many';
    const record = field.kind === 'record';
    const count = many
      ? `offsetof(struct plan, ${field.name}_count)`
      : field.kind === 'bytes'
        ? `offsetof(struct plan, ${field.name}_size)`
        : '0';
    const size = record
      ? `sizeof(struct plan_${field.name})`
      : field.kind === 'bytes'
        ? '0'
        : `sizeof(${C_TYPE[field.kind]})`;
    lines.push(
      `\t{ ${field.tag}, ${kind(field.kind)}, ${field.max ?? 1}, ${many ? 1 : 0}, offsetof(struct plan, ${field.name}), ${count}, ${size}, ${record ? `${field.name}_members, ${field.members.length}` : 'NULL, 0'} },`,
    );
  }
  lines.push('};', '');
  return lines.join('\n');
}

function planTypes() {
  const TS = { u32: 'number', u64: 'bigint', text: 'string', bytes: 'Uint8Array' };
  const lines = [`/** ${HEADER} The launch plan as native/plan_layout.json describes it. */`];
  for (const field of layout.fields.filter((f) => f.kind === 'record')) {
    const members = field.members.filter(([name]) => name !== 'reserved');
    lines.push(
      `export type Plan${camel(`_${field.name}`)} = { ${members.map(([name, k]) => `readonly ${camel(name)}: ${TS[k]}`).join('; ')} };`,
    );
  }
  lines.push('export type LaunchPlan = {');
  for (const field of layout.fields) {
    const element = field.kind === 'record' ? `Plan${camel(`_${field.name}`)}` : TS[field.kind];
    if (field.comment) lines.push(`  /** ${field.comment} */`);
    lines.push(`  readonly ${camel(field.name)}: ${field.count === 'many' ? `readonly ${element}[]` : element};`);
  }
  lines.push('};', "export type PlanKind = 'u32' | 'u64' | 'text' | 'bytes' | 'record';");
  lines.push(
    'export type PlanField = { readonly tag: number; readonly name: keyof LaunchPlan; readonly kind: PlanKind; readonly many: boolean; readonly max: number; readonly members: readonly (readonly [string, PlanKind])[] };',
  );
  lines.push(
    `export const PLAN_MAGIC = ${JSON.stringify(layout.magic)};`,
    `export const PLAN_VERSION = ${layout.version};`,
    `export const PLAN_MAX_BYTES = ${layout.maxBytes};`,
  );
  const table = layout.fields.map((f) => ({
    tag: f.tag,
    name: camel(f.name),
    kind: f.kind,
    many: f.count === 'many',
    max: f.max ?? 1,
    members: (f.members ?? []).map(([n, k]) => [camel(n), k]),
  }));
  lines.push(`export const PLAN_FIELDS: readonly PlanField[] = ${JSON.stringify(table, null, 2)};`);
  for (const field of layout.fields.filter((f) => f.values))
    lines.push(
      `export const ${field.name.toUpperCase()}_VALUES = ${JSON.stringify(Object.fromEntries(Object.entries(field.values).map(([k, v]) => [camel(k), v])))} as const;`,
    );
  return `${lines.join('\n')}\n`;
}

writeChanged('native/generated/plan_layout.h', planHeader());
writeChanged('native/generated/plan_layout.c', planTable());
writeChanged('generated/plan-layout.ts', planTypes());

/** Further generators, one idea a file: each module of scripts/generate/ derives its own sources when imported. */
const more = `${root}scripts/generate`;
if (existsSync(more))
  for (const name of readdirSync(more).sort()) if (name.endsWith('.mjs')) await import(`${more}/${name}`);
