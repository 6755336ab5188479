import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  chooseIdMap,
  type IdMapSources,
  type OuterRange,
  parseKernelMap,
  parseSubordinateIds,
  ROOT_RANGE,
  WANTED_IDS,
} from '../../src/host/id-map.js';
import { suite } from '../support/suite.js';

const test = suite('id map');
const EVERY_ID = '         0          0 4294967295\n';
const amal = { uid: 1000, gid: 1001, name: 'amal' };
const sources = (changes: Partial<IdMapSources>): IdMapSources => ({
  owner: amal,
  subuid: 'amal:100000:65536\n',
  subgid: 'amal:200000:65536\n',
  uidMap: EVERY_ID,
  gidMap: EVERY_ID,
  helperFault: undefined,
  ...changes,
});

const SUBUID: readonly (readonly [string, string, readonly OuterRange[]])[] = [
  ['nothing', '', []],
  ['an entry by name', 'amal:100000:65536\n', [{ start: 100000, count: 65536 }]],
  ['an entry by uid', '1000:100000:65536\n', [{ start: 100000, count: 65536 }]],
  ['entries of others', 'ama:1:5\namal2:1:5\n10000:1:5\n', []],
  ['the same entry twice', 'amal:5:5\namal:5:5\n', [{ start: 5, count: 5 }]],
  ['overlapping entries', 'amal:10:10\namal:15:10\n', [{ start: 10, count: 15 }]],
  ['adjacent entries out of order', 'amal:20:10\n1000:10:10\n', [{ start: 10, count: 20 }]],
  [
    'entries apart',
    'amal:40:10\namal:10:10\n',
    [
      { start: 10, count: 10 },
      { start: 40, count: 10 },
    ],
  ],
  ['no number, no count, one colon too many', 'amal:x:5\namal:5:\namal:5:5:5\namal:-1:5\n', []],
  ['no ids at all', 'amal:5:0\n', []],
  ['ids that do not exist', 'amal:4294967290:10\n', []],
];
for (const [title, text, expected] of SUBUID) {
  test(`reads subordinate ids: ${title}`, () => assert.equal(parseSubordinateIds(text, amal), expected));
}

test('never gives an outer id twice, nor one that no entry gives', () => {
  const entry = fc.record({ start: fc.nat(400), count: fc.nat(60) });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
      const text = entries.map(({ start, count }) => `amal:${start}:${count}`).join('\n');
      const given = parseSubordinateIds(text, amal).flatMap(({ start, count }) => idsOf(start, count));
      const expected = new Set(entries.flatMap(({ start, count }) => idsOf(start, count)));
      assert.is(new Set(given).size, given.length);
      assert.equal(new Set(given), expected);
    }),
  );
});

test('reads the ids that exist in a container', () => {
  assert.equal(parseKernelMap('         0     100000      65536\n     65536 1879048192 65536\n'), [
    { start: 0, count: 131072 },
  ]);
});

test('uses subordinate ids from inner 0 on', () => {
  const { idMap, remark } = chooseIdMap(sources({}));
  assert.equal(idMap, {
    method: 'subordinate',
    uid: [{ inner: 0, outer: 100000, count: 65536 }],
    gid: [{ inner: 0, outer: 200000, count: 65536 }],
  });
  assert.is(remark, undefined);
});

test('puts several ranges one behind the other and stops at 65536', () => {
  const { idMap, remark } = chooseIdMap(sources({ subuid: 'amal:100000:1000\namal:300000:100000\n' }));
  assert.equal(idMap.uid, [
    { inner: 0, outer: 100000, count: 1000 },
    { inner: 1000, outer: 300000, count: 64536 },
  ]);
  assert.is(remark, undefined);
});

test('says from which id on a short range cannot represent an image', () => {
  const { idMap, remark } = chooseIdMap(sources({ subgid: 'amal:200000:1000\n' }));
  assert.is(idMap.method, 'subordinate');
  assert.match(remark ?? '', /only 1000 of 65536 ids.* from 1000 on/);
});

const SINGLE: readonly (readonly [string, Partial<IdMapSources>, RegExp])[] = [
  ['no subuid', { subuid: '' }, /amal has no .* in \/etc\/subuid; .*usermod --add-subuids 265536-331071 amal$/],
  ['no subgid', { subgid: 'root:1:1' }, /in \/etc\/subgid; .*usermod --add-subgids 165536-231071 amal$/],
  [
    'neither',
    { subuid: '', subgid: 'ada:100000:65536' },
    /in \/etc\/subuid and \/etc\/subgid; .*--add-subuids 165536-231071 --add-subgids 165536-231071 amal$/,
  ],
  ['no helper', { helperFault: 'newuidmap is missing' }, /^newuidmap is missing$/],
  ['a container without those ids', { uidMap: '0 0 65536' }, /do not exist in this container/],
];
for (const [title, changes, remark] of SINGLE) {
  test(`falls back to the user's own id and says the fix: ${title}`, () => {
    const choice = chooseIdMap(sources(changes));
    assert.equal(choice.idMap, {
      method: 'single',
      uid: [{ inner: 0, outer: 1000, count: 1 }],
      gid: [{ inner: 0, outer: 1001, count: 1 }],
    });
    assert.match(choice.remark ?? '', remark);
  });
}

const root = { uid: 0, gid: 0, name: 'root' };
test('gives root without entries the reserved range, never its own id', () => {
  const { idMap, remark } = chooseIdMap(sources({ owner: root }));
  const reserved = [{ inner: 0, outer: ROOT_RANGE.start, count: WANTED_IDS }];
  assert.equal(idMap, { method: 'direct', uid: reserved, gid: reserved });
  assert.is(remark, undefined);
});

test('gives root its own entries where it has them', () => {
  const text = 'root:500000:65536\n';
  const { idMap } = chooseIdMap(sources({ owner: root, subuid: text, subgid: text }));
  assert.equal(idMap.uid, [{ inner: 0, outer: 500000, count: 65536 }]);
  assert.is(idMap.method, 'direct');
});

test('gives the root of a container ids that exist there, but not 0', () => {
  const map = '0 100000 65536\n';
  const { idMap, remark } = chooseIdMap(sources({ owner: root, uidMap: map, gidMap: map }));
  assert.equal(idMap.uid, [{ inner: 0, outer: 1, count: 65535 }]);
  assert.is(idMap.method, 'direct');
  assert.match(remark ?? '', /^inside a container: .*only 65535 of 65536/);
});

test('gives the root of a one-id container that one id', () => {
  const { idMap, remark } = chooseIdMap(sources({ owner: root, uidMap: '0 1000 1', gidMap: '0 1000 1' }));
  assert.is(idMap.method, 'single');
  assert.equal(idMap.uid, [{ inner: 0, outer: 0, count: 1 }]);
  assert.match(remark ?? '', /no id but root/);
});

function idsOf(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => start + index);
}

test.run();
