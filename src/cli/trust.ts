/** `sandbox trust`: keys, the team's authority, and which trust policy is in force. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { readSmallFile } from '../base/small-file.js';
import { createAuthority, type IssuedCertificate, issueCertificate } from '../trust/authority.js';
import { loadTrustPolicy } from '../trust/load-policy.js';
import type { Rule, Signer, TrustPolicy } from '../trust/policy.js';
import { generateKeyPair } from '../trust/signing-key.js';
import { TrustError } from '../trust/verdict.js';
import type { CliContext } from './context.js';
import { printable } from './failure.js';
import { passphraseFrom, readKeyText, requireAbsent, writeNewFiles } from './key-files.js';

type Common = { readonly json?: boolean; readonly passphraseFile?: string };
type KeyOptions = Common & { readonly out: string };
type AuthorityOptions = Common & { readonly out: string; readonly name: string; readonly days: string };
type IssueOptions = AuthorityOptions & {
  readonly ca: string;
  readonly email: string;
  readonly authorityPassphraseFile?: string;
};

const PASSPHRASE_FILE = '--passphrase-file <file>';
const PASSPHRASE_HELP = 'its first line encrypts the private key (else SANDBOX_PASSPHRASE; else it is not encrypted)';

/** Adds the group `sandbox trust`. */
export function addTrustCommands(program: Command, context: CliContext): void {
  const trust = program
    .command('trust')
    .description('Make keys and certificates for signing images; show whom is trusted.');
  trust
    .command('show')
    .description('Show the trust policy in force: where it stands and what it asks of images.')
    .option('--trust <file>', 'this trust policy')
    .option('--json', 'print one JSON object')
    .action((options: { readonly trust?: string; readonly json?: boolean }) => show(context, options));
  trust
    .command('key')
    .description('Keys that sign images.')
    .command('generate')
    .description('Make a P-256 key pair: PREFIX.key, which signs, and PREFIX.pub, for the trust policy.')
    .requiredOption('--out <prefix>', 'where to write the two files')
    .option(PASSPHRASE_FILE, PASSPHRASE_HELP)
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  sandbox trust key generate --out release')
    .action((options: KeyOptions) => generate(context, options));
  const authority = trust.command('ca').description("The team's certificate authority.");
  authority
    .command('init')
    .description('Make an authority: DIR/authority.key and DIR/authority.pem (RSA, 3072 bits).')
    .requiredOption('--out <dir>', 'where to write')
    .requiredOption('--name <name>', 'its common name')
    .option('--days <days>', 'how long it is valid', '3650')
    .option(PASSPHRASE_FILE, PASSPHRASE_HELP)
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  sandbox trust ca init --out authority --name "Team CA"')
    .action((options: AuthorityOptions) => initAuthority(context, options));
  authority
    .command('issue')
    .description('Make a key and a certificate for one signer: PREFIX.key and PREFIX.pem.')
    .requiredOption('--ca <dir>', 'the folder that "ca init" wrote')
    .requiredOption('--out <prefix>', 'where to write the two files')
    .requiredOption('--name <name>', 'common name of the signer')
    .requiredOption('--email <address>', 'address of the signer, which trust policies name')
    .option('--days <days>', 'how long it is valid', '90')
    .option(PASSPHRASE_FILE, PASSPHRASE_HELP)
    .option('--authority-passphrase-file <file>', "the authority key's (else SANDBOX_AUTHORITY_PASSPHRASE)")
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExample:\n  sandbox trust ca issue --ca authority --out ada --name "Ada" --email ada@team.example --days 90',
    )
    .action((options: IssueOptions) => issue(context, options));
}

function generate(context: CliContext, options: KeyOptions): void {
  const prefix = resolve(context.workingDirectory, options.out);
  const files = { key: `${prefix}.key`, publicKey: `${prefix}.pub` };
  requireAbsent(Object.values(files));
  const passphrase = passphraseFrom(context, options.passphraseFile, 'SANDBOX_PASSPHRASE');
  const pair = generateKeyPair('p256', passphrase);
  writeNewFiles([
    { path: files.key, text: pair.privatePem, isSecret: true },
    { path: files.publicKey, text: pair.publicPem, isSecret: false },
  ]);
  tell(context, options, { ...files, id: pair.id, encrypted: passphrase !== undefined });
}

async function initAuthority(context: CliContext, options: AuthorityOptions): Promise<void> {
  const prefix = join(resolve(context.workingDirectory, options.out), 'authority');
  requireAbsent([`${prefix}.key`, `${prefix}.pem`]);
  const passphrase = passphraseFrom(context, options.passphraseFile, 'SANDBOX_PASSPHRASE');
  const request = { name: requireName(options.name), days: daysOf(options.days), now: new Date(), passphrase };
  writeIssued(context, options, prefix, await createAuthority(request), passphrase !== undefined);
}

