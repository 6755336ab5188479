import * as assert from 'uvu/assert';
import { createAuthority, issueCertificate } from '../../src/trust/authority.js';
import { certifiedSigner } from '../../src/trust/certificate-chain.js';
import type { AuthoritySigner, Identity } from '../../src/trust/policy.js';
import { signAsBundle, signAsClassic } from '../../src/trust/sign-image.js';
import { certificatesFromPem, generateKeyPair, signingKeyFromPem } from '../../src/trust/signing-key.js';
import { TrustError } from '../../src/trust/verdict.js';
import { verifyImage } from '../../src/trust/verify-image.js';
import { rejection, suite } from '../support/suite.js';
import { AUTHORITY, authoritySigner, type Holder, issue, LEAF } from './forged-certificates.js';
import { MemoryLayout, NOW, policyOf } from './memory-layout.js';

const test = suite('certificate chain');
const ROOT = issue({ name: 'Team CA', extensions: AUTHORITY });
const DAY = 86_400_000;

async function outcome(
  signer: Holder,
  between: readonly Holder[],
  rule: AuthoritySigner,
  classic = false,
): Promise<string> {
  const layout = new MemoryLayout();
  const image = layout.image('app');
  const chain = [signer.certificate.raw, ...between.map(({ certificate }) => certificate.raw)] as const;
  layout.attach(
    classic ? signAsClassic(image.digest, signer.key, chain, undefined) : signAsBundle(image, signer.key, chain, NOW),
  );
  try {
    const verdict = await verifyImage(layout.evidence(image), policyOf([rule]), { now: NOW, allowUnsigned: false });
    return verdict.kind === 'trusted' ? `trusted: ${verdict.signer}` : verdict.kind;
  } catch (error) {
    if (error instanceof TrustError) return `${error.code}: ${error.attempts.map(({ reason }) => reason).join('; ')}`;
    throw error;
  }
}

const without = (name: string, ...more: object[]): object[] => [...LEAF.filter((one) => one.name !== name), ...more];
const RULE = authoritySigner([ROOT]);

for (const classic of [false, true])
  test(`a certificate of the authority counts, in a ${classic ? 'classic signature' : 'bundle'}`, async () => {
    const leaf = issue({ name: 'Ada', issuer: ROOT });
    assert.is(await outcome(leaf, [], RULE, classic), 'trusted: Ada <ada@team.example>, certified by Team CA');
  });

test('a verdict says when the first certificate of the path expires', async () => {
  const soon = new Date(NOW.getTime() + 60_000);
  const between = issue({ name: 'Sub CA', issuer: ROOT, extensions: AUTHORITY, notAfter: soon });
  const path = [issue({ name: 'Ada', issuer: between }), between].map(({ certificate }) => certificate.raw);
  assert.equal((await certifiedSigner(path, RULE, NOW)).validUntil, soon);
});

test('intermediates count, from the signature or from the policy', async () => {
  const between = issue({ name: 'Sub CA', issuer: ROOT, extensions: AUTHORITY });
  const leaf = issue({ name: 'Ada', issuer: between });
  const stray = issue({ name: 'Stray', issuer: ROOT, extensions: AUTHORITY });
  assert.match(await outcome(leaf, [stray, between], RULE), /^trusted/);
  assert.match(await outcome(leaf, [], { ...RULE, intermediates: [between.certificate] }), /^trusted/);
  assert.match(await outcome(leaf, [], RULE), /^TRUST_CERTIFICATE: .*not issued by an authority/);
});

