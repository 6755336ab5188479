/** `sandbox apparmor install|status|remove`: the administrator's one action, and how it stands. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { confinedProcesses, ownFiles, perform } from '../apparmor/administer.js';
import {
  type Action,
  describeAction,
  installActions,
  namespacesOfUnit,
  type Places,
  removeActions,
  unitFiles,
} from '../apparmor/installation.js';
import { type CompiledProfile, PROFILE_PREFIX } from '../apparmor/profile.js';
import { programsProfile } from '../apparmor/programs.js';
import { ApparmorError } from '../apparmor/quote.js';
import { installationRoot } from '../base/installation.js';
import {
  findParser,
  loadedNamespaces,
  loadedProfiles,
  NAMESPACES,
  namespaceOf,
  PROFILE_FOLDER,
} from '../host/apparmor.js';
import { measureHost } from '../host/measure.js';
import { readSettings } from '../host/settings.js';
import { apparmorOf } from '../policy/apparmor.js';
import { policyReference, profileNames } from '../policy/chain.js';
import { loadPolicy } from '../policy/resolve.js';
import { showApparmor } from './apparmor-status.js';
import type { CliContext } from './context.js';
import { printable } from './failure.js';

type CommonOptions = { readonly dryRun?: true; readonly json?: true };
type InstallOptions = CommonOptions & { readonly policy: readonly string[]; readonly user: readonly string[] };

const UNITS = '/etc/systemd/system';
/** (uid_t)-1 */
const NO_USER = 0xffff_ffff;
const PLACES: Places = {
  profiles: PROFILE_FOLDER,
  units: existsSync(UNITS) ? UNITS : undefined,
  namespaces: NAMESPACES,
};
/** Parsers that know `userns` bring this. */
const NEWER_ABI = join(PROFILE_FOLDER, 'abi/4.0');

/** Adds `apparmor`. */
export function addApparmorCommands(program: Command, context: CliContext): void {
  const apparmor = program
    .command('apparmor')
    .description('load the profiles that policies compile to, as root, once; say how it stands; take it back');
  const repeated = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  apparmor
    .command('install')
    .description('as root: load the profiles of the shipped policies, now and at every boot')
    .option('--policy <file>', 'a policy of your own as well; can be repeated', repeated, [])
    .option('--user <name>', 'a policy namespace in which this user loads profiles; can be repeated', repeated, [])
    .option('--dry-run', 'show every file and command, and do nothing')
    .option('--json', 'the actions as JSON')
    .addHelpText('after', INSTALL_HELP)
    .action((options: InstallOptions) => install(options, context));
  apparmor
    .command('status')
    .description('what is loaded, and what a run of this user would use')
    .option('--policy <file>', 'a policy of your own as well; can be repeated', repeated, [])
    .option('--json', 'the same as JSON')
    .addHelpText('after', '\nNeeds no privilege.\n\nExample:\n  sandbox apparmor status --policy ./policy.json')
    .action((options: { readonly policy: readonly string[]; readonly json?: true }) =>
      showApparmor(profilesFor(options.policy, context), options.json === true, context),
    );
  apparmor
    .command('remove')
    .description('as root: take away exactly what install has made')
    .option('--dry-run', 'show every command, and do nothing')
    .option('--json', 'the actions as JSON')
    .addHelpText('after', '\nRefuses while a sandbox runs under one of the profiles: it would run on without it.')
    .action((options: CommonOptions) => remove(options, context));
}

const INSTALL_HELP = `
Look first, then do it:
  sandbox apparmor install --dry-run
  sudo sandbox apparmor install
  sudo sandbox apparmor install --policy /etc/sandbox/team.json --user alice

A profile's name carries a digest of its rules. After an update of sandbox or of a policy, install again:
until then runs do without, or are refused where the policy requires AppArmor.
Every local process of any user may enter a policy namespace; see docs/apparmor.md before you use --user.`;

function install(options: InstallOptions, context: CliContext): void {
  const profiles = profilesFor(options.policy, context);
  const namespaces = [...new Set([...installedNamespaces(), ...options.user.map(namespaceOfUser)])].sort();
  const programs = existsSync(NEWER_ABI) ? ownProgramsProfile() : undefined;
  const actions = installActions(PLACES, profiles, programs, options.user.length === 0 ? [] : namespaces);
  if (!options.dryRun) {
    requireRoot('install', context);
    requireActive();
  }
  carryOut(actions, options, context);
}

function remove(options: CommonOptions, context: CliContext): void {
  const folders = [
    PROFILE_FOLDER,
    ...(PLACES.units === undefined ? [] : [UNITS, join(UNITS, 'multi-user.target.wants')]),
  ];
  const loaded = [...new Set(loadedProfiles().map(({ name }) => name))];
  const made = new Set(installedNamespaces());
  // Where there is no systemd, nothing but their names tells whose they are.
  const namespaces = loadedNamespaces().filter((name) => PLACES.units === undefined || made.has(name));
  const actions = removeActions(PLACES, loaded, ownFiles(folders).reverse(), namespaces);
  if (!options.dryRun && actions.length > 0) {
    requireRoot('remove', context);
    requireUnused();
  }
  carryOut(actions, options, context);
}

