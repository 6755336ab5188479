/** A name that the schema refuses for its very spelling is told as misspelt, with the nearest that is known. */
import * as assert from 'uvu/assert';
import type { Fault } from '../../src/base/errors.js';
import type { PolicyError } from '../../src/policy/errors.js';
import { parsePolicyText } from '../../src/policy/read.js';
import { suite } from '../support/suite.js';
import { policy, WHY, where } from './malformed-builders.js';

const test = suite('misspelt names');
const capability = (cap: string): string => policy({ process: { capabilities: { allow: [{ cap, why: WHY }] } } });
const calls = (call: string): string => policy({ syscalls: { allow: [{ calls: [call], why: WHY }] } });
const group = (name: string): string => policy({ syscalls: { allow: [{ group: name, why: WHY }] } });

const cases: readonly (readonly [text: string, message: RegExp, hint: RegExp])[] = [
  [capability('SYS_NICE'), /^there is no capability "SYS_NICE"$/, /^did you mean "CAP_SYS_NICE"\?$/],
  [capability('cap_net_raw'), /^there is no capability/, /"CAP_NET_RAW"/],
  [capability('nothing like it'), /^is not spelled as it must be$/, /capabilities\(7\)/],
  [calls('OPENAT'), /^edition 2026-11 knows no system call "OPENAT"$/, /"openat"/],
  [calls('open-at'), /knows no system call/, /"openat"/],
  [group('FS.open'), /^there is no group "FS.open"$/, /"fs.open"/],
  [policy({ syscalls: { onDeny: { errno: 'eperm' } } }), /^"eperm" is no error name$/, /"EPERM"/],
  [where('socket', { family: { anyOf: ['af_inet'] } }), /^"af_inet" is no value that is known here$/, /"AF_INET"/],
  [where('mmap', { protection: { noneOf: ['Prot-Exec'] } }), /is no value/, /"PROT_EXEC"/],
  [where('frobnicate', { family: { anyOf: ['af inet'] } }), /^is not spelled/, /^a number such as/],
];
for (const [text, message, hint] of cases)
  test(`${text.replaceAll(/\s+/g, ' ').slice(85, 150)}: ${message}`, () => {
    const fault = firstFault(text);
    assert.match(fault?.message ?? '', message);
    assert.match(fault?.hint ?? '', hint);
  });

/** What is left without its faults goes on to be resolved; where nothing is, they are thrown. */
function firstFault(text: string): Fault | undefined {
  try {
    return parsePolicyText(text, '/p.json', 'p.json').faults[0];
  } catch (error) {
    return (error as PolicyError).faults[0];
  }
}

test.run();
