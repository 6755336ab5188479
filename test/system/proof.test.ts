/** The proof of a run's filter: an unprivileged run names its certificate, which is kept and can be held against the trail. */
import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { digestOf } from '../../src/base/digest.js';
import { launchGround } from '../support/launch.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { controlsIn, latestRecords, runsOf, stateOf } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('proof of a run');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs !== undefined) return;
  ground = systemGround();
  ground.inside('true');
});
test.after(() => ground?.remove());

const folder = (): string => join(stateOf(ground.user), 'certificates');
const kept = (): string => join(folder(), readdirSync(folder())[0] ?? '');
const proofs = () => controlsIn(latestRecords(ground.user)).filter(({ control }) => control === 'proof');
const verify = () => {
  const { status, stdout } = ground.sandbox(['audit', 'verify', 'latest']);
  return { status, text: stdout.toString() };
};

test.needs(needs, 'the receipt names the certificate, which proves the filter and the policy of the run', () => {
  const [proof, ...others] = proofs();
  assert.equal(others, []);
  assert.ok(proof?.ok);
  const bytes = readFileSync(kept());
  assert.is(proof.requested, `certificate ${digestOf(bytes)}`);
  const { filter, policy, live } = JSON.parse(bytes.toString());
  assert.is(proof.effective, `filter ${filter.digest}`);
  const [opened] = latestRecords(ground.user) as readonly { readonly policy?: { readonly digest: string } }[];
  assert.is(policy.digest, opened?.policy?.digest);
  assert.is(live.unable, null, 'an unprivileged user can ask the kernel');
});

test.needs(needs, 'what compile writes is the certificate of the run', () => {
  const out = join(ground.user.home, 'compiled');
  const { status, stderr } = ground.sandbox(['policy', 'compile', 'strict', '--out', out]);
  assert.is(status, 0, stderr);
  assert.is(readFileSync(join(out, 'certificate.json'), 'utf8'), readFileSync(kept(), 'utf8'));
});

test.needs(needs, 'audit show prints both digests', () => {
  const { stdout } = ground.sandbox(['audit', 'show', 'latest']);
  assert.match(stdout.toString(), /effective\s+proof: certificate sha256:[0-9a-f]{64}, filter sha256:[0-9a-f]{64} /);
});

test.needs(needs, 'a certificate that is gone, changed or of another filter is told', () => {
  assert.is(verify().status, 0);
  const path = kept();
  const text = readFileSync(path, 'utf8');
  renameSync(path, `${path}.away`);
  assert.is(verify().status, 1);
  assert.match(verify().text, /not complete: the certificate of its filter is not there/);
  writeFileSync(path, text.replace('"cases":', '"cases":9'));
  assert.match(verify().text, /not complete: the certificate of its filter was changed/);
  rmSync(path);
  renameSync(`${path}.away`, path);
  assert.is(verify().status, 0);
});

test.needs(needs, 'a kept plan is not used without its certificate, and the next run writes it again', () => {
  const run = () => ground.run(['echo', 'ran'], { environment: { PATH: '/nowhere' } });
  for (let tries = 0; tries < 5 && run().status !== 0; tries++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
    assert.is(ground.run(['echo', 'ran']).status, 0);
  }
  const before = runsOf(ground.user).length;
  const { status, stderr } = run();
  assert.is(status, 0, `from the kept plan: ${stderr}`);
  const known = proofs()[0]?.requested;
  rmSync(folder(), { recursive: true });
  assert.match(run().stderr, /NODE_MISSING/);
  assert.is(ground.run(['echo', 'ran']).status, 0);
  assert.is(proofs()[0]?.requested, known);
  assert.is(verify().status, 0);
  assert.is(runsOf(ground.user).length, before + 2);
});

test.needs(needs, 'a filter that is not the proved one: nothing runs', () => {
  const launches = launchGround({ subordinateIds: true });
  try {
    const { plan } = launches.plan(['mark']);
    const other = Uint8Array.from(plan.filter);
    const last = other.length - 8;
    other.set(Uint8Array.of(0, 0, 0xff, 0x7f), last + 4);
    const spoilt = launches.plan(['mark'], { overrides: { filter: other } });
    const { status, stderr } = launches.user.run(spoilt.command);
    assert.is(status, 125, stderr);
    assert.match(stderr, /proof/);
  } finally {
    launches.remove();
  }
});

test.needs(needs, 'without the prover nothing runs', () => {
  const prover = join(ground.product.folder, 'build/native/prove');
  renameSync(prover, `${prover}.away`);
  appendFileSync(join(ground.product.folder, 'build/src/cli/main.js'), '\n');
  try {
    const { status, stderr } = ground.run(['echo', 'ran']);
    assert.is(status, 125, stderr);
    assert.match(stderr, /^sandbox: RUN_UNPROVED: /);
  } finally {
    renameSync(`${prover}.away`, prover);
  }
});

test.run();
