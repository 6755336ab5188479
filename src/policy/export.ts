/** A compiled policy as files, for people and programs that want to look at what the kernel is given. */
import { chmodSync, existsSync, lstatSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Digest, digestOf } from '../base/digest.js';
import { makeFolders } from '../base/folders.js';
import { capabilityNames } from '../capabilities/capabilities.js';
import { NEWEST_ABI } from '../landlock/rights.js';
import type { CompiledPolicy } from './compiled.js';
import { PolicyError } from './errors.js';

export type CompiledFile = { readonly name: string; readonly bytes: Uint8Array; readonly digest: Digest };

/** The files of a compiled policy, always the same for the same policy. */
export function compiledFiles(policy: CompiledPolicy): CompiledFile[] {
  const text = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, hexadecimal, 2)}\n`);
  const { landlock, capabilities } = policy;
  const sets = Object.entries(capabilities).map(([set, mask]) => [set, { mask, names: capabilityNames(mask) }]);
  return [
    fileOf('apparmor.profile', Buffer.from(policy.apparmor.text)),
    fileOf('capabilities.json', text(Object.fromEntries(sets))),
    fileOf('certificate.json', Buffer.from(policy.certificate.text)),
    fileOf('landlock.json', text({ abi: NEWEST_ABI, ...landlock })),
    fileOf('policy.resolved.json', Buffer.from(policy.canonical)),
    fileOf('seccomp.bpf', policy.program),
  ];
}

const hexadecimal = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `0x${value.toString(16)}` : value;

const fileOf = (name: string, bytes: Uint8Array): CompiledFile => ({ name, bytes, digest: digestOf(bytes) });

/**
 * Writes `files` into `folder`, which is made where it is missing. Each file
 * appears whole or not at all, and none before all are written. Not waited for
 * is the disk: what a loss of power takes can be compiled again.
 *
 * @throws {PolicyError} POLICY_UNWRITABLE
 */
export function writeFolder(folder: string, files: readonly CompiledFile[]): void {
  try {
    if (existsSync(folder)) replaceFiles(folder, files);
    else makeWhole(folder, files);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new PolicyError('POLICY_UNWRITABLE', `${folder} cannot be written: ${code ?? String(cause)}`, {
      hint: 'name a folder that you may write, on a file system with room',
      cause,
    });
  }
}

/** Staged within: a folder may be another file system than the one it stands in, and what it stands in not writable. */
function replaceFiles(folder: string, files: readonly CompiledFile[]): void {
  withStaged(folder, files, (staged) => {
    for (const { name } of files)
      if (lstatSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory() === true)
        throw Object.assign(new Error(`${name} is a folder there`), { code: 'EISDIR' });
    for (const { name } of files) renameSync(join(staged, name), join(folder, name));
  });
}

function makeWhole(folder: string, files: readonly CompiledFile[]): void {
  makeFolders(dirname(folder));
  withStaged(dirname(folder), files, (staged) => {
    chmodSync(staged, 0o755);
    renameSync(staged, folder);
  });
}

function withStaged(folder: string, files: readonly CompiledFile[], use: (staged: string) => void): void {
  const staged = mkdtempSync(join(folder, '.sandbox-compile-'));
  try {
    for (const { name, bytes } of files) writeFileSync(join(staged, name), bytes, { mode: 0o644, flag: 'wx' });
    use(staged);
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}
