/** `sandbox doctor`: what this host can give, tried, and how to get the rest. */
import type { Command } from 'commander';
import { installationRoot } from '../base/installation.js';
import { diagnoseHost } from '../host/diagnose.js';
import type { Diagnosis, Mechanism } from '../host/diagnosis.js';
import { apparmorOf } from '../policy/apparmor.js';
import { loadPolicy } from '../policy/resolve.js';
import type { CliContext } from './context.js';
import { printable } from './failure.js';

const VERDICTS = {
  full: 'profile strict runs here with everything it asks for',
  relaxed: 'profile strict runs here; what it prefers but does not get is listed above as relaxed',
  refused: 'profile strict does not run here',
} as const;

/** Adds `doctor`. Its exit status is 0 where profile strict runs, 1 where it does not. */
export function addDoctorCommands(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description('try every mechanism that sandboxes need, and say how to get what is missing')
    .option('--json', 'one JSON object: facts, settings and every mechanism')
    .addHelpText(
      'after',
      '\nEnds with 0 where profile strict runs, with 1 where it does not.\n\nExample:\n  sandbox doctor --json',
    )
    .action((options: { json?: true }) => {
      const strict = loadPolicy({ kind: 'profile', name: 'strict' }, new Date());
      const diagnosis = diagnoseHost(installationRoot, context.directories, apparmorOf(strict).profileName);
      context.stdout(options.json ? `${JSON.stringify(diagnosis)}\n` : printable(tableOf(diagnosis)));
      context.exitCode = diagnosis.strict === 'refused' ? 1 : 0;
    });
}

function tableOf({ facts, mechanisms, strict }: Diagnosis): string {
  const width = Math.max(...mechanisms.map(({ name }) => name.length));
  const head = `kernel ${facts.kernelRelease}, user ${facts.user.name} (${facts.user.uid})\n\n`;
  return `${head}${mechanisms.map((mechanism) => row(mechanism, width)).join('')}\n${VERDICTS[strict]}\n`;
}

function row({ name, status, found, how, without, fix }: Mechanism, width: number): string {
  const indent = ' '.repeat(width + 2);
  const lines = [`${name.padEnd(width)}  ${status.padEnd(7)}  ${found}`];
  if (status !== 'ok') lines.push(`${indent}tried    ${how}`);
  if (without !== undefined) lines.push(`${indent}without  ${without}`);
  if (fix !== undefined) lines.push(`${indent}fix      ${fix}`);
  return `${lines.join('\n')}\n`;
}
