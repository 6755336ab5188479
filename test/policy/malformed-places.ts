/** What may stand where a policy is looked for, and is none: the cases make it in a folder of their own. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';

/** What is made in `folder`; the path is that of the policy that must be refused with `code`, at `pointer` of `file`. */
export type Place = {
  readonly title: string;
  readonly code: string;
  readonly file: string;
  readonly pointer: string;
  readonly make: (folder: string) => string | Promise<string>;
};

const text = (parent?: object): string =>
  JSON.stringify({ apiVersion: 1, name: 'mine', version: '1.0.0', extends: parent ?? { policy: 'strict' } });

function write(folder: string, name: string, parent?: object): string {
  writeFileSync(join(folder, name), text(parent));
  return join(folder, name);
}

const none = (title: string, code: string, name: string, make: (path: string) => void | Promise<void>): Place => ({
  title,
  code,
  file: name,
  pointer: '',
  make: async (folder) => {
    await make(join(folder, name));
    return join(folder, name);
  },
});

/** A policy whose `extends` is at fault. */
const extending = (title: string, code: string, policy: string, make: (folder: string) => void = () => {}): Place => ({
  title: `extends ${title}`,
  code,
  file: 'child.json',
  pointer: '/extends/policy',
  make: (folder) => {
    make(folder);
    return write(folder, 'child.json', { policy });
  },
});

function run(command: string, ...args: string[]): void {
  if (spawnSync(command, args).status !== 0) throw new Error(`${command} failed`);
}

const listen = (path: string): Promise<void> =>
  new Promise((done) => {
    const server = createServer().listen(path, done);
    server.unref();
  });

const PINNED = `sha256:${'0'.repeat(64)}`;
const far = '/../'.repeat(20);

