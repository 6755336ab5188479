import * as assert from 'uvu/assert';
import { type AccountSources, findUser, visibleAccountFile } from '../../src/image/accounts.js';
import { parseConfiguration } from '../../src/image/configuration.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('configuration');

const document = (config: object): Buffer =>
  Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', config, rootfs: { type: 'layers', diff_ids: [] } }));
const parse = (config: object) => parseConfiguration(document(config));

test('what the image says is taken over', () => {
  const parsed = parse({
    Env: ['A=1', 'B=x=y', 'A=2'],
    Entrypoint: ['/bin/tool'],
    Cmd: ['-v'],
    WorkingDir: 'srv/../data',
    User: 'web',
    StopSignal: 'SIGINT',
  });
  assert.equal(parsed.environment, ['A=2', 'B=x=y']);
  assert.equal(parsed.entrypoint, ['/bin/tool']);
  assert.equal(parsed.command, ['-v']);
  assert.is(parsed.workingDirectory, '/data');
  assert.is(parsed.user, 'web');
  assert.is(parsed.stopSignal, 2);
});

test('an image that says nothing has defaults', () => {
  const parsed = parse({ Env: null, Cmd: null });
  assert.equal([parsed.environment, parsed.command, parsed.workingDirectory, parsed.user], [[], [], '/', '']);
  assert.is(parsed.stopSignal, 15);
});

const SIGNALS: readonly (readonly [string, number])[] = [
  ['SIGTERM', 15],
  ['quit', 3],
  ['9', 9],
  ['SIGRTMIN+3', 37],
  ['RTMAX-2', 62],
  ['64', 64],
];
for (const [text, number] of SIGNALS) {
  test(`stop signal ${text} is ${number}`, () => assert.is(parse({ StopSignal: text }).stopSignal, number));
}

const MALFORMED: readonly (readonly [string, object])[] = [
  ['a variable without =', { Env: ['PATH'] }],
  ['a variable without a name', { Env: ['=x'] }],
  ['a NUL in an argument', { Cmd: ['a\0b'] }],
  ['an argument that is no text', { Cmd: [1] }],
  ['a command that is no list', { Cmd: 'sh -c x' }],
  ['too long an argument', { Cmd: ['x'.repeat(128 * 1024)] }],
  ['too many variables', { Env: Array.from({ length: 1025 }, (_, at) => `V${at}=1`) }],
  ['an unknown signal', { StopSignal: 'SIGWHAT' }],
  ['signal 0', { StopSignal: '0' }],
  ['signal 65', { StopSignal: '65' }],
  ['a realtime signal out of range', { StopSignal: 'SIGRTMIN+40' }],
  ['a user that is no text', { User: 5 }],
];
for (const [name, config] of MALFORMED) {
  test(`${name} is refused`, async () => {
    assert.is(((await rejection(() => parse(config))) as { code?: string }).code, 'IMAGE_MALFORMED');
  });
}

test('a key that stands twice is refused', async () => {
  const bytes = Buffer.from('{"os":"linux","os":"windows","rootfs":{"type":"layers","diff_ids":[]}}');
  assert.match(String(await rejection(() => parseConfiguration(bytes))), /malformed/);
});

const PASSWD = 'root:x:0:0::/root:/bin/sh\nweb:x:33:34::/:/bin/false\n1000:x:77:78::/:\nbad line\nneg:x:-1:0::/:\n';
const GROUP = 'root:x:0:\nweb:x:34:\ntape:x:26:web,root\ndisk:x:6:web\n';
const sources: AccountSources = { passwd: { kind: 'text', text: PASSWD }, group: { kind: 'text', text: GROUP } };
const none: AccountSources = { passwd: { kind: 'none' }, group: { kind: 'none' } };

const USERS: readonly (readonly [string, AccountSources, object])[] = [
  ['web', sources, { uid: 33, gid: 34, groups: [26, 6] }],
  ['33', sources, { uid: 33, gid: 34, groups: [26, 6] }],
  ['web:root', sources, { uid: 33, gid: 0, groups: [] }],
  ['web:99', sources, { uid: 33, gid: 99, groups: [] }],
  ['4711', sources, { uid: 4711, gid: 0, groups: [] }],
  ['4711:4712', none, { uid: 4711, gid: 4712, groups: [] }],
  ['1000', sources, { uid: 77, gid: 78, groups: [] }],
];
for (const [user, from, expected] of USERS) {
  test(`user ${user} is ${JSON.stringify(expected)}`, () => assert.equal(findUser(user, from), expected));
}

for (const user of ['nobody', 'web:nogroup', ':0', 'web:', 'a:b:c', 'neg', '4294967295', '-1']) {
  test(`user ${user} is refused`, async () => {
    assert.is(((await rejection(() => findUser(user, sources))) as { code?: string }).code, 'IMAGE_USER_UNKNOWN');
  });
}

test('account files are those of the topmost layer that has them', () => {
  const text = (value: string) => ({ state: 'present' as const, base64: Buffer.from(value).toString('base64') });
  assert.equal(visibleAccountFile([{ state: 'absent' }, text('a'), text('b')]), { kind: 'text', text: 'a' });
  assert.equal(visibleAccountFile([{ state: 'hidden' }, text('b')]), { kind: 'none' });
  assert.equal(visibleAccountFile([{ state: 'odd' }, text('b')]), { kind: 'odd' });
  assert.equal(visibleAccountFile([{ state: 'absent' }]), { kind: 'none' });
});

test.run();
