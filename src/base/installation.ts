/** Where the product's own files lie: this module is build/src/base/installation.js below the root. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root folder of the installed product (or of the checkout), without a trailing slash. */
export const installationRoot = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

/** The version in package.json. */
export function productVersion(): string {
  const read: unknown = JSON.parse(readFileSync(`${installationRoot}/package.json`, 'utf8'));
  return typeof read === 'object' && read !== null && 'version' in read ? String(read.version) : 'unknown';
}
