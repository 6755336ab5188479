import * as assert from 'uvu/assert';
import { type CgroupFiles, parseHierarchies, parseOwnGroups, placeCgroup } from '../../src/host/cgroup.js';
import { suite } from '../support/suite.js';

const test = suite('cgroup placement');

const UNIFIED = '30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n';
const LEGACY = [
  '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755',
  '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct',
  '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
  '39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids',
  '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
].join('\n');

/** A host on which exactly these folders may be written, each with what it gives its children. */
const host = (folders: Readonly<Record<string, string>>): CgroupFiles => ({
  read: (path) => folders[path.replace(/\/cgroup\.subtree_control$/, '')],
  mayWrite: (path) => path.replace(/\/cgroup\.procs$/, '') in folders,
});

test('reads mounts with escaped names and with optional fields', () => {
  assert.equal(parseHierarchies('1 2 0:3 /a\\040b /c\\134d rw shared:1 master:2 - cgroup cgroup rw,pids\n'), [
    { version: 1, controllers: ['rw', 'pids'], mountPoint: '/c\\d', root: '/a b' },
  ]);
  assert.equal(parseHierarchies('1 2 0:3 / /proc rw - proc proc rw\n\nnonsense\n'), []);
});

test('reads own groups, of joined controllers and with colons in their names', () => {
  const groups = parseOwnGroups('4:cpu,cpuacct:/a\n3:name=systemd:/x:y\n0::/user.slice\n');
  assert.equal(
    [...groups],
    [
      ['cpu', '/a'],
      ['cpuacct', '/a'],
      ['name=systemd', '/x:y'],
      ['', '/user.slice'],
    ],
  );
});

test('takes the nearest delegated group that gives its children the controllers', () => {
  const app = '/sys/fs/cgroup/user.slice/user@1000.service/app.slice';
  const files = host({ [`${app}/shell.scope`]: '', [app]: 'cpu memory pids', '/sys/fs/cgroup': 'cpu memory pids' });
  assert.equal(placeCgroup(UNIFIED, '0::/user.slice/user@1000.service/app.slice/shell.scope\n', 1000, files), {
    kind: 'v2',
    parent: app,
    controllers: ['cpu', 'memory', 'pids'],
  });
});

test('needs the common ancestor to accept a moved process', () => {
  const folder = '/sys/fs/cgroup/user-1000';
  const files: CgroupFiles = { read: () => 'memory pids', mayWrite: (path) => path === folder };
  assert.equal(placeCgroup(UNIFIED, '0::/user-1000/leaf\n', 1000, files), {
    kind: 'none',
    why: 'the group /user-1000/leaf and those above it are not delegated to this user',
  });
});

test('tells a delegated group without controllers from one that is not delegated', () => {
  const folder = '/sys/fs/cgroup/user-1000';
  const placement = placeCgroup(UNIFIED, '0::/user-1000/leaf\n', 1000, host({ [folder]: 'cpu' }));
  assert.is(placement.kind, 'none');
  assert.match(placement.kind === 'none' ? placement.why : '', /user-1000 is writable but .* memory and pids$/);
});

test('sees a mount of a part of the hierarchy, and nothing outside of it', () => {
  const part = '30 24 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';
  const files = host({ '/sys/fs/cgroup/run': 'memory pids', '/sys/fs/cgroup': 'memory pids' });
  const parentOf = (own: string): string | undefined => {
    const placement = placeCgroup(part, own, 1000, files);
    return placement.kind === 'v2' ? placement.parent : undefined;
  };
  assert.is(parentOf('0::/docker/abc/run\n'), '/sys/fs/cgroup/run');
  assert.is(parentOf('0::/docker/abc\n'), '/sys/fs/cgroup');
  assert.is(parentOf('0::/../outside\n'), undefined);
});

test('takes for each version 1 controller the nearest writable folder', () => {
  const files = host({ '/sys/fs/cgroup/memory/a': '', '/sys/fs/cgroup/memory': '', '/sys/fs/cgroup/cpu,cpuacct': '' });
  const own = '4:memory:/a/b\n3:cpu,cpuacct:/\n8:pids:/\n0::/\n';
  assert.equal(placeCgroup(LEGACY, own, 1000, files), {
    kind: 'v1',
    parents: { memory: '/sys/fs/cgroup/memory/a', cpu: '/sys/fs/cgroup/cpu,cpuacct' },
  });
});

test('finds the version 1 folder that an administrator prepared', () => {
  const prepared = '/sys/fs/cgroup/pids/sandbox-1000';
  assert.equal(placeCgroup(LEGACY, '8:pids:/\n', 1000, host({ [prepared]: '' })), {
    kind: 'v1',
    parents: { pids: prepared },
  });
});

test('says why there is none', () => {
  const nothing = host({});
  assert.equal(placeCgroup('', '', 1000, nothing), { kind: 'none', why: 'no cgroup hierarchy is mounted' });
  assert.equal(placeCgroup(LEGACY, '8:pids:/\n0::/\n', 1000, nothing), {
    kind: 'none',
    why: 'no group of the version 1 hierarchies is writable for this user',
  });
});

test.run();
