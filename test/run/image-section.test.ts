import * as assert from 'uvu/assert';
import { RunError } from '../../src/run/errors.js';
import { requireImageSection } from '../../src/run/image-section.js';
import type { Verdict } from '../../src/trust/verdict.js';
import { compiledPolicy } from '../support/launch-inputs.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('run/image-section');
const DIGEST = `sha256:${'ef'.repeat(32)}` as const;
const trusted: Verdict = {
  kind: 'trusted',
  signer: 'key release',
  format: 'sigstore-bundle',
  rule: 'default',
  signed: DIGEST,
  validUntil: undefined,
  attempts: [],
};
const pinned: Verdict = { kind: 'pinned', digest: DIGEST, rule: 'oci:/a' };
const unverified: Verdict = { kind: 'unverified', by: 'rule default', why: 'because', attempts: [] };
const policy = (signature: 'required' | 'optional', pinDigest = false) => ({
  ...compiledPolicy(),
  image: { signature, pinDigest },
});

for (const [what, section, reference, verdict, flag, outcome] of [
  ['signed, required', policy('required'), 'oci:/a', trusted, false, 'taken'],
  ['signed, optional', policy('optional'), 'oci:/a', trusted, false, 'taken'],
  ['unsigned, required', policy('required'), 'oci:/a', unverified, false, 'RUN_SIGNATURE_REQUIRED'],
  ['pinned by the trust policy, required', policy('required'), 'oci:/a', pinned, false, 'RUN_SIGNATURE_REQUIRED'],
  ['unsigned, optional', policy('optional'), 'oci:/a', unverified, false, 'taken'],
  ['pinned, optional', policy('optional'), 'oci:/a', pinned, false, 'taken'],
  ['unsigned, required, but allowed by flag', policy('required'), 'oci:/a', unverified, true, 'taken'],
  ['signed, but without a digest', policy('required', true), 'oci:/a', trusted, false, 'RUN_NO_DIGEST'],
  ['signed and named by digest', policy('required', true), `oci:/a@${DIGEST}`, trusted, false, 'taken'],
  ['pinned, where a pin is wanted', policy('optional', true), 'oci:/a', pinned, false, 'taken'],
] as const) {
  test(`${what}: ${outcome}`, async () => {
    if (/^RUN_/.test(outcome)) {
      const error = await rejection(() => requireImageSection(section, reference, verdict, flag));
      assert.ok(error instanceof RunError && error.code === outcome);
    } else {
      requireImageSection(section, reference, verdict, flag);
    }
  });
}

test.run();
