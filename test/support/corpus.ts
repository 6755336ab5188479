/** The shared collections of seccomp blocks, which stand beside the checkout and are not part of it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot } from '../../src/base/installation.js';

const SECCOMP = '../shared/corpus/seccomp';

/** The absolute path of `name` among the collections. */
export const inCorpus = (name: string): string => join(installationRoot, SECCOMP, name);

/** What a test that reads `name` needs; undefined where it is there. */
export const corpusRequirement = (name: string): string | undefined =>
  existsSync(inCorpus(name)) ? undefined : `${SECCOMP}/${name}`;

export const readCorpusJson = (name: string): unknown => JSON.parse(readFileSync(inCorpus(name), 'utf8'));

/** The files below `folder` that end so, without the ending; none where it is missing. */
export const corpusNames = (folder: string, ending: string): string[] =>
  corpusRequirement(folder) === undefined
    ? readdirSync(inCorpus(folder))
        .filter((name) => name.endsWith(ending))
        .map((name) => name.slice(0, -ending.length))
        .sort()
    : [];
