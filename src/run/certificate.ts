/** The certificate of a run's filter: required where the policy requires the filter, and kept for auditors. */
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { certificatePath } from '../audit/certificates.js';
import type { CompiledPolicy } from '../policy/compiled.js';
import { RunError } from './errors.js';
import { readIfThere } from './files.js';

/** @throws {RunError} RUN_UNPROVED where the running kernel could not be asked about the filter */
export function requireProof({ name, certificate, required }: CompiledPolicy): void {
  const { unable } = certificate.certificate.live;
  if (unable === null || !required.includes('seccomp')) return;
  throw new RunError('RUN_UNPROVED', `policy ${name}: the filter could not be tried on this kernel`, {
    why: `${unable}; the policy requires seccomp, so nothing runs under a filter that was not tried`,
    hint: unable.endsWith('EBUSY')
      ? 'another program of this session listens to system calls already: start sandbox outside of it'
      : 'sandbox doctor tells what is missing',
  });
}

/**
 * Keeps the certificate below the state folder, under its digest; returns where. Once there it never changes.
 *
 * @throws {RunError} RUN_STATE_UNUSABLE
 */
export function keepCertificate(state: string, { text, digest }: CompiledPolicy['certificate']): string {
  const path = certificatePath(state, digest);
  try {
    if (Buffer.from(readIfThere(path) ?? []).equals(Buffer.from(text))) return path;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const fresh = `${path}.${randomUUID()}`;
    const descriptor = openSync(fresh, 'wx', 0o600);
    try {
      for (let rest = Buffer.from(text); rest.length > 0; ) rest = rest.subarray(writeSync(descriptor, rest));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(fresh, path);
    return path;
  } catch (cause) {
    throw new RunError('RUN_STATE_UNUSABLE', `${path}: the certificate of the filter cannot be kept`, {
      why: `${cause instanceof Error ? cause.message : cause}; nothing runs without it`,
      hint: 'make room there, mend its permissions, or set XDG_STATE_HOME to a folder of yours',
      cause,
    });
  }
}
