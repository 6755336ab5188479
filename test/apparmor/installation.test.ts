import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ownFiles, perform } from '../../src/apparmor/administer.js';
import {
  type Action,
  describeAction,
  installActions,
  MARK,
  namespacesOfUnit,
  type Places,
  profileFile,
  removeActions,
  undoOf,
  unitFiles,
} from '../../src/apparmor/installation.js';
import { profileText } from '../../src/apparmor/profile.js';
import { programsProfile } from '../../src/apparmor/programs.js';
import { ApparmorError } from '../../src/apparmor/quote.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('installation');
let folder: string;
let places: Places;

/** A test in a folder of its own. */
function inFolder(name: string, body: () => void | Promise<void>): void {
  test(name, async () => {
    folder = mkdtempSync(join(tmpdir(), 'sandbox-apparmor-'));
    places = {
      profiles: join(folder, 'profiles'),
      units: join(folder, 'units'),
      namespaces: join(folder, 'namespaces'),
    };
    try {
      await body();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

const profile = profileText({
  profileName: 'sandbox.team.0123456789abcdef',
  paths: [{ path: '/', access: ['read'] }],
  capabilities: [],
  sockets: [],
});
const profiles = new Map([['team', profile]]);
/** Stand for a parser that takes everything, and for one that takes nothing. */
const TAKES = '/bin/true';
const REFUSES = '/bin/false';

inFolder('each profile is written and loaded; the namespaces are made now and at every boot', () => {
  const actions = installActions(places, profiles, 'programs', ['sandbox-1000', 'sandbox-1001']);
  assert.equal(
    actions.map(({ kind }) => kind),
    ['write', 'load', 'write', 'load', 'make-namespace', 'make-namespace', 'write', 'link'],
  );
  const unit = actions.find((action) => 'path' in action && action.path.endsWith('.service'));
  assert.equal(namespacesOfUnit(unit?.kind === 'write' ? unit.text : ''), ['sandbox-1000', 'sandbox-1001']);
});

inFolder('what is described has every line of every file, and every command', () => {
  const told = installActions(places, profiles, undefined, ['sandbox-1000']).map(describeAction).join('\n');
  for (const line of profile.text.trimEnd().split('\n')) assert.ok(told.includes(line.trim()), line);
  for (const command of ['apparmor_parser --replace --skip-cache', 'mkdir -p', 'ln -sfn', 'ExecStart=/bin/mkdir -p'])
    assert.ok(told.includes(command), command);
});

inFolder('remove takes away exactly what install has made', () => {
  writeFileSync(join(folder, 'before'), '');
  perform(installActions(places, profiles, 'programs', ['sandbox-1000']), TAKES, []);
  assert.ok(readFileSync(profileFile(places, 'team'), 'utf8').endsWith(profile.text));
  const [unit = '', link = ''] = unitFiles(places);
  assert.is(readlinkSync(link), unit);
  assert.ok(existsSync(join(places.namespaces, 'sandbox-1000')));
  writeFileSync(join(places.profiles, 'sandbox.foreign'), 'profile x {}\n');

  const files = ownFiles([places.profiles, join(folder, 'units'), join(folder, 'units/multi-user.target.wants')]);
  perform(removeActions(places, [], files.reverse(), ['sandbox-1000']), TAKES, []);
  const left = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /sandbox/.test(name));
  assert.equal(left, ['profiles/sandbox.foreign']);
});

inFolder('a file that is not ours is left alone, and nothing is done after it', async () => {
  perform([{ kind: 'write', path: join(folder, 'sandbox.team'), text: 'theirs\n' }], TAKES, []);
  const actions: Action[] = [
    { kind: 'write', path: join(folder, 'sandbox.first'), text: `${MARK}first\n` },
    { kind: 'write', path: join(folder, 'sandbox.team'), text: `${MARK}ours\n` },
  ];
  const error = await rejection(() => perform(actions, TAKES, []));
  assert.instance(error, ApparmorError);
  assert.is((error as ApparmorError).code, 'APPARMOR_ACTION_FAILED');
  assert.match((error as ApparmorError).why ?? '', /not ours/);
  assert.equal(readdirSync(folder), ['sandbox.team']);
  assert.is(readFileSync(join(folder, 'sandbox.team'), 'utf8'), 'theirs\n');
});

inFolder('where a profile cannot be loaded, files are as they were', async () => {
  perform(installActions(places, profiles, undefined, []), TAKES, []);
  const before = readFileSync(profileFile(places, 'team'), 'utf8');
  const newer = new Map([['team', { ...profile, text: 'newer\n' }]]);
  const error = await rejection(() => perform(installActions(places, newer, undefined, []), REFUSES, []));
  assert.is((error as ApparmorError).code, 'APPARMOR_ACTION_FAILED');
  assert.is(readFileSync(profileFile(places, 'team'), 'utf8'), before);
});

inFolder(
  'what was loaded before a failure is taken out of the kernel again, where it was not there before',
  async () => {
    const actions: Action[] = [
      { kind: 'load', path: join(folder, 'a'), name: 'sandbox.there' },
      { kind: 'load', path: join(folder, 'b'), name: 'sandbox.new' },
      { kind: 'remove-namespace', path: join(folder, 'nothing') },
    ];
    assert.is(undoOf(actions[0] as Action, 'sandbox.there'), undefined);
    assert.equal(undoOf(actions[1] as Action, undefined), { kind: 'unload', name: 'sandbox.new' });
    const error = (await rejection(() => perform(actions, TAKES, ['sandbox.there']))) as ApparmorError;
    assert.match(error.message, /^rmdir .*nothing: it failed$/);
    // The parser that takes everything has loaded nothing: so the kernel has nothing that could be taken out.
    assert.match(error.hint ?? '', /but not: printf sandbox\.new > \S+$|but not: printf sandbox\.new > \S+;/);
    assert.not.match(error.hint ?? '', /sandbox\.there/);
  },
);

inFolder('our programs get the permission alone, or, where unconfined profiles are restricted, everything', () => {
  const open = programsProfile('/opt/my sandbox', false);
  assert.match(
    open,
    /profile sandbox-programs "\/opt\/my sandbox\/\{launcher,unpack,doctor\}" flags=\(unconfined\) \{/,
  );
  assert.match(open, /\{\n {2}userns,\n\}/);
  assert.match(
    programsProfile('/opt/sandbox', true),
    /flags=\(attach_disconnected\) \{\n {2}allow all,\n {2}userns,\n\}/,
  );
  for (const hostile of ['/opt/"x', '/opt/{a,b}', '/opt/*'])
    assert.not.ok(programsProfile(hostile, false).includes(`${hostile}/`), hostile);
});

test.run();
