/** Keys, certificates, signing and verifying by the command line, on a layout on disk. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { hexOf } from '../../src/base/digest.js';
import { installationRoot } from '../../src/base/installation.js';
import { suite } from '../support/suite.js';
import { MANIFEST_TYPE, MemoryLayout } from '../trust/memory-layout.js';

const test = suite('trust on the command line');
const folder = mkdtempSync(join(tmpdir(), 'sandbox-trust-'));
const at = (name: string): string => join(folder, name);
test.after(() => rmSync(folder, { recursive: true, force: true }));

function sandbox(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(installationRoot, 'build/src/cli/main.js'), ...words],
    { cwd: folder, env: { PATH: process.env['PATH'], HOME: folder, ...environment }, encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

function succeed(...words: string[]): Record<string, unknown> {
  const { status, stdout, stderr } = sandbox([...words, '--json']);
  assert.is(status, 0, stderr);
  return JSON.parse(stdout);
}

function codeOf(...words: string[]): string {
  const { status, stdout, stderr } = sandbox([...words, '--json']);
  assert.is(status, 125, stdout);
  return JSON.parse(stderr).error.code;
}

/** A layout with one image of one layer, tagged `latest`, and whatever else was there before. */
function writeLayout(name: string): string {
  const layout = new MemoryLayout();
  const layer = layout.put(Buffer.from(`layer of ${name}`), 'application/vnd.oci.image.layer.v1.tar');
  const config = {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  };
  const configDescriptor = layout.put(config, 'application/vnd.oci.image.config.v1+json');
  const manifest = { schemaVersion: 2, mediaType: MANIFEST_TYPE, config: configDescriptor, layers: [layer] };
  const tagged = {
    ...layout.put(manifest, MANIFEST_TYPE),
    annotations: { 'org.opencontainers.image.ref.name': 'latest' },
  };
  mkdirSync(at(`${name}/blobs/sha256`), { recursive: true });
  writeFileSync(at(`${name}/oci-layout`), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    at(`${name}/index.json`),
    JSON.stringify({ schemaVersion: 2, manifests: [tagged], annotations: { kept: 'yes' } }),
  );
  for (const [digest, bytes] of layout.blobs) writeFileSync(at(`${name}/blobs/sha256/${hexOf(digest)}`), bytes);
  return layer.digest;
}

test('keys are made for their owner alone and never overwritten', () => {
  const made = succeed('trust', 'key', 'generate', '--out', 'release');
  assert.is(made['encrypted'], false);
  assert.is(statSync(at('release.key')).mode & 0o777, 0o600);
  assert.match(readFileSync(at('release.pub'), 'utf8'), 'BEGIN PUBLIC KEY');
  const before = readFileSync(at('release.key'), 'utf8');
  assert.is(codeOf('trust', 'key', 'generate', '--out', 'release'), 'TRUST_FILE_EXISTS');
  rmSync(at('release.pub'));
  assert.is(codeOf('trust', 'key', 'generate', '--out', 'release'), 'TRUST_FILE_EXISTS');
  assert.is(readFileSync(at('release.key'), 'utf8'), before);
  assert.not.ok(readdirSync(folder).includes('release.pub'));
  execFileSync('openssl', ['pkey', '-in', at('release.key'), '-pubout', '-out', at('release.pub')]);
});

test('an image is signed in both formats and verified; without its signer it is not', () => {
  const layer = writeLayout('app');
  const image = 'oci:app:latest';
  assert.is(codeOf('image', 'verify', image), 'TRUST_UNSIGNED');
  assert.is(codeOf('image', 'verify', '--key', 'release.pub', image), 'TRUST_UNSIGNED');
  for (const format of ['bundle', 'classic', 'classic']) {
    const signed = succeed('image', 'sign', '--key', 'release.key', '--format', format, image);
    const verdict = succeed('image', 'verify', '--key', 'release.pub', image);
    assert.is(verdict['kind'], 'trusted');
    assert.is(verdict['signed'], signed['image']);
  }
  const index = JSON.parse(readFileSync(at('app/index.json'), 'utf8'));
  assert.is(index.annotations.kept, 'yes');
  assert.is(index.manifests.length, 3, 'image, bundle, one classic manifest with two signatures');
  succeed('trust', 'key', 'generate', '--out', 'stranger');
  assert.is(codeOf('image', 'verify', '--key', 'stranger.pub', image), 'TRUST_UNKNOWN_KEY');
  assert.is(codeOf('image', 'verify', image), 'TRUST_UNKNOWN_KEY');
  writeFileSync(at(`app/blobs/sha256/${layer.slice(7)}`), `layer of APP`);
  assert.is(codeOf('image', 'verify', '--key', 'release.pub', image), 'IMAGE_DIGEST_MISMATCH');
});

