/** Where the product's own files lie: this module is build/src/base/installation.js below the root. */
import { fileURLToPath } from 'node:url';

/** The root folder of the installed product (or of the checkout), without a trailing slash. */
export const installationRoot = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
