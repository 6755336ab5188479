import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import {
  allCapabilities,
  CapabilityError,
  capabilityBit,
  capabilityMask,
  capabilityNames,
  capabilitySets,
  isCapability,
} from '../../src/capabilities/capabilities.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('capabilities');

test('have the bits of the kernel header', () => {
  const header = readFileSync('/usr/include/linux/capability.h', 'utf8');
  const defined = [...header.matchAll(/^#define (CAP_[A-Z_]+)\s+(\d+)$/gm)].map(([, name, bit]) => [name, Number(bit)]);
  assert.equal(
    defined,
    allCapabilities.map((name, bit) => [name, bit]),
  );
  assert.is(allCapabilities.length, 41);
});

test('go from names to a set and back', () => {
  for (const name of allCapabilities) assert.equal(capabilityNames(capabilityMask([name])), [name]);
  assert.equal(capabilityNames(capabilityMask(allCapabilities)), [...allCapabilities]);
  assert.is(capabilityMask([]), 0n);
  assert.is(capabilityMask(['CAP_CHOWN', 'CAP_CHECKPOINT_RESTORE', 'CAP_CHOWN']), (1n << 40n) | 1n);
});

test('without a name are shown by their bit', () => assert.equal(capabilityNames(1n << 41n), ['CAP_41']));

const misspelt: readonly [name: string, hint: RegExp][] = [
  ['chown', /did you mean "CAP_CHOWN"/],
  ['cap_net_raw', /did you mean "CAP_NET_RAW"/],
  ['CAP_NET_BIND_SERVICES', /did you mean "CAP_NET_BIND_SERVICE"/],
  ['CAP_SYS_AMDIN', /did you mean "CAP_SYS_ADMIN"/],
  ['everything', /capabilities\(7\)/],
  ['constructor', /capabilities\(7\)/],
  ['', /capabilities\(7\)/],
];
for (const [name, hint] of misspelt) {
  test(`"${name}" is refused with a hint`, async () => {
    const error = await rejection(() => capabilityBit(name));
    assert.instance(error, CapabilityError);
    assert.is((error as CapabilityError).code, 'CAPABILITY_UNKNOWN');
    assert.match((error as CapabilityError).hint ?? '', hint);
    assert.not(isCapability(name));
  });
}

test('survive execve(2) only through all five sets', () => {
  const mask = 1n << 10n;
  assert.equal(capabilitySets(['CAP_NET_BIND_SERVICE'], { surviveExec: true }), {
    bounding: mask,
    permitted: mask,
    effective: mask,
    inheritable: mask,
    ambient: mask,
  });
  assert.equal(capabilitySets(['CAP_NET_BIND_SERVICE'], { surviveExec: false }), {
    bounding: mask,
    permitted: mask,
    effective: mask,
    inheritable: 0n,
    ambient: 0n,
  });
});

test.run();