test('the trust policy of the user decides, by place, whatever link leads there', () => {
  mkdirSync(at('.config/sandbox'), { recursive: true });
  const place = `oci:${at('closed')}`;
  writeFileSync(
    at('.config/sandbox/trust.json'),
    JSON.stringify({
      apiVersion: 1,
      default: { kind: 'signedBy', signers: [{ kind: 'sigstore-key', name: 'release', key: at('release.pub') }] },
      scopes: { [place]: { kind: 'reject', why: 'closed' } },
    }),
  );
  for (const name of ['open', 'closed']) {
    writeLayout(name);
    succeed('image', 'sign', '--key', 'release.key', `oci:${name}`);
  }
  symlinkSync(at('closed'), at('link'));
  assert.is(succeed('image', 'verify', 'oci:open')['kind'], 'trusted');
  assert.is(codeOf('image', 'verify', 'oci:closed'), 'TRUST_REJECTED');
  assert.is(codeOf('image', 'verify', 'oci:link'), 'TRUST_REJECTED');
  const { stdout } = sandbox(['trust', 'show']);
  assert.match(stdout, `${place}: nothing runs: closed`);
  assert.is(codeOf('image', 'verify', '--trust', 'missing.json', 'oci:open'), 'TRUST_POLICY_INVALID');
});

test("the team's authority certifies a signer, whose signature counts by name", () => {
  writeFileSync(at('secret'), 'correct horse\n');
  const secret = ['--passphrase-file', 'secret'];
  succeed('trust', 'ca', 'init', '--out', 'authority', '--name', 'Team CA', ...secret);
  const issue = ['trust', 'ca', 'issue', '--ca', 'authority', '--name', 'Ada', '--email', 'ada@team.example'];
  assert.is(codeOf(...issue, '--out', 'ada'), 'TRUST_KEY_UNUSABLE');
  assert.is(succeed(...issue, '--out', 'ada', '--authority-passphrase-file', 'secret', ...secret)['encrypted'], true);
  assert.match(readFileSync(at('ada.key'), 'utf8'), 'ENCRYPTED PRIVATE KEY');
  assert.is(statSync(at('authority/authority.key')).mode & 0o777, 0o600);
  writeLayout('certified');
  const sign = ['image', 'sign', '--key', 'ada.key', '--certificate', 'ada.pem', 'oci:certified'];
  assert.is(codeOf(...sign), 'TRUST_KEY_UNUSABLE');
  const signed = sandbox(sign, { SANDBOX_PASSPHRASE: 'correct horse' });
  assert.is(signed.status, 0, signed.stderr);
  const identity = { email: 'ada@team.example' };
  const signer = { kind: 'x509', name: 'Team CA', roots: ['authority/authority.pem'], identities: [identity] };
  const policy = { apiVersion: 1, default: { kind: 'signedBy', signers: [signer] } };
  writeFileSync(at('team.json'), JSON.stringify(policy));
  const verdict = succeed('image', 'verify', '--trust', 'team.json', 'oci:certified');
  assert.is(verdict['signer'], 'Ada <ada@team.example>, certified by Team CA');
  identity.email = 'eve@team.example';
  writeFileSync(at('team.json'), JSON.stringify(policy));
  assert.is(codeOf('image', 'verify', '--trust', 'team.json', 'oci:certified'), 'TRUST_CERTIFICATE');
});

test('what cannot be signed in place is refused with the way to do it', () => {
  mkdirSync(at('plain'), { recursive: true });
  const { status, stderr } = sandbox(['image', 'sign', '--key', 'release.key', 'dir:plain']);
  assert.is(status, 125);
  assert.match(stderr, 'IMAGE_UNSUPPORTED');
  assert.match(stderr, 'skopeo copy');
});

test.run();
