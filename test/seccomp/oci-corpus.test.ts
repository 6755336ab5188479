/** Profiles that projects publish, and the configurations that engines write: all compile, and mean what they say. */
import { readdirSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { FilterError } from '../../src/seccomp/errors.js';
import { compileOciSeccomp, DOCKER_CAPABILITIES, loadOciSeccomp, parseOciSeccomp } from '../../src/seccomp/oci.js';
import { simulate } from '../../src/seccomp/simulate.js';
import { corpusRequirement, inCorpus, readCorpusJson } from '../support/corpus.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('published seccomp profiles');
const missing = corpusRequirement('moby');

const profiles = [
  'moby/default.json',
  'moby/fixtures/conditional_include.json',
  'moby/fixtures/default-old-format.json',
  'containers-common/seccomp.json',
  'containers-common/fixtures/example.json',
  'spo/bpf-recorder.json',
  'spo/security-profiles-operator.json',
];
const KERNEL = '6.1';
const load = (name: string, capabilities: readonly string[] = DOCKER_CAPABILITIES): ReturnType<typeof loadOciSeccomp> =>
  loadOciSeccomp(inCorpus(name), { capabilities, kernel: KERNEL });

for (const name of profiles)
  test.needs(missing, `${name} compiles to what it means, and names nothing that no kernel has`, () => {
    const { program, remarks } = compileOciSeccomp(load(name));
    assert.is(simulate(program, { nr: 0, arch: 0xc000_00b7 }), 'kill-thread');
    assert.equal(
      remarks.filter(({ kind }) => kind === 'unknown-call').flatMap(({ names }) => names),
      [],
    );
  });

test.needs(missing, "moby's fixture with errno 12345 is refused, as libseccomp refuses it", async () => {
  const error = (await rejection(() => load('moby/fixtures/example.json'))) as FilterError;
  assert.equal(
    error.faults.map(({ pointer, message }) => [pointer, message]),
    [['/syscalls/3/errnoRet', 'SCMP_ACT_ERRNO takes a number of at most 4094']],
  );
});

type Profile = { syscalls: { names: string[]; includes?: { caps?: string[] } }[] };

test.needs(missing, "a capability brings the calls that Docker's profile has for it, and takes none away", () => {
  const verdict = (nr: number, capabilities: readonly string[]): string =>
    simulate(compileOciSeccomp(load('moby/default.json', capabilities)).program, { nr });
  const written = (readCorpusJson('moby/default.json') as Profile).syscalls;
  const ofTime = written
    .filter(({ includes }) => includes?.caps?.includes('CAP_SYS_TIME'))
    .flatMap(({ names }) => names);
  assert.ok(ofTime.includes('settimeofday'));
  assert.is(verdict(164, DOCKER_CAPABILITIES), 'errno 1');
  assert.is(verdict(164, [...DOCKER_CAPABILITIES, 'CAP_SYS_TIME']), 'allow');
  assert.is(verdict(0, [...DOCKER_CAPABILITIES, 'CAP_SYS_TIME']), 'allow');
});

const CONFIGURATIONS = '../oci-configs';
const configurations =
  corpusRequirement(CONFIGURATIONS) === undefined
    ? readdirSync(inCorpus(CONFIGURATIONS)).filter((name) => name.endsWith('.json') && !name.startsWith('features'))
    : [];

for (const name of configurations)
  test(`${name}: its block compiles, or it has none`, async () => {
    const text = readFileSync(inCorpus(`${CONFIGURATIONS}/${name}`), 'utf8');
    const { linux } = JSON.parse(text) as { linux?: { seccomp?: unknown } };
    if (linux?.seccomp === undefined) {
      const error = (await rejection(() => parseOciSeccomp(text, { name }))) as FilterError;
      assert.is(error.code, 'FILTER_FILE_INVALID');
      return;
    }
    const block = parseOciSeccomp(text, { name });
    assert.is(block.form, 'oci-config');
    const alone = parseOciSeccomp(JSON.stringify(linux.seccomp), { name });
    assert.equal(compileOciSeccomp(block).program, compileOciSeccomp(alone).program);
  });

test.run();