const AT_FAULT: readonly (readonly [string, Partial<Parameters<typeof issue>[0]>, string])[] = [
  ['expired', { notAfter: new Date(NOW.getTime() - 1000) }, 'expired'],
  ['not yet valid', { notBefore: new Date(NOW.getTime() + 1000) }, 'not valid before'],
  ['an authority itself', { extensions: [...AUTHORITY, ...LEAF.slice(2)] }, 'that of an authority'],
  ['not for signing', { extensions: without('keyUsage', { name: 'keyUsage', keyEncipherment: true }) }, 'keyUsage'],
  [
    'for TLS servers',
    { extensions: without('extKeyUsage', { name: 'extKeyUsage', serverAuth: true }) },
    'extendedKeyUsage',
  ],
  [
    'for another person',
    {
      extensions: without('subjectAltName', {
        name: 'subjectAltName',
        altNames: [{ type: 1, value: 'eve@team.example' }],
      }),
    },
    'does not name',
  ],
  [
    'for a host of the same spelling',
    {
      extensions: without('subjectAltName', {
        name: 'subjectAltName',
        altNames: [{ type: 2, value: 'ada@team.example' }],
      }),
    },
    'does not name',
  ],
  ['without any address', { extensions: without('subjectAltName') }, 'does not name'],
  [
    'restricted in an unknown, critical way',
    { extensions: [...LEAF, { id: '1.2.3.4', critical: true, value: '\x05\x00' }] },
    'not understood: 1.2.3.4',
  ],
  ['saying an extension twice', { extensions: [...LEAF, LEAF[3] ?? {}] }, '(twice|not issued)'],
  ['signed with SHA-1', { sha1: true }, 'not taken'],
];
for (const [title, wish, reason] of AT_FAULT)
  test(`a certificate that is ${title} does not count`, async () => {
    const leaf = issue({ name: 'Ada', issuer: ROOT, ...wish });
    assert.match(await outcome(leaf, [], RULE), new RegExp(`^TRUST_CERTIFICATE: .*${reason}`));
  });

test('an unknown extension that is not critical does not matter', async () => {
  const leaf = issue({ name: 'Ada', issuer: ROOT, extensions: [...LEAF, { id: '1.2.3.4', value: '\x05\x00' }] });
  assert.match(await outcome(leaf, [], RULE), /^trusted/);
});

const NAME_CONSTRAINTS = { id: '2.5.29.30', critical: false, value: '\x30\x0c\xa0\x0a\x30\x08\x81\x06a.test' };
const BAD_AUTHORITIES: readonly (readonly [string, Partial<Parameters<typeof issue>[0]>, string])[] = [
  ['a plain signer', { extensions: LEAF }, 'not of an authority|not issued'],
  [
    'an authority that may not issue',
    { extensions: [AUTHORITY[0] ?? {}, { name: 'keyUsage', cRLSign: true }] },
    'keyUsage|not issued',
  ],
  ['expired', { notAfter: new Date(NOW.getTime() - 1000) }, 'expired'],
  ['without any extension', { extensions: [] }, 'no extensions'],
  ['bound to names', { extensions: [...AUTHORITY, NAME_CONSTRAINTS] }, 'not understood'],
];
for (const [title, wish, reason] of BAD_AUTHORITIES)
  test(`an issuer that is ${title} lends no trust`, async () => {
    const between = issue({ name: 'Sub CA', issuer: ROOT, extensions: AUTHORITY, ...wish });
    const leaf = issue({ name: 'Ada', issuer: between });
    assert.match(await outcome(leaf, [between], RULE), new RegExp(`^TRUST_CERTIFICATE: .*(${reason})`));
  });

test('a path length is kept', async () => {
  const short = issue({
    name: 'Short CA',
    extensions: [{ ...AUTHORITY[0], pathLenConstraint: 0 }, AUTHORITY[1] ?? {}],
  });
  const rule = authoritySigner([short]);
  assert.match(await outcome(issue({ name: 'Ada', issuer: short }), [], rule), /^trusted/);
  const between = issue({ name: 'Sub CA', issuer: short, extensions: AUTHORITY });
  assert.match(
    await outcome(issue({ name: 'Ada', issuer: between }), [between], rule),
    /TRUST_CERTIFICATE: .*pathLength/,
  );
});

test('an authority of the same name with another key is a stranger', async () => {
  const impostor = issue({ name: 'Team CA', keyOf: 'Impostor', extensions: AUTHORITY });
  const leaf = issue({ name: 'Ada', issuer: impostor });
  assert.match(await outcome(leaf, [impostor], RULE), /^TRUST_CERTIFICATE: .*not issued/);
});

