/** S03: under strict the workload has no privilege inside. */
import * as assert from 'uvu/assert';
import { parseResults } from '../support/probe.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { userRequirement } from '../support/user.js';

const test = suite('S03 no privilege inside');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

const statusOf = (text: string): ReadonlyMap<string, string> =>
  new Map(text.split('\n').map((line) => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1).trim()]));
const CAPABILITY_SETS = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'];
const NONE = '0000000000000000';

test.needs(needs, 'user and group are not 0, no set has a capability, and no filter can be left behind', () => {
  const inside = statusOf(ground.inside('cat /proc/self/status'));
  const outside = statusOf(ground.outside('cat /proc/self/status'));
  assert.is(inside.get('Uid'), '65534\t65534\t65534\t65534');
  assert.is(inside.get('Gid'), '65534\t65534\t65534\t65534');
  assert.is(inside.get('Groups'), '');
  for (const set of CAPABILITY_SETS) assert.is(inside.get(set), NONE, set);
  assert.is(inside.get('NoNewPrivs'), '1');
  assert.is(inside.get('Seccomp'), '2');
  assert.is.not(outside.get('CapBnd'), NONE, 'outside there is something to take away');
  assert.is(outside.get('NoNewPrivs'), '0');
  assert.is(outside.get('Seccomp'), '0');
});

test.needs(needs, "an image's own user is kept, with its groups but those of root", () => {
  const layers = [
    [
      { name: 'etc', type: 'folder' as const },
      { name: 'etc/group', data: 'root:x:0:guest\nguest:x:1000:\ntape:x:26:guest\n' },
    ],
  ];
  const image = ground.withTools('guest', { layers, config: { User: 'guest' } });
  const { status, stdout } = ground.run(['id'], { image });
  assert.is(stdout.toString(), 'uid=1000(guest) gid=1000(guest) groups=26(tape)\n');
  assert.is(status, 0);
});

test.needs(needs, 'root is refused to who asks for it, and taken from an image that says it', () => {
  const asked = ground.run(['id', '-u'], { flags: ['--profile', 'strict', '--user', '0'] });
  assert.is(asked.status, 125);
  assert.match(asked.stderr, /^sandbox: LAUNCH_ROOT_REFUSED: /);
  assert.is(asked.stdout.length, 0);
  const image = ground.withTools('root', { layers: [], config: { User: '0:0' } });
  assert.is(ground.run(['id', '-u'], { image }).stdout.toString(), '65534\n');
});

test.needs(needs, 'a setuid bit has no effect', () => {
  const folder = { name: 'set', type: 'folder' as const };
  const program = ground.tool('probe');
  const layers = [[folder, { name: 'set/probe', data: program, mode: 0o6755 }]];
  const image = ground.withTools('setuid', { layers });
  const look = 'stat -c %a /set/probe; /set/probe --only cred.state.uid,cred.state.uids,cred.state.cap-prm';
  const [mode, ...lines] = ground.inside(look, { image }).trimEnd().split('\n');
  assert.is(mode, '755', 'the bits are gone when it is unpacked');
  const verdicts = [...parseResults(lines.join('\n')).values()].map(({ id, verdict }) => `${id} ${verdict}`);
  assert.equal(verdicts, ['cred.state.cap-prm denied', 'cred.state.uid denied', 'cred.state.uids denied']);
});

const ATTEMPTS = [
  'cred.setgroups',
  'cred.setgroups.none',
  'cred.suid.chmod',
  'ns.unshare.user',
  'process.ptrace.attach',
];

test.needs(needs, 'privilege cannot be had either', () => {
  const probe = `probe --only ${ATTEMPTS.join(',')}`;
  const inside = parseResults(ground.inside(probe));
  const outside = parseResults(ground.outside(probe));
  for (const { id, verdict } of inside.values()) assert.is(verdict, 'denied', id);
  assert.is(inside.size, ATTEMPTS.length);
  for (const id of ['cred.suid.chmod', 'ns.unshare.user', 'process.ptrace.attach'])
    assert.is(outside.get(id)?.verdict, 'allowed', `${id} outside`);
});

test.run();
