/** Carries out an administrator's actions; the only place that changes what AppArmor enforces. */
import { spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Action, describeAction, MARK, undoOf } from './installation.js';
import { ApparmorError } from './quote.js';

const REMOVE = '/sys/kernel/security/apparmor/.remove';
const LIMIT_MS = 180_000;
/** A label may be several names; ours have a digest, and a run's own has the run's id. */
const OURS = /(^|:|\/\/&)sandbox\.[a-z][a-z0-9-]*\.[0-9a-f]{16}(\.[0-9A-Z]{26})?( |\/|$)/m;

/**
 * Does one after the other; `loaded` are the profiles that are in the kernel before. Where one fails, what was
 * done before is taken back.
 *
 * @throws {ApparmorError} APPARMOR_ACTION_FAILED
 */
export function perform(actions: readonly Action[], parser: string, loaded: readonly string[]): void {
  const undo: Action[] = [];
  for (const action of actions) {
    const before = stateBefore(action, loaded);
    try {
      requireOurs(action, before);
      performOne(action, parser);
    } catch (cause) {
      const stays = undo.reverse().filter((one) => !succeeds(one, parser));
      const kept = stays.length === 0 ? '' : `, but not: ${stays.map(titleOf).join('; ')}`;
      throw new ApparmorError('APPARMOR_ACTION_FAILED', `${titleOf(action)}: it failed`, {
        why: cause instanceof Error ? cause.message : String(cause),
        hint: `what was done before is taken back${kept}; mend the cause and try again`,
        cause,
      });
    }
    const back = undoOf(action, before);
    if (back !== undefined) undo.push(back);
  }
}

function stateBefore(action: Action, loaded: readonly string[]): string | undefined {
  if (action.kind === 'load') return loaded.find((name) => name === action.name);
  return 'path' in action ? textOf(action.path) : undefined;
}

const titleOf = (action: Action): string => (describeAction(action).split('\n')[0] ?? '').replace(/:$/, '');

function succeeds(action: Action, parser: string): boolean {
  try {
    performOne(action, parser);
    return true;
  } catch {
    return false;
  }
}

/** Files in `folders` that an installation of ours has written, and links to them. */
export function ownFiles(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => name.startsWith('sandbox'))
      .map((name) => join(folder, name))
      .filter((path) => textOf(path)?.startsWith(MARK)),
  );
}

/** Ids of processes that a profile of ours confines, as far as this process may see. */
export function confinedProcesses(): number[] {
  return namesIn('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    const label = textOf(`/proc/${entry}/attr/apparmor/current`) ?? '';
    return OURS.test(label) ? [Number(entry)] : [];
  });
}

/** A file of that name may be somebody else's. */
function requireOurs(action: Action, before: string | undefined): void {
  if (action.kind !== 'write' || before === undefined || before.startsWith(MARK)) return;
  throw new Error(`${action.path} is there already, and not ours`);
}

function performOne(action: Action, parser: string): void {
  switch (action.kind) {
    case 'write':
      mkdirSync(dirname(action.path), { recursive: true });
      writeFileSync(`${action.path}.sandbox-new`, action.text, { mode: 0o644 });
      renameSync(`${action.path}.sandbox-new`, action.path);
      return;
    case 'link':
      mkdirSync(dirname(action.path), { recursive: true });
      rmSync(action.path, { force: true });
      symlinkSync(action.target, action.path);
      return;
    case 'delete':
      rmSync(action.path, { force: true });
      return;
    case 'load':
      load(action.path, parser);
      return;
    case 'unload':
      writeFileSync(REMOVE, action.name);
      return;
    case 'make-namespace':
      mkdirSync(action.path, { recursive: true });
      return;
    case 'remove-namespace':
      rmdirSync(action.path);
      return;
  }
}

function load(path: string, parser: string): void {
  const { status, stderr, error } = spawnSync(parser, ['--replace', '--skip-cache', path], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  if (status !== 0) throw error ?? new Error(stderr.trim() || `${parser} ended with ${status}`);
}

function textOf(path: string): string | undefined {
  try {
    return lstatSync(path).isDirectory() ? undefined : readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