test('a root that expired lends no trust any more', async () => {
  const old = issue({ name: 'Old CA', extensions: AUTHORITY, notAfter: new Date(NOW.getTime() - DAY / 2) });
  assert.match(await outcome(issue({ name: 'Ada', issuer: old }), [], authoritySigner([old])), /expired/);
});

test('a certificate of the authority does not help a signature that its holder did not make', async () => {
  const leaf = issue({ name: 'Ada', issuer: ROOT });
  const thief = issue({ name: 'Eve', issuer: leaf });
  assert.match(await outcome({ ...leaf, key: thief.key }, [], RULE), /^TRUST_BAD_SIGNATURE: .*Ada/);
});

test('a subject counts by all of its attributes or not at all', async () => {
  const subject = [
    { name: 'commonName', value: 'Build service' },
    { name: 'organizationName', value: 'Team' },
  ];
  const leaf = issue({ name: '', subject, issuer: ROOT });
  const twice = issue({ name: '', subject: [...subject, { name: 'commonName', value: 'Eve' }], issuer: ROOT });
  const named = (attributes: Record<string, string>): Identity[] => [{ kind: 'subject', subject: attributes }];
  const whole = { commonName: 'Build service', organization: 'Team' };
  assert.match(await outcome(leaf, [], authoritySigner([ROOT], named(whole))), /^trusted: Build service/);
  for (const wrong of [
    { commonName: 'Build service' },
    { ...whole, organization: 'team' },
    { ...whole, country: 'DE' },
  ])
    assert.match(await outcome(leaf, [], authoritySigner([ROOT], named(wrong))), /^TRUST_CERTIFICATE: .*does not name/);
  assert.match(await outcome(twice, [], authoritySigner([ROOT], named(whole))), /^TRUST_CERTIFICATE: .*does not name/);
});

test('what the authority of sandbox trust ca issues is trusted, and goes with no other key', async () => {
  const request = { name: 'Bücherei CA', days: 30, now: NOW, passphrase: 'top' };
  const ca = await createAuthority(request);
  const authority = { certificatePem: ca.certificatePem, privatePem: ca.keys.privatePem, passphrase: 'top' };
  const person = { name: 'Ada Łovelace', email: 'ada@team.example', now: NOW, passphrase: 'secret', authority };
  const issued = await issueCertificate({ ...person, days: 10 });
  const key = signingKeyFromPem(issued.keys.privatePem, 'secret');
  const [der] = certificatesFromPem(issued.certificatePem, key);
  const { X509Certificate } = await import('node:crypto');
  const root = { ...ROOT, certificate: new X509Certificate(ca.certificatePem) };
  const holder = { certificate: new X509Certificate(Buffer.from(der)), key, privatePem: '' };
  assert.is(
    await outcome(holder, [], authoritySigner([root])),
    'trusted: Ada Łovelace <ada@team.example>, certified by Team CA',
  );
  const codeOf = async (body: () => unknown): Promise<unknown> => {
    const error = await rejection(body);
    return error instanceof TrustError && error.code;
  };
  const stranger = signingKeyFromPem(generateKeyPair('p256', undefined).privatePem, undefined);
  assert.is(await codeOf(() => certificatesFromPem(issued.certificatePem, stranger)), 'TRUST_KEY_UNUSABLE');
  assert.is(await codeOf(() => signingKeyFromPem(issued.keys.privatePem, 'wrong')), 'TRUST_KEY_UNUSABLE');
  assert.is(await codeOf(() => issueCertificate({ ...person, days: 31 })), 'TRUST_KEY_UNUSABLE');
  const other = generateKeyPair('rsa3072', undefined).privatePem;
  const mixed = { ...person, days: 1, authority: { ...authority, privatePem: other, passphrase: undefined } };
  assert.is(await codeOf(() => issueCertificate(mixed)), 'TRUST_KEY_UNUSABLE');
});

test.run();
