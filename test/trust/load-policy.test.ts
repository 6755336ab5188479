import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { createAuthority } from '../../src/trust/authority.js';
import { loadTrustPolicy, type PolicyChoice, type ReadFile } from '../../src/trust/load-policy.js';
import { ruleFor, type TrustPolicy } from '../../src/trust/policy.js';
import { generateKeyPair } from '../../src/trust/signing-key.js';
import { TrustError } from '../../src/trust/verdict.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('load trust policy');
const KEYS = generateKeyPair('p256', undefined);
const CHOICE: PolicyChoice = { flag: undefined, configDirectory: '/home/ada/.config/sandbox' };
const USER = '/home/ada/.config/sandbox/trust.json';
const SYSTEM = '/etc/sandbox/trust.json';

const files =
  (content: Readonly<Record<string, string>>): ReadFile =>
  (path) =>
    content[path] === undefined ? undefined : Buffer.from(content[path]);

const withKey = (key: unknown, more: object = {}): string =>
  JSON.stringify({
    apiVersion: 1,
    default: { kind: 'signedBy', signers: [{ kind: 'sigstore-key', name: 'release', key, ...more }] },
  });

async function faultsOf(text: string, others: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const error = await rejection(() => loadTrustPolicy(CHOICE, files({ [USER]: text, ...others })));
  if (!(error instanceof TrustError)) throw error;
  assert.is(error.code, 'TRUST_POLICY_INVALID');
  return error.faults.map(({ line, pointer, message }) => `${line} ${pointer} ${message}`);
}

test('without any file nobody is trusted, and the places that were looked at are inputs', () => {
  const policy = loadTrustPolicy(CHOICE, files({}));
  assert.equal(policy.defaultRule, { kind: 'signedBy', signers: [], digests: undefined });
  assert.is(policy.source, 'built-in');
  assert.equal(policy.inputs, [USER, SYSTEM]);
});

test('the flag comes before the user, the user before the system', () => {
  const reject = (why: string): string => JSON.stringify({ apiVersion: 1, default: { kind: 'reject', why } });
  const read = files({ '/x.json': reject('flag'), [USER]: reject('user'), [SYSTEM]: reject('system') });
  const why = (policy: TrustPolicy): unknown => policy.defaultRule.kind === 'reject' && policy.defaultRule.why;
  assert.is(why(loadTrustPolicy({ ...CHOICE, flag: '/x.json' }, read)), 'flag');
  assert.is(why(loadTrustPolicy(CHOICE, read)), 'user');
  assert.is(why(loadTrustPolicy({ ...CHOICE, configDirectory: '/nowhere' }, read)), 'system');
});

test('a policy that is named but missing, or there but unreadable, is not skipped', async () => {
  const unreadable: ReadFile = () => {
    throw new Error('EACCES');
  };
  for (const load of [
    () => loadTrustPolicy({ ...CHOICE, flag: '/missing.json' }, files({ [USER]: withKey(KEYS.publicPem) })),
    () => loadTrustPolicy(CHOICE, unreadable),
  ]) {
    const error = await rejection(load);
    assert.is(error instanceof TrustError && error.code, 'TRUST_POLICY_INVALID');
  }
});

test('a key is read from a path beside the policy or from the policy itself, with the same digest', () => {
  const inline = loadTrustPolicy(CHOICE, files({ [USER]: withKey(KEYS.publicPem) }));
  const path = '/home/ada/.config/sandbox/keys/release.pub';
  const beside = loadTrustPolicy(CHOICE, files({ [USER]: withKey('keys/release.pub'), [path]: KEYS.publicPem }));
  assert.is(inline.digest, beside.digest);
  assert.equal(beside.inputs, [USER, path]);
  const other = loadTrustPolicy(CHOICE, files({ [USER]: withKey(generateKeyPair('p256', undefined).publicPem) }));
  assert.is.not(inline.digest, other.digest);
});

