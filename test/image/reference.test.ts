import * as assert from 'uvu/assert';
import { parseReference } from '../../src/image/reference.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('reference');
const hex = 'a'.repeat(64);

const GOOD: readonly (readonly [string, string, string, object])[] = [
  ['oci:demo', 'oci', '/w/demo', { kind: 'only' }],
  ['oci:/abs/demo:1.4', 'oci', '/abs/demo', { kind: 'tag', tag: '1.4' }],
  ['oci:../demo:team/tool:1', 'oci', '/demo', { kind: 'tag', tag: 'team/tool:1' }],
  [`oci:demo@sha256:${hex}`, 'oci', '/w/demo', { kind: 'digest', digest: `sha256:${hex}` }],
  ['oci:me@home/demo', 'oci', '/w/me@home/demo', { kind: 'only' }],
  ['oci-archive:a.tar:t', 'oci-archive', '/w/a.tar', { kind: 'tag', tag: 't' }],
  ['docker-archive:a.tar:n/m:t', 'docker-archive', '/w/a.tar', { kind: 'tag', tag: 'n/m:t' }],
  ['dir:/srv/root:fs', 'dir', '/srv/root:fs', { kind: 'only' }],
];
for (const [text, transport, path, choice] of GOOD) {
  test(`${text} is understood`, () => {
    assert.equal(parseReference(text, '/w'), { transport, path, choice, text });
  });
}

const BAD: readonly (readonly [string, string])[] = [
  ['', 'IMAGE_REFERENCE_INVALID'],
  ['oci:', 'IMAGE_REFERENCE_INVALID'],
  ['oci::tag', 'IMAGE_REFERENCE_INVALID'],
  ['oci:demo:', 'IMAGE_REFERENCE_INVALID'],
  ['oci:demo:-x', 'IMAGE_REFERENCE_INVALID'],
  ['oci:demo:a b', 'IMAGE_REFERENCE_INVALID'],
  ['oci:demo@sha256:abc', 'IMAGE_REFERENCE_INVALID'],
  [`oci:demo@sha256:${hex.toUpperCase()}`, 'IMAGE_REFERENCE_INVALID'],
  ['dir:a\0b', 'IMAGE_REFERENCE_INVALID'],
  ['two words', 'IMAGE_REFERENCE_INVALID'],
  ['alpine', 'IMAGE_TRANSPORT_UNSUPPORTED'],
  ['registry.example:5000/team/tool:1.4', 'IMAGE_TRANSPORT_UNSUPPORTED'],
  ['docker://alpine', 'IMAGE_TRANSPORT_UNSUPPORTED'],
];
for (const [text, code] of BAD) {
  test(`${JSON.stringify(text)} is refused with ${code}`, async () => {
    const error = await rejection(() => parseReference(text, '/w'));
    assert.is((error as { code?: string }).code, code);
  });
}

test('the hint for a registry is a command that works', async () => {
  const error = await rejection(() => parseReference('docker://alpine:3', '/w'));
  assert.match((error as { hint?: string }).hint ?? '', /skopeo copy docker:\/\/alpine:3 oci:/);
});

test.run();
