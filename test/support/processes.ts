/** Waiting for processes, and for what they do. */
import type { ChildProcess } from 'node:child_process';
import { patient } from './patience.js';

export type Ended = {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
};

/** What a started child printed and how it ended. To be called before it prints more than a pipe holds. */
export function outcomeOf(child: ChildProcess): Promise<Ended> {
  const parts: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  child.stdout?.on('data', (chunk: Buffer) => parts.stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => parts.stderr.push(chunk));
  const ended = (status: number | null, signal: NodeJS.Signals | null): Ended => ({
    status,
    signal,
    stdout: Buffer.concat(parts.stdout),
    stderr: Buffer.concat(parts.stderr).toString(),
  });
  return new Promise((resolve) => {
    child.on('close', (status, signal) => resolve(ended(status, signal)));
  });
}

/** Waits until `look` finds something: an array that is not empty, or any value that is not undefined. */
export async function waitFor<T>(look: () => T | undefined, limitMs = patient(60_000)): Promise<T> {
  for (const end = Date.now() + limitMs; ; ) {
    const found = look();
    if (found !== undefined && !(Array.isArray(found) && found.length === 0)) return found;
    if (Date.now() > end) throw new Error(`nothing was found within ${limitMs} ms by ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until the child has printed `text`; gives all that it had printed until then. */
export function printed(child: ChildProcess, text: string): Promise<string> {
  let all = '';
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      all += chunk.toString();
      if (all.includes(text)) resolve(all);
    });
    child.on('close', (status, signal) => reject(new Error(`ended with ${signal ?? status} after ${all}`)));
  });
}
