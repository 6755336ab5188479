import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { SYSCALLS } from '../../generated/syscalls.js';
import { suite } from '../support/suite.js';

const test = suite('audit tables');

type Techniques = {
  readonly classes: readonly {
    readonly class: string;
    readonly severity: string;
    readonly technique: string | null;
    readonly calls: readonly string[];
  }[];
};
type Arguments = { readonly kinds: readonly string[]; readonly calls: Readonly<Record<string, readonly string[]>> };

const { classes }: Techniques = JSON.parse(readFileSync('audit/techniques.json', 'utf8'));
const table: Arguments = JSON.parse(readFileSync('audit/syscall-arguments.json', 'utf8'));
const names = new Set(SYSCALLS.map(([name]) => name));
const severityOf = (call: string): string | undefined => classes.find(({ calls }) => calls.includes(call))?.severity;

test('techniques are named as ATT&CK names them', () => {
  for (const { class: name, technique } of classes)
    if (technique !== null) assert.match(technique, /^T1\d{3}(\.\d{3})?$/, name);
});

test('what leaves the root is grave, what every libc tries is not', () => {
  for (const call of ['mount', 'pivot_root', 'unshare', 'setns', 'open_by_handle_at', 'bpf', 'ptrace'])
    assert.is(severityOf(call), 'high', call);
  assert.is(severityOf('init_module'), 'critical');
  assert.is(severityOf('clone3'), 'info');
});

test('arguments have names of their own and a kind of the list', () => {
  for (const [call, fields] of Object.entries(table.calls)) {
    assert.ok(names.has(call), call);
    assert.ok(fields.length <= 6, call);
    const fieldNames = fields.map((field) => field.split(':')[0]);
    assert.is(new Set(fieldNames).size, fieldNames.length, call);
    for (const field of fields) assert.ok(table.kinds.includes(field.split(':')[1] ?? ''), `${call} ${field}`);
  }
});

test('FORMAT.md names every kind of record and every field', () => {
  const format = readFileSync('audit/FORMAT.md', 'utf8');
  const schema: { readonly oneOf: readonly { readonly properties: Readonly<Record<string, unknown>> }[] } = JSON.parse(
    readFileSync('audit/event.schema.json', 'utf8'),
  );
  for (const { properties } of schema.oneOf)
    for (const field of Object.keys(properties)) assert.ok(format.includes(`\`${field}\``), field);
});

test.run();