export const PLACES: readonly Place[] = [
  none('a folder', 'POLICY_UNREADABLE', 'a.json', (path) => mkdirSync(path)),
  {
    title: 'the root folder',
    code: 'POLICY_UNREADABLE',
    file: '/',
    pointer: '',
    make: () => '/',
  },
  none('a named pipe', 'POLICY_UNREADABLE', 'a.json', (path) => run('mkfifo', path)),
  none('a socket', 'POLICY_UNREADABLE', 'a.json', listen),
  none('a link to itself', 'POLICY_UNREADABLE', 'a.json', (path) => symlinkSync('a.json', path)),
  none('a link to nothing', 'POLICY_NOT_FOUND', 'a.json', (path) => symlinkSync('nothing', path)),
  none('a name with a line feed and an escape', 'POLICY_NOT_FOUND', 'a\n\u001b[31m.json', () => {}),
  none('a name longer than any', 'POLICY_UNREADABLE', 'a'.repeat(5000), () => {}),
  none('an endless device', 'POLICY_UNREADABLE', 'zero', (path) => symlinkSync('/dev/zero', path)),
  none('a file that cannot be read from its start', 'POLICY_UNREADABLE', 'mem', (path) =>
    symlinkSync('/proc/self/mem', path),
  ),
  none('100 MB of nothing', 'POLICY_TOO_LARGE', 'a.json', (path) => {
    writeFileSync(path, '');
    truncateSync(path, 100_000_000);
  }),
  none('a program', 'POLICY_TOO_LARGE', 'node', (path) => symlinkSync(process.execPath, path)),
  extending('itself', 'POLICY_EXTENDS_CYCLE', './child.json'),
  extending('itself by a link', 'POLICY_EXTENDS_CYCLE', './link.json', (folder) =>
    symlinkSync('child.json', join(folder, 'link.json')),
  ),
  extending('a folder', 'POLICY_UNREADABLE', './inner', (folder) => mkdirSync(join(folder, 'inner'))),
  extending('a named pipe', 'POLICY_UNREADABLE', './pipe', (folder) => run('mkfifo', join(folder, 'pipe'))),
  extending('a loop of links', 'POLICY_UNREADABLE', './one', (folder) => {
    symlinkSync('two', join(folder, 'one'));
    symlinkSync('one', join(folder, 'two'));
  }),
  extending('what is not there', 'POLICY_NOT_FOUND', './none.json'),
  extending('what is below a file', 'POLICY_NOT_FOUND', './child.json/none.json'),
  extending('a file that is too large', 'POLICY_TOO_LARGE', './large.json', (folder) => {
    writeFileSync(join(folder, 'large.json'), ' ');
    truncateSync(join(folder, 'large.json'), 2_000_000);
  }),
  extending('an absolute path', 'POLICY_EXTENDS_OUTSIDE', '/etc/passwd'),
  extending('an endless device', 'POLICY_EXTENDS_OUTSIDE', '/dev/zero'),
  extending('the folder above', 'POLICY_EXTENDS_OUTSIDE', '../above.json'),
  extending('the folder above on a way through it', 'POLICY_EXTENDS_OUTSIDE', './inner/../../above.json'),
  extending(
    'a file of its own folder on a way through the one above',
    'POLICY_EXTENDS_OUTSIDE',
    './inner/../../a/b.json',
  ),
  {
    ...extending('back into its own folder', 'POLICY_EXTENDS_OUTSIDE', ''),
    make: (folder) => {
      write(folder, 'parent.json');
      return write(folder, 'child.json', { policy: `../${basename(folder)}/parent.json` });
    },
  },
  extending('a file as if it were a folder', 'POLICY_UNREADABLE', './parent.json/', (folder) => {
    write(folder, 'parent.json');
  }),
  extending('its own folder', 'POLICY_UNREADABLE', '.'),
  extending('far above', 'POLICY_EXTENDS_OUTSIDE', `.${far}etc/passwd`),
  extending('a link that leads out', 'POLICY_EXTENDS_OUTSIDE', './out.json', (folder) =>
    symlinkSync('/etc/passwd', join(folder, 'out.json')),
  ),
  extending('a folder whose link leads out', 'POLICY_EXTENDS_OUTSIDE', './out/passwd', (folder) =>
    symlinkSync('/etc', join(folder, 'out')),
  ),
  extending('a profile that is not there', 'POLICY_PROFILE_UNKNOWN', 'stritc'),
  extending('nothing', 'POLICY_INVALID', ''),
  extending('a name with a line feed', 'POLICY_INVALID', './a\nb.json'),
  extending('a name with a NUL', 'POLICY_INVALID', './a\0b.json'),
  extending('a name of 900,000 letters', 'POLICY_INVALID', 'a'.repeat(900_000)),
  {
    title: 'a circle of three',
    code: 'POLICY_EXTENDS_CYCLE',
    file: 'c.json',
    pointer: '/extends/policy',
    make: (folder) => {
      write(folder, 'c.json', { policy: './a.json' });
      write(folder, 'b.json', { policy: './c.json' });
      return write(folder, 'a.json', { policy: './b.json' });
    },
  },
  {
    title: 'a chain of ten',
    code: 'POLICY_EXTENDS_DEPTH',
    file: '5.json',
    pointer: '/extends/policy',
    make: (folder) => {
      for (let at = 0; at < 10; at++) write(folder, `${at}.json`, { policy: `./${at + 1}.json` });
      write(folder, '10.json');
      return join(folder, '0.json');
    },
  },
  {
    title: 'a parent that is malformed',
    code: 'POLICY_SYNTAX',
    file: 'parent.json',
    pointer: '',
    make: (folder) => {
      writeFileSync(join(folder, 'parent.json'), '{');
      return write(folder, 'child.json', { policy: './parent.json' });
    },
  },
  {
    title: 'a parent with a fault of its own',
    code: 'POLICY_INVALID',
    file: 'parent.json',
    pointer: '/syscals',
    make: (folder) => {
      writeFileSync(join(folder, 'parent.json'), text().replace('}}', '}, "syscals": {}}'));
      return write(folder, 'child.json', { policy: './parent.json' });
    },
  },
  ...[
    { title: 'a digest of something else', pin: { digest: PINNED }, code: 'POLICY_DIGEST_MISMATCH', at: 'digest' },
    { title: 'a digest in capitals', pin: { digest: PINNED.toUpperCase() }, code: 'POLICY_INVALID', at: 'digest' },
    { title: 'a digest that is cut off', pin: { digest: PINNED.slice(0, -1) }, code: 'POLICY_INVALID', at: 'digest' },
    { title: 'an algorithm of old', pin: { digest: `md5:${'0'.repeat(32)}` }, code: 'POLICY_INVALID', at: 'digest' },
    { title: 'a version that is not there', pin: { version: '9.9.9' }, code: 'POLICY_VERSION_MISMATCH', at: 'version' },
    { title: 'a range of versions', pin: { version: '>=1.0.0' }, code: 'POLICY_INVALID', at: 'version' },
  ].map(
    ({ title, pin, code, at }): Place => ({
      title,
      code,
      file: 'child.json',
      pointer: `/extends/${at}`,
      make: (folder) => write(folder, 'child.json', { policy: 'strict', ...pin }),
    }),
  ),
];
