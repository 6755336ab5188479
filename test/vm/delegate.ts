/** Control groups in a test machine, as a login session with delegation would have them. */
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestUser } from '../support/user.js';

const ROOT = '/sys/fs/cgroup';

/** Gives the user a group with every controller and moves this process, which starts the user's, into a leaf of it. */
export function delegateGroup({ name, uid, gid }: TestUser): void {
  const group = join(ROOT, `user-${name}`);
  mkdirSync(group);
  for (const controller of readFileSync(join(group, 'cgroup.controllers'), 'utf8').trim().split(' '))
    writeFileSync(join(group, 'cgroup.subtree_control'), `+${controller}`);
  mkdirSync(join(group, 'leaf'));
  for (const folder of [group, join(group, 'leaf')])
    for (const file of ['', 'cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control'])
      chownSync(join(folder, file), uid, gid);
  writeFileSync(join(group, 'leaf/cgroup.procs'), String(process.pid));
}
