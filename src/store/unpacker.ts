/**
 * Running the native helper that unpacks a layer, or removes what it unpacked,
 * in a sandbox of its own.
 *
 * @see native/unpack/options.h, native/unpack/report.h
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Digest } from '../base/digest.js';
import type { IdMap, IdRange } from '../base/id-map.js';
import { installationRoot } from '../base/installation.js';
import { StoreError } from './errors.js';

/** The map to write, and what writes it where it is made of subordinate ids. */
export type Mapping = {
  readonly idMap: IdMap;
  readonly newuidmap: string | undefined;
  readonly newgidmap: string | undefined;
};

/** A part of an open file. */
export type OpenBlob = { readonly descriptor: number; readonly offset: number; readonly length: number };

export type Limits = { readonly maxBytes: number; readonly maxEntries: number };
export const DEFAULT_LIMITS: Limits = { maxBytes: 64 * 1024 ** 3, maxEntries: 1_000_000 };

/** `hidden`: a lower layer's is not to be seen; `odd`: not a plain file. Contents in base64. */
export type AccountFile =
  | { readonly state: 'present'; readonly base64: string }
  | { readonly state: 'absent' | 'hidden' | 'odd' };

/** What the helper says about a layer that it unpacked to its end. */
export type LayerReport = {
  readonly blobDigest: Digest;
  readonly blobSize: number;
  readonly diffId: Digest;
  readonly tarSize: number;
  readonly entries: number;
  readonly bytes: number;
  readonly setid: number;
  readonly devices: number;
  readonly deviceNames: readonly string[];
  readonly capabilities: number;
  readonly attributes: number;
  readonly outwardLinks: number;
  readonly passwd: AccountFile;
  readonly group: AccountFile;
};

export type UnpackFailure = {
  readonly code: 'refused' | 'limit' | 'corrupt' | 'no-space' | 'no-namespaces' | 'system';
  readonly message: string;
  /** The entry at which it happened, as the archive spells it; chosen by whoever made the archive. */
  readonly entry: string;
};

export type UnpackOutcome =
  | { readonly kind: 'unpacked'; readonly report: LayerReport }
  | { readonly kind: 'failed'; readonly failure: UnpackFailure };

type FinalLine = ({ readonly ok: true } & LayerReport) | ({ readonly ok: false } & UnpackFailure);

/**
 * Unpacks `blob` into `folder`/fs. The folder must be empty and writable for the map's first id.
 * What a failure leaves there is the caller's to remove with {@link runRemover}.
 *
 * @throws {StoreError} STORE_INTERRUPTED, STORE_UNUSABLE
 */
export async function runUnpacker(
  folder: string,
  blob: OpenBlob,
  mapping: Mapping,
  options: {
    readonly limits: Limits;
    readonly onRead: (bytes: number) => void;
    readonly signal: AbortSignal | undefined;
  },
): Promise<UnpackOutcome> {
  const { limits } = options;
  const command = ['unpack', '--folder', folder, ...mappingArguments(mapping)];
  command.push('--offset', String(blob.offset), '--length', String(blob.length));
  command.push('--max-bytes', String(limits.maxBytes), '--max-entries', String(limits.maxEntries));
  const final = await runHelper(command, blob.descriptor, options.onRead, options.signal);
  if (!final.ok) return { kind: 'failed', failure: { ...final, entry: fromBytes(final.entry) } };
  return { kind: 'unpacked', report: { ...final, deviceNames: final.deviceNames.map(fromBytes) } };
}

/** Empties `folder`, files of the map's ids included. @throws {StoreError} STORE_REMOVE_FAILED, STORE_UNUSABLE */
export async function runRemover(folder: string, mapping: Mapping): Promise<void> {
  const final = await runHelper(
    ['remove', '--folder', folder, ...mappingArguments(mapping)],
    'ignore',
    () => undefined,
    undefined,
  );
  if (!final.ok) {
    const hint = 'run: sandbox doctor (removing needs the same subordinate ids as unpacking did)';
    throw new StoreError('STORE_REMOVE_FAILED', `${folder} cannot be emptied`, { why: final.message, hint });
  }
}

function mappingArguments({ idMap, newuidmap, newgidmap }: Mapping): readonly string[] {
  const list = (ranges: readonly IdRange[]): string =>
    ranges.map(({ inner, outer, count }) => `${inner}:${outer}:${count}`).join(',');
  const programs = idMap.method === 'subordinate' ? { '--newuidmap': newuidmap, '--newgidmap': newgidmap } : {};
  const given = Object.entries(programs).flatMap(([option, path]) => (path === undefined ? [] : [option, path]));
  return ['--method', idMap.method, '--uid', list(idMap.uid), '--gid', list(idMap.gid), ...given];
}

async function runHelper(
  command: readonly string[],
  input: number | 'ignore',
  onRead: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<FinalLine> {
  if (signal?.aborted) throw interrupted();
  // A process group of its own: Ctrl-C reaches us alone, and we end it and remove what it made.
  const child = spawn(join(installationRoot, 'build/native/unpack'), command, {
    stdio: [input, 'pipe', 'pipe'],
    detached: true,
    env: {},
  });
  const abort = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', abort);
  try {
    const { final, error } = await readToEnd(child, onRead);
    if (signal?.aborted) throw interrupted();
    if (final === undefined)
      throw new StoreError('STORE_UNUSABLE', 'the unpacker ended without a report', { why: error });
    return final.ok ? final : { ...final, message: error === '' ? final.message : `${final.message} (${error})` };
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

async function readToEnd(
  child: ChildProcess,
  onRead: (bytes: number) => void,
): Promise<{ readonly final: FinalLine | undefined; readonly error: string }> {
  let error = '';
  let final: FinalLine | undefined;
  child.stderr?.on('data', (chunk: Buffer) => (error = (error + chunk.toString()).slice(0, 2000)));
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
    child.on('error', (cause) => {
      error = cause.message;
      resolve();
    });
  });
  if (child.stdout !== null) {
    for await (const line of createInterface({ input: child.stdout })) {
      const said = JSON.parse(line) as { readonly read: number } | FinalLine;
      if ('read' in said) onRead(said.read);
      else final = said;
    }
  }
  await ended;
  return { final, error: error.trim() };
}

const interrupted = (): StoreError =>
  new StoreError('STORE_INTERRUPTED', 'unpacking was interrupted', { why: 'nothing of it was kept' });

/** The helper writes bytes as one character each. */
const fromBytes = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');
