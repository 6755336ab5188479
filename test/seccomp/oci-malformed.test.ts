/** Files that are no seccomp blocks, or say what no filter can do: one clear error each, with its place. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { FilterError } from '../../src/seccomp/errors.js';
import { compileOciSeccomp, loadOciSeccomp, parseOciSeccomp } from '../../src/seccomp/oci.js';
import { isQuick, startCpuClock } from '../support/cpu-time.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('malformed OCI seccomp blocks');

const deny = (syscalls: string, more = ''): string =>
  `{"defaultAction":"SCMP_ACT_ERRNO",${more}"syscalls":[${syscalls}]}`;
const allow = (more: string): string => `{"names":["read"],"action":"SCMP_ACT_ALLOW"${more}}`;
const compared = (argument: string): string => deny(allow(`,"args":[{${argument}}]`));
const equal = '"op":"SCMP_CMP_EQ"';

const cases: readonly [name: string, text: string, pointer: string, message: RegExp][] = [
  ['nothing', '', '', /JSON/],
  ['half a file', '{"defaultAction":"SCMP_ACT', '/defaultAction', /JSON/],
  ['a comment', `// no\n${deny('')}`, '', /comment/],
  ['a comma too many', '{"defaultAction":"SCMP_ACT_ALLOW",}', '', /JSON/],
  ['a list', '[]', '', /object/],
  ['no default action', '{"syscalls":[]}', '', /"defaultAction" is missing/],
  ['an unknown action', '{"defaultAction":"SCMP_ACT_MAYBE"}', '/defaultAction', /not one of/],
  ['an unknown key', '{"defaultAction":"SCMP_ACT_ALLOW","sycalls":[]}', '/sycalls', /unknown key/],
  ['a key twice', '{"defaultAction":"SCMP_ACT_ALLOW","defaultAction":"SCMP_ACT_KILL"}', '/defaultAction', /twice/],
  ['a prototype', '{"defaultAction":"SCMP_ACT_ALLOW","__proto__":{}}', '/__proto__', /not allowed/],
  ['an unknown key of a rule', deny(allow(',"argz":[]')), '/syscalls/0/argz', /unknown key/],
  ['a rule without names', deny('{"action":"SCMP_ACT_ALLOW"}'), '/syscalls/0', /"names" is missing/],
  ['a rule with no name', deny('{"names":[],"action":"SCMP_ACT_ALLOW"}'), '/syscalls/0/names', /is empty/],
  ['an empty name', deny('{"names":[""],"action":"SCMP_ACT_ALLOW"}'), '/syscalls/0/names/0', /is empty/],
  ['a number as name', deny('{"names":[3],"action":"SCMP_ACT_ALLOW"}'), '/syscalls/0/names/0', /string/],
  ['name beside names', deny(allow(',"name":"write"')), '/syscalls/0/name', /exclude each other/],
  ['a rule that is null', deny('null'), '/syscalls/0', /object/],
  ['an unknown operator', compared('"index":0,"value":1,"op":"SCMP_CMP_LIKE"'), '/syscalls/0/args/0/op', /not one of/],
  ['a seventh argument', compared(`"index":6,"value":1,${equal}`), '/syscalls/0/args/0/index', /more than 5/],
  ['a negative value', compared(`"index":0,"value":-1,${equal}`), '/syscalls/0/args/0/value', /less than 0/],
  ['half a value', compared(`"index":0,"value":1.5,${equal}`), '/syscalls/0/args/0/value', /integer/],
  ['a value as text', compared(`"index":0,"value":"1",${equal}`), '/syscalls/0/args/0/value', /integer/],
  ['an exponent', compared(`"index":0,"value":1e3,${equal}`), '/syscalls/0/args/0/value', /whole number/],
  ['65 bits', compared(`"index":0,"value":18446744073709551616,${equal}`), '/syscalls/0/args/0/value', /64 bits/],
  ['a condition without value', compared(`"index":0,${equal}`), '/syscalls/0/args/0', /"value" is missing/],
  ['an errno to allow', deny(allow(',"errnoRet":1')), '/syscalls/0/errnoRet', /takes no error number/],
  [
    'an errno to kill',
    '{"defaultAction":"SCMP_ACT_KILL","defaultErrnoRet":1}',
    '/defaultErrnoRet',
    /takes no error number/,
  ],
  [
    'errno 4095',
    deny('{"names":["read"],"action":"SCMP_ACT_ERRNO","errnoRet":4095}'),
    '/syscalls/0/errnoRet',
    /at most 4094/,
  ],
  [
    'a message of 17 bits',
    deny('{"names":["read"],"action":"SCMP_ACT_TRACE","errnoRet":65536}'),
    '/syscalls/0/errnoRet',
    /at most 65535/,
  ],
  [
    'a name of no error',
    deny('{"names":["read"],"action":"SCMP_ACT_ERRNO","errno":"ENOTHING"}'),
    '/syscalls/0/errnoRet',
    /no error "ENOTHING"/,
  ],
  [
    'two errors',
    deny('{"names":["read"],"action":"SCMP_ACT_ERRNO","errno":"EPERM","errnoRet":2}'),
    '/syscalls/0/errnoRet',
    /EPERM is 1/,
  ],
  ['an unknown ABI', deny('', '"architectures":["SCMP_ARCH_VAX"],'), '/architectures/0', /not one of/],
  ['another byte order', deny('', '"architectures":["SCMP_ARCH_S390X"],'), '/architectures/0', /byte order/],
  [
    'architectures beside archMap',
    deny('', '"architectures":["SCMP_ARCH_X86"],"archMap":[{"architecture":"SCMP_ARCH_X86_64"}],'),
    '/archMap',
    /exclude each other/,
  ],
  ['an unknown flag', deny('', '"flags":["SECCOMP_FILTER_FLAG_FAST"],'), '/flags/0', /not one of/],
  ['metadata for nobody', deny('', '"listenerMetadata":"x",'), '/listenerMetadata', /listenerPath/],
  [
    'a capability misspelt',
    deny(allow(',"includes":{"caps":["SYS_ADMIN"]}')),
    '/syscalls/0/includes/caps/0',
    /spelled/,
  ],
  ['no kernel', deny(allow(',"includes":{"minKernel":"new"}')), '/syscalls/0/includes/minKernel', /spelled/],
  ['a container without a filter', '{"ociVersion":"1.2.0","linux":{}}', '/linux', /no "seccomp"/],
  ['a configuration without "linux"', '{"ociVersion":"1.2.0","process":{"args":["x"]}}', '/linux', /no "seccomp"/],
  ['null for what must be there', '{"defaultAction":null}', '', /"defaultAction" is missing/],
  [
    'a fault in a config.json',
    '{"ociVersion":"1.2.0",\n"linux":{"seccomp":{\n"defaultAction":"SCMP_ACT_ALOW"}}}',
    '/linux/seccomp/defaultAction',
    /not one of/,
  ],
  [
    'a contradiction',
    deny(
      '{"names":["read"],"action":"SCMP_ACT_KILL","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},' +
        '{"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]}',
    ),
    '/syscalls/1',
    /another action than \/syscalls\/0/,
  ],
  [
    'a contradiction that a later rule covers',
    deny(
      '{"names":["read"],"action":"SCMP_ACT_KILL","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},' +
        '{"names":["read"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},' +
        '{"names":["read"],"action":"SCMP_ACT_ALLOW"}',
    ),
    '/syscalls/1',
    /another action than \/syscalls\/0/,
  ],
  ['a hundred levels', `${'{"linux":'.repeat(100)}1${'}'.repeat(100)}`, '/linux'.repeat(64), /nested deeper/],
  [
    'a million values',
    `{"defaultAction":"SCMP_ACT_ALLOW","flags":[${'1,'.repeat(500_000)}1]}`,
    '',
    /more than \d+ values/,
  ],
  [
    'fifty thousand faults',
    `{"defaultAction":"SCMP_ACT_ALLOW","flags":[${'1,'.repeat(50_000)}1]}`,
    '/flags/0',
    /not one of/,
  ],
];

for (const [name, text, pointer, message] of cases)
  test(`${name}: refused at ${pointer || '/'}, within a second`, async () => {
    const compile = (): unknown => compileOciSeccomp(parseOciSeccomp(text, { name: 'block.json' }));
    const elapsedMs = startCpuClock();
    const error = await rejection(compile);
    assert.ok(await isQuick(1000, elapsedMs(), compile), 'within a second');
    assert.instance(error, FilterError);
    const { faults } = error as FilterError;
    assert.ok(faults.length > 0 && faults.length <= 50, `${faults.length} faults`);
    const told = faults.map((fault) => `${fault.file}:${fault.line}: ${fault.pointer}: ${fault.message}`);
    assert.ok(
      faults.some((fault) => fault.pointer === pointer && message.test(fault.message) && fault.line > 0),
      told.slice(0, 3).join('\n'),
    );
  });

const values = (count: number): string =>
  Array.from({ length: count }, (_, i) => allow(`,"args":[{"index":0,"value":${i * 7},${equal}}]`)).join(',');

test('more rules than a program holds are refused, and in time', async () => {
  const text = deny(values(6000));
  const compile = (): unknown => compileOciSeccomp(parseOciSeccomp(text));
  const elapsedMs = startCpuClock();
  const error = await rejection(compile);
  assert.is((error as FilterError).code, 'FILTER_TOO_LARGE');
  assert.ok(await isQuick(5000, elapsedMs(), compile), 'in time');
});

let folder = '';
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-oci-'));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const files: readonly [name: string, make: (path: string) => void, code: string][] = [
  ['none', () => undefined, 'FILTER_FILE_NOT_FOUND'],
  ['a pipe', (path) => spawnSync('mkfifo', [path]), 'FILTER_FILE_UNREADABLE'],
  ['two megabytes', (path) => writeFileSync(path, ' '.repeat(2 << 20)), 'FILTER_FILE_UNREADABLE'],
  [
    'bytes that are no text',
    (path) => writeFileSync(path, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])),
    'FILTER_FILE_SYNTAX',
  ],
  ['a NUL', (path) => writeFileSync(path, '{\u0000}'), 'FILTER_FILE_SYNTAX'],
];
for (const [name, make, code] of files)
  test(`a file that is ${name}: ${code}`, async () => {
    const path = join(folder, name.replaceAll(' ', '-'));
    make(path);
    const error = await rejection(() => loadOciSeccomp(path));
    assert.instance(error, FilterError);
    assert.is((error as FilterError).code, code);
  });

test.run();
