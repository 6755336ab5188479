/**
 * What the supervisor writes about a call: its name in each ABI, how grave it
 * is, what its arguments are.
 *   system call tables, audit/techniques.json, audit/syscall-arguments.json → native/generated/syscalls.{h,c}
 */
import { readFileSync } from 'node:fs';
import { HEADER, root, writeChanged } from '../write-changed.mjs';
import { syscallTable } from './syscalls.mjs';

const HEADERS = '/usr/include/x86_64-linux-gnu/asm';
const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'];
const techniques = JSON.parse(readFileSync(`${root}audit/techniques.json`, 'utf8'));
const argumentTable = JSON.parse(readFileSync(`${root}audit/syscall-arguments.json`, 'utf8'));

/** [name, number] of every `#define __NR_name` of a header, by number; `pattern` captures both. */
function readHeader(file, pattern) {
  return [...readFileSync(`${HEADERS}/${file}`, 'utf8').matchAll(pattern)]
    .map(([, name, nr]) => [name, Number(nr)])
    .sort((a, b) => a[1] - b[1]);
}

const i386Table = readHeader('unistd_32.h', /^#define __NR_(\w+) (\d+)$/gm);
/** Calls that x32 has under numbers of its own; it shares the others with x86-64. */
const x32Table = readHeader('unistd_x32.h', /^#define __NR_(\w+) \(__X32_SYSCALL_BIT \+ (5[1-9]\d)\)$/gm);
/** Newer calls have one number in every ABI. */
const newer = syscallTable.filter(([, nr]) => nr > Math.max(424, ...i386Table.map(([, number]) => number)));

const known = new Set([...syscallTable, ...i386Table].map(([name]) => name));
const classOf = new Map();
for (const group of techniques.classes)
  for (const name of group.calls) {
    if (!known.has(name)) throw new Error(`audit/techniques.json: no such call: ${name}`);
    if (classOf.has(name)) throw new Error(`audit/techniques.json: ${name} stands twice`);
    classOf.set(name, group);
  }
for (const name of Object.keys(argumentTable.calls))
  if (!known.has(name)) throw new Error(`audit/syscall-arguments.json: no such call: ${name}`);

const severity = (name) => `SEVERITY_${name.toUpperCase()}`;
for (const group of [techniques.otherwise, techniques.foreign, ...techniques.classes])
  if (!SEVERITIES.includes(group.severity)) throw new Error(`audit/techniques.json: severity ${group.severity}`);

/** All texts in one array, named by their place: tables of pointers would be relocated at every start. */
const places = new Map();
let textSize = 0;
function place(text) {
  if (!places.has(text)) {
    places.set(text, textSize);
    textSize += text.length + 1;
  }
  return places.get(text);
}
place('');

const argumentRows = [];
function argumentsOf(name) {
  const found = argumentTable.calls[name];
  if (found === undefined) return '-1, 0';
  const first = argumentRows.length;
  for (const argument of found) {
    const [field, kind] = argument.split(':');
    if (!argumentTable.kinds.includes(kind)) throw new Error(`audit/syscall-arguments.json: ${name}: kind ${kind}`);
    argumentRows.push(`\t{ ${place(field)}, ARGUMENT_${kind.toUpperCase()} }, /* ${name}: ${field} */`);
  }
  return `${found.length}, ${first}`;
}

const fields = (name, group, decoded) =>
  `${place(name)}, ${place(group.technique ?? '')}, ${severity(group.severity)}, ${decoded}`;
const row = ([name, nr], group, decoded) => `\t[${nr}] = { ${fields(name, group, decoded)} }, /* ${name} */`;
const native = syscallTable.map((call) =>
  row(call, classOf.get(call[0]) ?? techniques.otherwise, argumentsOf(call[0])),
);
/** Another ABI is refused as such: a call is at least as grave as that, and its registers are not decoded. */
const foreign = (table) =>
  table.map((call) => {
    const group = classOf.get(call[0]) ?? techniques.foreign;
    const graver = SEVERITIES.indexOf(group.severity) > SEVERITIES.indexOf(techniques.foreign.severity);
    return row(call, graver ? group : techniques.foreign, '-1, 0');
  });

const tables = {
  x86_64: native,
  i386: foreign([...i386Table, ...newer]),
  x32: foreign([...syscallTable, ...x32Table]),
};
const unnamed = (group) => `{ ${fields('', group, '-1, 0')} }`;
const definitions = [
  ...Object.entries(tables).map(
    ([abi, rows]) => `static const struct row ${abi}_calls[] = {\n${rows.join('\n')}\n};\n`,
  ),
  `static const struct row unnamed_native = ${unnamed(techniques.otherwise)};`,
  `static const struct row unnamed_foreign = ${unnamed(techniques.foreign)};`,
];
if (textSize > 0xffff) throw new Error('the texts need wider places');

writeChanged(
  'native/generated/syscalls.h',
  `/* ${HEADER} */
#ifndef SYSCALLS_H
#define SYSCALLS_H
#include <stddef.h>
#include <stdint.h>

enum syscall_severity { ${SEVERITIES.map(severity).join(', ')} };
enum syscall_argument_kind { ${argumentTable.kinds.map((kind) => `ARGUMENT_${kind.toUpperCase()}`).join(', ')} };

struct syscall_entry {
	const char *name;      /* "": no table has this call */
	const char *technique; /* of MITRE ATT&CK, or "" */
	enum syscall_severity severity;
	int argument_count; /* -1: unknown, write all six registers */
	size_t first_argument;
};

struct syscall_argument {
	const char *name;
	enum syscall_argument_kind kind;
};

/* The entry of call \`number\` as \`architecture\` (AUDIT_ARCH_*) numbers it, x32 by its bit. */
struct syscall_entry find_syscall(uint32_t architecture, uint32_t number);

/* Argument \`index\` of an entry, below its argument_count. */
struct syscall_argument find_syscall_argument(const struct syscall_entry *entry, size_t index);

/* "info", "low", "medium" ... */
const char *syscall_severity_name(enum syscall_severity severity);
#endif
`,
);

writeChanged(
  'native/generated/syscalls.c',
  `/* ${HEADER} */
#include <linux/audit.h>

#include "syscalls.h"

enum { X32_BIT = 0x40000000 };

/* Places in \`texts\`; name 0 is "". */
struct row {
	uint16_t name, technique;
	uint8_t severity;
	int8_t argument_count;
	uint16_t first_argument;
};

struct argument_row {
	uint16_t name;
	uint8_t kind;
};

static const char texts[${textSize}] =
${[...places.keys()]
  .map((text) => `\t"${text}\\0"`)
  .join('\n')
  .replace(/\\0"$/, '"')};

static const struct argument_row argument_rows[] = {
${argumentRows.join('\n')}
};

${definitions.join('\n')}

#define FIND(table, number, otherwise) \\
	((number) < sizeof(table) / sizeof *(table) && (table)[number].name != 0 ? &(table)[number] : (otherwise))

static const struct row *find_row(uint32_t architecture, uint32_t number)
{
	if (architecture == AUDIT_ARCH_I386)
		return FIND(i386_calls, number, &unnamed_foreign);
	if (architecture != AUDIT_ARCH_X86_64)
		return &unnamed_foreign;
	if ((number & X32_BIT) != 0)
		return FIND(x32_calls, number - X32_BIT, &unnamed_foreign);
	return FIND(x86_64_calls, number, &unnamed_native);
}

struct syscall_entry find_syscall(uint32_t architecture, uint32_t number)
{
	const struct row *row = find_row(architecture, number);
	return (struct syscall_entry){ texts + row->name, texts + row->technique, row->severity, row->argument_count,
				       row->first_argument };
}

struct syscall_argument find_syscall_argument(const struct syscall_entry *entry, size_t index)
{
	const struct argument_row *row = &argument_rows[entry->first_argument + index];
	return (struct syscall_argument){ texts + row->name, row->kind };
}

const char *syscall_severity_name(enum syscall_severity severity)
{
	switch (severity) {
${SEVERITIES.map((name) => `\tcase ${severity(name)}:\n\t\treturn "${name}";`).join('\n')}
	}
	return "";
}
`,
);
