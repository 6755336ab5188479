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
const LIMIT_MS = 60_000;

/**
 * Does one after the other. Where one fails, what was written before is taken back.
 *
 * @throws {ApparmorError} APPARMOR_ACTION_FAILED
 */
export function perform(actions: readonly Action[], parser: string): void {
  const undo: Action[] = [];
  for (const action of actions) {
    const before = 'path' in action ? textOf(action.path) : undefined;
    try {
      requireOurs(action, before);
      performOne(action, parser);
    } catch (cause) {
      for (const one of undo.reverse()) performOne(one, parser);
      const [what = ''] = describeAction(action).split('\n');
      throw new ApparmorError('APPARMOR_ACTION_FAILED', `${what.replace(/:$/, '')}: it failed`, {
        why: cause instanceof Error ? cause.message : String(cause),
        hint: 'what was written before is taken back; mend the cause and try again',
        cause,
      });
    }
    const back = undoOf(action, before);
    if (back !== undefined) undo.push(back);
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
    return /(^|:|\/\/&)sandbox\./.test(label) ? [Number(entry)] : [];
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
