import { readdirSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { suite } from './support/suite.js';

const test = suite('architecture');

/** Which rooms a room may import, and always `base`. What is not here is forbidden. */
const BELOW_RUN = [
  'ffi',
  'host',
  'seccomp',
  'apparmor',
  'capabilities',
  'landlock',
  'policy',
  'trust',
  'store',
  'image',
  'launch',
  'audit',
  'report',
  'container',
];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  ffi: [],
  host: ['ffi'],
  seccomp: ['ffi'],
  apparmor: [],
  capabilities: [],
  landlock: [],
  policy: ['seccomp', 'apparmor', 'capabilities', 'landlock', 'host'],
  trust: [],
  store: [],
  image: ['store', 'trust'],
  launch: ['policy', 'image', 'host'],
  audit: [],
  report: ['audit', 'policy'],
  container: ['launch', 'audit'],
  run: BELOW_RUN,
  cli: [...BELOW_RUN, 'run'],
};
/** Rooms of which another may import types alone. */
const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = {
  launch: ['policy', 'image', 'host'],
  report: ['policy'],
};
const LINE_LIMITS: Readonly<Record<string, number>> = { '.ts': 300, '.c': 400, '.h': 400 };

const files = (folder: string, ending: RegExp): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name) && !name.startsWith('generated/') && !name.startsWith('build/'))
    .map((name) => `${folder}/${name}`);
const text = (file: string): string => readFileSync(file, 'utf8');

for (const file of files('src', /\.ts$/)) {
  const room = file.split('/')[1] ?? '';
  test(`${file} imports only from below`, () => {
    assert.ok(room in MAY_IMPORT, `${room} is in the table`);
    for (const [, type, target = ''] of text(file).matchAll(/import (type )?[^;]*?from '\.\.\/([a-z-]+)\//g)) {
      if (target === 'base' || target === '..') continue;
      assert.ok(MAY_IMPORT[room]?.includes(target), `${room} imports ${target}`);
      if (TYPES_ONLY[room]?.includes(target)) assert.is(type, 'type ', `${room} may import types alone from ${target}`);
    }
  });
  test(`${file} keeps C at the door`, () => {
    if (/from 'koffi'/.test(text(file))) assert.is(room, 'ffi');
  });
  test(`${file} prints and exits only in cli`, () => {
    if (room !== 'cli') assert.not.match(text(file), /process\.exit\b|console\.|process\.std(out|err)\.write/);
  });
}

for (const file of [...files('src', /\.ts$/), ...files('test', /\.ts$/), ...files('native', /\.[ch]$/)]) {
  test(`${file} can be read in one sitting`, () => {
    const limit = LINE_LIMITS[file.slice(file.lastIndexOf('.'))] ?? 0;
    assert.ok(text(file).split('\n').length <= limit + 1, `${file} has more than ${limit} lines`);
  });
}

for (const file of files('test', /\.test\.ts$/)) {
  test(`${file} runs what it declares`, () => {
    const declared = [...text(file).matchAll(/= suite\(/g)].length;
    assert.ok(declared > 0, 'declares a suite');
    assert.is([...text(file).matchAll(/\.run\(\);/g)].length, declared, 'uvu passes a suite that never runs');
  });
}

test.run();