async function issue(context: CliContext, options: IssueOptions): Promise<void> {
  const prefix = resolve(context.workingDirectory, options.out);
  requireAbsent([`${prefix}.key`, `${prefix}.pem`]);
  const passphrase = passphraseFrom(context, options.passphraseFile, 'SANDBOX_PASSPHRASE');
  const issued = await issueCertificate({
    name: requireName(options.name),
    email: requireAddress(options.email),
    days: daysOf(options.days),
    now: new Date(),
    passphrase,
    authority: {
      certificatePem: readKeyText(context, join(options.ca, 'authority.pem')),
      privatePem: readKeyText(context, join(options.ca, 'authority.key')),
      passphrase: passphraseFrom(context, options.authorityPassphraseFile, 'SANDBOX_AUTHORITY_PASSPHRASE'),
    },
  });
  writeIssued(context, options, prefix, issued, passphrase !== undefined);
}

function writeIssued(
  context: CliContext,
  options: Common,
  prefix: string,
  { keys, certificatePem }: IssuedCertificate,
  encrypted: boolean,
): void {
  const files = { key: `${prefix}.key`, certificate: `${prefix}.pem` };
  writeNewFiles([
    { path: files.key, text: keys.privatePem, isSecret: true },
    { path: files.certificate, text: certificatePem, isSecret: false },
  ]);
  tell(context, options, { ...files, encrypted });
}

function tell(context: CliContext, { json }: Common, made: Readonly<Record<string, string | boolean>>): void {
  if (json) {
    context.stdout(`${JSON.stringify(made)}\n`);
    return;
  }
  const { encrypted, ...rest } = made;
  for (const [name, value] of Object.entries(rest)) context.stdout(`${name}: ${printable(String(value))}\n`);
  if (!encrypted) context.stderr('the private key is not encrypted; --passphrase-file FILE would\n');
}

function show(context: CliContext, options: { readonly trust?: string; readonly json?: boolean }): void {
  const flag = options.trust === undefined ? undefined : resolve(context.workingDirectory, options.trust);
  const policy = loadTrustPolicy({ flag, configDirectory: context.directories.config }, readSmallFile);
  if (options.json) {
    context.stdout(`${JSON.stringify(shown(policy))}\n`);
    return;
  }
  const lines = [`trust policy: ${policy.source} (${policy.digest})`];
  for (const { scope, rule } of [...policy.scopes, { scope: 'default', rule: policy.defaultRule }])
    lines.push(`${scope}: ${sentenceOf(rule)}`);
  if (policy.source === 'built-in')
    lines.push(
      `to trust somebody, write ${policy.inputs[0] ?? 'a trust policy'} (see policies/trust-release-key.json)`,
    );
  context.stdout(printable(`${lines.join('\n')}\n`));
}

const shown = (policy: TrustPolicy): object => ({
  source: policy.source,
  digest: policy.digest,
  inputs: policy.inputs,
  default: sentenceOf(policy.defaultRule),
  scopes: Object.fromEntries(policy.scopes.map(({ scope, rule }) => [scope, sentenceOf(rule)])),
});

function sentenceOf(rule: Rule): string {
  switch (rule.kind) {
    case 'reject':
      return `nothing runs${rule.why ? `: ${rule.why}` : ''}`;
    case 'insecureAcceptAnything':
      return `anything runs, unverified: ${rule.why}`;
    case 'digest':
      return `only ${rule.digests.join(', ')}`;
    case 'signedBy':
      if (rule.signers.length === 0) return 'nothing runs, because nobody is trusted yet';
      return `signed by ${rule.signers.map(signerText).join(' or ')}${rule.digests ? `, and one of ${rule.digests.join(', ')}` : ''}`;
  }
}

function signerText(signer: Signer): string {
  if (signer.kind === 'sigstore-key') return `key ${signer.name} (${signer.key.id})`;
  const people = signer.identities.map((one) => (one.kind === 'email' ? one.email : JSON.stringify(one.subject)));
  return `${people.join(', ')} certified by ${signer.name}`;
}

function daysOf(text: string): number {
  const days = Number(text);
  if (/^\d{1,5}$/.test(text) && days >= 1) return days;
  throw new TrustError('TRUST_KEY_UNUSABLE', `--days ${text} is not a number of days`, { hint: 'between 1 and 99999' });
}

function requireName(name: string): string {
  if (/^[^\p{Cc}\p{Cf}]{1,64}$/u.test(name)) return name;
  throw new TrustError('TRUST_KEY_UNUSABLE', '--name is not a name of 1 to 64 characters');
}

function requireAddress(email: string): string {
  if (/^[!-?A-~]+@[!-?A-~]+$/.test(email) && email.length <= 254) return email;
  throw new TrustError('TRUST_KEY_UNUSABLE', `--email ${email} is not an address that a certificate can hold`);
}