function carryOut(actions: readonly Action[], { dryRun, json }: CommonOptions, context: CliContext): void {
  if (!dryRun)
    perform(
      actions,
      findParser() ?? '',
      loadedProfiles().map(({ name }) => name),
    );
  if (json) context.stdout(`${JSON.stringify({ done: !dryRun, actions })}\n`);
  else if (actions.length === 0) context.stdout('nothing is installed\n');
  else context.stdout(printable(actions.map((action) => summaryOf(action, dryRun === true)).join('')));
}

/** Who only looks gets every line; who has it done gets what was done. */
function summaryOf(action: Action, whole: boolean): string {
  const text = describeAction(action);
  return whole ? `${text}\n` : `${text.split('\n')[0]?.replace(/:$/, '')}\n`;
}

/** Profiles of every shipped policy and of the files, by name; of a second one of the same name, by its digest too. */
function profilesFor(files: readonly string[], context: CliContext): ReadonlyMap<string, CompiledProfile> {
  const now = new Date();
  const references = [
    ...profileNames().map((name) => ({ kind: 'profile', name }) as const),
    ...files.map((file) => policyReference(file, context.workingDirectory)),
  ];
  const policies = references.map((reference) => loadPolicy(reference, now));
  const profiles = new Map<string, CompiledProfile>();
  for (const policy of policies) {
    const profile = apparmorOf(policy);
    const taken = (profiles.get(policy.name) ?? profile).profileName !== profile.profileName;
    profiles.set(taken ? profile.profileName.slice(PROFILE_PREFIX.length) : policy.name, profile);
  }
  return profiles;
}

const ownProgramsProfile = (): string =>
  programsProfile(join(installationRoot, 'build/native'), readSettings().apparmorUnconfined === 1);

/** Those that an earlier installation has made, and keeps for the next boot. */
function installedNamespaces(): string[] {
  const [unit] = unitFiles(PLACES);
  return unit !== undefined && existsSync(unit) ? namespacesOfUnit(readFileSync(unit, 'utf8')) : [];
}

/** @throws {ApparmorError} APPARMOR_UNKNOWN_USER */
function namespaceOfUser(name: string): string {
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([account, , uid]) => account === name || uid === name);
  const uid = /^\d+$/.test(name) ? Number(name) : Number(entry?.[2] ?? Number.NaN);
  if (Number.isInteger(uid) && uid > 0 && uid < NO_USER) return namespaceOf(uid);
  throw new ApparmorError('APPARMOR_UNKNOWN_USER', `there is no user ${name} who could have a policy namespace`, {
    hint: 'name a user of /etc/passwd other than root, or a number',
  });
}

/** @throws {ApparmorError} APPARMOR_NOT_ROOT */
function requireRoot(command: string, context: CliContext): void {
  if (context.uid === 0) return;
  const words = context.words.map((word) => (/^[\w./=:-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  throw new ApparmorError('APPARMOR_NOT_ROOT', `apparmor ${command} changes what the kernel enforces`, {
    why: 'only root may load or remove profiles',
    hint: `look with --dry-run, then: sudo ${join(installationRoot, 'bin/sandbox')} ${words.join(' ')}`,
  });
}

/** @throws {ApparmorError} APPARMOR_NOT_ACTIVE, APPARMOR_NO_PARSER */
function requireActive(): void {
  const { apparmor, apparmorPolicy } = measureHost();
  if (!apparmor)
    throw new ApparmorError('APPARMOR_NOT_ACTIVE', 'AppArmor is not active in this kernel', {
      hint: 'boot with apparmor=1 and apparmor among lsm=, on a kernel that has it',
    });
  if (!apparmorPolicy.visible)
    throw new ApparmorError('APPARMOR_NOT_ACTIVE', 'AppArmor’s part of securityfs is not there', {
      hint: 'mount -t securityfs securityfs /sys/kernel/security',
    });
  if (apparmorPolicy.parser === undefined)
    throw new ApparmorError('APPARMOR_NO_PARSER', 'apparmor_parser is not installed', {
      hint: 'apt-get install apparmor',
    });
}

/** The kernel lets a process go on without the profile that is taken from under it. @throws {ApparmorError} APPARMOR_IN_USE */
function requireUnused(): void {
  const processes = confinedProcesses();
  if (processes.length === 0) return;
  throw new ApparmorError('APPARMOR_IN_USE', `${processes.length} processes run under these profiles`, {
    why: 'they would go on without',
    hint: `let them end, or end them: ${processes.slice(0, 8).join(' ')}`,
  });
}