const FAULTS: readonly (readonly [string, string, string])[] = [
  ['no JSON', '{', 'not JSON'],
  ['a key twice', '{"apiVersion": 1, "apiVersion": 1, "default": {"kind": "reject"}}', 'twice'],
  ['no default', '{"apiVersion": 1}', '"default" is missing'],
  ['another version', '{"apiVersion": 2, "default": {"kind": "reject"}}', 'must be 1'],
  ['an unknown kind', '{"apiVersion": 1, "default": {"kind": "rejct"}}', 'none of the known'],
  ['an unknown key', '{"apiVersion": 1, "default": {"kind": "reject"}, "scope": {}}', 'unknown key'],
  ['acceptance without a why', '{"apiVersion": 1, "default": {"kind": "insecureAcceptAnything"}}', '"why" is missing'],
  ['nobody who may sign', '{"apiVersion": 1, "default": {"kind": "signedBy", "signers": []}}', 'is empty'],
  [
    'a digest in capitals',
    `{"apiVersion": 1, "default": {"kind": "digest", "digests": ["sha256:${'A'.repeat(64)}"]}}`,
    'spelled',
  ],
  [
    'a scope without transport',
    '{"apiVersion": 1, "default": {"kind": "reject"}, "scopes": {"registry.example": {"kind": "reject"}}}',
    'registry.example',
  ],
  [
    'a relative path as scope',
    '{"apiVersion": 1, "default": {"kind": "reject"}, "scopes": {"oci:images": {"kind": "reject"}}}',
    'oci:images',
  ],
  ['a key that is missing', withKey('missing.pub'), 'no file missing.pub'],
  ['a private key', withKey(KEYS.privatePem), 'private key'],
  ['a key that is none', withKey('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'), 'OpenSSL'],
  ['two keys in one', withKey(KEYS.publicPem + KEYS.publicPem), 'exactly one'],
  ['a day that is not', withKey(KEYS.publicPem, { validUntil: '2026-02-30' }), 'no date'],
  [
    'times in the wrong order',
    withKey(KEYS.publicPem, { validFrom: '2027-01-01', validUntil: '2026-01-01' }),
    'not later',
  ],
  ['a format that is none', withKey(KEYS.publicPem, { formats: ['pgp'] }), 'allowed values'],
];
for (const [title, text, message] of FAULTS)
  test(`${title} is a fault`, async () => assert.match((await faultsOf(text)).join('\n'), message));

test('all faults are told at once, each with its line', async () => {
  const text = `{
  "apiVersion": 1,
  "default": { "kind": "signedBy", "signers": [
    { "kind": "sigstore-key", "name": "a", "key": "missing.pub" },
    { "kind": "sigstore-key", "name": "a", "key": "weak.pub", "validFrom": "2026-13-01" }
  ] },
  "scopes": {
    "oci:/srv": { "kind": "signedBy", "signers": [
      { "kind": "x509", "name": "ca", "roots": ["leaf.pem"], "identities": [{ "email": "a@b" }] } ] },
    "oci:/srv/": { "kind": "reject" }
  }
}`;
  const { publicPem } = { publicPem: KEYS.publicPem.replace('PUBLIC', 'RSA PUBLIC') };
  const faults = await faultsOf(text, { '/home/ada/.config/sandbox/weak.pub': publicPem });
  assert.equal(
    faults.map((fault) => fault.split(' ').slice(0, 2).join(' ')),
    [
      '4 /default/signers/0/key',
      '5 /default/signers/1/name',
      '5 /default/signers/1/validFrom',
      '5 /default/signers/1/key',
      '9 /scopes/oci:~1srv/signers/0/roots/0',
      '10 /scopes/oci:~1srv~1',
    ],
  );
});

test('the longest scope decides, by whole components', () => {
  const scopes = ['oci:', 'oci:/srv/a', 'oci:/srv/a/b/', 'registry:registry.example', 'registry:registry.example/team'];
  const policy = loadTrustPolicy(
    CHOICE,
    files({
      [USER]: JSON.stringify({
        apiVersion: 1,
        default: { kind: 'reject' },
        scopes: Object.fromEntries(scopes.map((scope) => [scope, { kind: 'reject' }])),
      }),
    }),
  );
  const cases: readonly [Parameters<typeof ruleFor>[1], string][] = [
    [{ transport: 'oci', name: '/srv/a' }, 'oci:/srv/a'],
    [{ transport: 'oci', name: '/srv/a/x' }, 'oci:/srv/a'],
    [{ transport: 'oci', name: '/srv/ab' }, 'oci:'],
    [{ transport: 'oci', name: '/srv/a/b/c' }, 'oci:/srv/a/b/'],
    [{ transport: 'oci', name: '/srv/a/b' }, 'oci:/srv/a/b/'],
    [{ transport: 'oci-archive', name: '/srv/a' }, 'default'],
    [{ transport: 'dir', name: '/srv/a' }, 'default'],
    [{ transport: 'registry', name: 'registry.example/team/tool' }, 'registry:registry.example/team'],
    [{ transport: 'registry', name: 'registry.example/teams' }, 'registry:registry.example'],
    [{ transport: 'registry', name: 'registry.example.evil/team' }, 'default'],
  ];
  for (const [place, name] of cases) assert.is(ruleFor(policy, place).name, name, place.name);
});

test('every example that is shipped loads', async () => {
  const folder = join(installationRoot, 'policies');
  const { certificatePem } = await createAuthority({
    name: 'Team CA',
    days: 2,
    now: new Date(),
    passphrase: undefined,
  });
  const examples = readdirSync(folder).filter(
    (name) => /^trust-.*\.json$/.test(name) && !name.endsWith('.schema.json'),
  );
  assert.ok(examples.length >= 3);
  for (const name of examples) {
    const text = readFileSync(join(folder, name), 'utf8');
    const policy = loadTrustPolicy(
      { flag: `/p/${name}`, configDirectory: '/' },
      files({ [`/p/${name}`]: text, '/p/release.pub': KEYS.publicPem, '/p/authority.pem': certificatePem }),
    );
    assert.is(policy.source, `/p/${name}`);
  }
});

test.run();
