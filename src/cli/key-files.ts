/** Keys, certificates and passphrases as files: read with bounds, written once and never over another. */
import { closeSync, fchmodSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { makeFolders } from '../base/folders.js';
import { readSmallFile } from '../base/small-file.js';
import { TrustError } from '../trust/verdict.js';
import type { CliContext } from './context.js';

/** A file to be made: a secret only its owner may read. */
export type NewFile = { readonly path: string; readonly text: string; readonly isSecret: boolean };

/** The text of a key or certificate. @throws {TrustError} TRUST_KEY_UNUSABLE */
export function readKeyText(context: CliContext, path: string): string {
  const absolute = resolve(context.workingDirectory, path);
  let bytes: Uint8Array | undefined;
  try {
    bytes = readSmallFile(absolute);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TrustError('TRUST_KEY_UNUSABLE', `${path} cannot be read`, { cause, why });
  }
  if (bytes === undefined)
    throw new TrustError('TRUST_KEY_UNUSABLE', `there is no file ${path}`, { hint: 'check the path' });
  return Buffer.from(bytes).toString('latin1');
}

/** The passphrase: the first line of `file`, else the variable's value, else none. @throws {TrustError} TRUST_KEY_UNUSABLE */
export function passphraseFrom(context: CliContext, file: string | undefined, variable: string): string | undefined {
  if (file === undefined) return context.environment[variable] || undefined;
  const [line = ''] = Buffer.from(readKeyText(context, file), 'latin1').toString('utf8').split('\n');
  if (line !== '') return line;
  throw new TrustError('TRUST_KEY_UNUSABLE', `the first line of ${file}, the passphrase, is empty`);
}

/** @throws {TrustError} TRUST_FILE_EXISTS where any of them is there already */
export function requireAbsent(paths: readonly string[]): void {
  const existing = paths.find((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
  if (existing !== undefined)
    throw new TrustError('TRUST_FILE_EXISTS', `${existing} exists already`, {
      hint: 'keys and certificates are never overwritten: choose another name, or move the file away yourself',
    });
}

/** Writes all of `files` or none of them. @throws {TrustError} TRUST_FILE_EXISTS */
export function writeNewFiles(files: readonly NewFile[]): void {
  requireAbsent(files.map(({ path }) => path));
  const written: string[] = [];
  try {
    for (const file of files) {
      makeFolders(dirname(file.path), 0o700);
      const descriptor = openSync(file.path, 'wx', file.isSecret ? 0o600 : 0o644);
      written.push(file.path);
      try {
        if (file.isSecret) fchmodSync(descriptor, 0o600);
        writeSync(descriptor, file.text);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    }
  } catch (error) {
    for (const path of written) rmSync(path, { force: true });
    throw error;
  }
}
