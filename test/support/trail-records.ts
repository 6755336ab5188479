/** The trail of a user's latest run, read from its file. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestUser } from './user.js';

export type Control = {
  readonly control: string;
  readonly requested: string;
  readonly effective: string;
  readonly how: string;
  readonly ok: boolean;
};

/** As far as tests look at it; `kind` says which fields are there. */
export type TrailRecord = {
  readonly seq: number;
  readonly kind: 'opened' | 'receipt' | 'attempt' | 'lifecycle' | 'closed';
  readonly call?: string | null;
  readonly number?: number;
  readonly architecture?: string;
  readonly arguments?: readonly { readonly name: string; readonly value: string; readonly advisory: string | null }[];
  readonly pid?: number | null;
  readonly inner_pid?: number | null;
  readonly executable?: string | null;
  readonly verdict?: string;
  readonly errno?: string | null;
  readonly rule?: string;
  readonly count?: number;
  readonly controls?: readonly Control[];
  readonly event?: string;
  readonly detail?: string;
  readonly status?: number | null;
  readonly signal?: number | null;
  readonly command?: { readonly arguments: readonly string[]; readonly redacted: number };
  readonly environment?: { readonly names: readonly string[] };
  readonly image?: { readonly digest: string | null; readonly signed: boolean; readonly signer: string | null };
  readonly remarks?: { readonly texts: readonly string[] };
  readonly attempts?: { readonly denied: number; readonly killed: number; readonly continued: number };
};

export const stateOf = (user: TestUser): string => join(user.home, '.local/state/sandbox');

/** Names of the user's runs, the oldest first. */
export function runsOf(user: TestUser): readonly string[] {
  try {
    return readdirSync(join(stateOf(user), 'runs')).sort();
  } catch {
    return [];
  }
}

/** @throws where there is no run */
export function latestTrail(user: TestUser): string {
  const run = runsOf(user).at(-1);
  if (run === undefined) throw new Error('there is no run');
  return readFileSync(join(stateOf(user), 'runs', run, 'trail.jsonl'), 'utf8');
}

export const latestRecords = (user: TestUser): readonly TrailRecord[] =>
  latestTrail(user)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TrailRecord);

export const attemptsIn = (records: readonly TrailRecord[]): readonly TrailRecord[] =>
  records.filter(({ kind }) => kind === 'attempt');

export const controlsIn = (records: readonly TrailRecord[]): readonly Control[] =>
  records.flatMap(({ controls }) => controls ?? []);
