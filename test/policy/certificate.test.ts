/** The certificate of a compilation: of every shipped policy, of random filters, and of nothing that is wrong. */
import { release } from 'node:os';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import isCertificate from '../../generated/certificate-validator.js';
import { canonicalJson } from '../../src/base/canonical-json.js';
import { digestOf } from '../../src/base/digest.js';
import { certify, describeProof } from '../../src/policy/certificate.js';
import { compilePolicy } from '../../src/policy/compile.js';
import { IDEAL_HOST } from '../../src/policy/ideal-host.js';
import { requireProof } from '../../src/run/certificate.js';
import type { RunError } from '../../src/run/errors.js';
import { compileProved } from '../../src/seccomp/checked.js';
import { allow, condition32, errno, filterOf, rule, whenOf } from '../support/filters.js';
import { rejection, suite } from '../support/suite.js';
import { shipped, shippedPolicy } from './shipped.js';

const test = suite('certificates');
const SUBJECT = { name: 'any', version: '1.0.0', digest: digestOf('any') } as const;

for (const policy of shipped)
  test(`${policy.name} certifies`, () => {
    const { program, certificate: certified } = compilePolicy(policy, IDEAL_HOST);
    const { certificate, text, digest } = certified;
    assert.ok(isCertificate(certificate), JSON.stringify(isCertificate.errors));
    assert.is(text, canonicalJson(certificate));
    assert.is(digest, digestOf(text));
    assert.is(certificate.policy.digest, policy.digest);
    assert.is(certificate.filter.digest, digestOf(program));
    assert.is(certificate.checked.method, 'decision classes');
    assert.ok(certificate.checked.cases > 1200 && certificate.checked.numbers > 1200);
    for (const architecture of ['0xc000003e', '0x40000003'])
      assert.ok(certificate.checked.architectures.includes(architecture));
    const { live } = certificate;
    assert.is(live.unable, null);
    assert.is(live.kernel, release());
    assert.ok(live.witnesses['x86-64'] > 600 && live.witnesses.x32 > 100 && live.witnesses.i386 > 100);
    assert.ok((live.verdicts['passes'] ?? 0) > 100 && (live.verdicts['notify'] ?? 0) > 500);
  });

test('the same compilation has the same certificate', () => {
  const strict = shippedPolicy('strict');
  const [first, second] = [compilePolicy(strict, IDEAL_HOST), compilePolicy(strict, IDEAL_HOST)];
  assert.is(first.certificate.digest, second.certificate.digest);
});

test('20 random filters certify', () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('ioctl', 'prctl', 'socket'), whenOf(condition32, 2)), {
        minLength: 1,
        maxLength: 8,
      }),
      fc.constantFrom(allow, errno(1), errno(38)),
      (rules, action) => {
        const filter = filterOf(rules.map(([call, when]) => rule(call, when, action)));
        const { program, proof } = compileProved(filter, () => undefined);
        const { certificate } = certify(SUBJECT, program, proof);
        assert.ok(isCertificate(certificate), JSON.stringify(isCertificate.errors));
        assert.is(certificate.live.unable, null);
      },
    ),
    { numRuns: 20 },
  ));

test('what could not be tried is in the certificate, and a run that requires seccomp is refused', async () => {
  const compiled = compilePolicy(shippedPolicy('strict'), IDEAL_HOST);
  const { examination, symbolic } = compileProved(compiled.filter, () => undefined).proof;
  const why = 'install the filter with a listener: EBUSY';
  const certificate = certify(SUBJECT, compiled.program, { examination, symbolic, live: { kind: 'unable', why } });
  assert.ok(isCertificate(certificate.certificate), JSON.stringify(isCertificate.errors));
  assert.is(certificate.certificate.live.unable, why);
  assert.match(describeProof(certificate.certificate), /could not be asked: install the filter with a listener: EBUSY/);
  const unproved = { ...compiled, certificate };
  const error = (await rejection(() => requireProof(unproved))) as RunError;
  assert.is(error.code, 'RUN_UNPROVED');
  assert.match(`${error.why}`, /EBUSY/);
  requireProof({ ...unproved, required: compiled.required.filter((control) => control !== 'seccomp') });
  requireProof(compiled);
});

test.run();
