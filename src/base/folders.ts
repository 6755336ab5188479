/** Making folders with those above them. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes the folder `path` and those above it that are missing, each with
 * `mode`. Not mkdirSync's own `recursive`: it never returns where a folder
 * exists that nothing can be made in and that says so with ENOENT, as /proc does.
 *
 * @throws {Error} with the code of mkdir(2) or stat(2)
 */
export function makeFolders(path: string, mode: number = 0o777): void {
  const missing: string[] = [];
  for (let here = resolve(path); !isFolder(here); here = dirname(here)) {
    missing.push(here);
    if (here === dirname(here)) break;
  }
  for (const folder of missing.reverse()) makeFolder(folder, mode);
}

function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process was faster.
    if (!isFolder(path)) throw error;
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
