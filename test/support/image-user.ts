/** Unpacking as an unprivileged user: runs the product's own modules in a process of that user. */
import { chmodSync, chownSync, cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stageProduct, type TestUser, testUser } from './user.js';

export type UnpackResult = {
  readonly root?: {
    readonly layers: readonly string[];
    readonly remarks: readonly string[];
    readonly configuration: { readonly user?: { uid: number; gid: number; groups: number[] } };
  };
  readonly error?: { readonly code: string; readonly message: string; readonly why?: string; readonly hint?: string };
};

export type ImageUser = {
  readonly user: TestUser;
  /** The built product's `sandbox`. */
  readonly program: string;
  /** Where the user's store is. */
  readonly store: string;
  /** A folder that the user can read; what is copied there belongs to the user. */
  readonly give: (from: string, name: string) => string;
  readonly unpack: (
    reference: string,
    options?: { readonly maxBytes?: number; readonly store?: string },
  ) => UnpackResult;
  /** The command that `unpack` runs. */
  readonly command: (
    reference: string,
    options?: { readonly maxBytes?: number; readonly store?: string },
  ) => readonly string[];
  readonly reset: (store?: string) => UnpackResult;
  readonly remove: () => void;
};

const DRIVER = `
const [product, action, store, reference, maxBytes] = process.argv.slice(2);
const load = (name) => import(product + '/build/src/' + name + '.js');
const { measureHost } = await load('host/measure');
const { idMap, newuidmap, newgidmap } = measureHost();
const mapping = { idMap, newuidmap, newgidmap };
try {
  if (action === 'reset') {
    const { removeStore } = await load('image/remove');
    await removeStore(store, mapping);
    console.log('{}');
  } else {
    const { loadImage } = await load('image/load');
    const { unpackImage } = await load('image/unpack');
    const { openStore } = await load('store/store');
    const controller = new AbortController();
    process.on('SIGINT', () => controller.abort());
    const image = loadImage(reference, process.cwd());
    const limits = { maxBytes: Number(maxBytes), maxEntries: 1000000 };
    const verdict = { kind: 'unverified', by: '--allow-unsigned', why: 'test', attempts: [] };
    const root = await unpackImage(image, verdict, mapping, openStore(store), { limits, signal: controller.signal });
    image.close();
    console.log(JSON.stringify({ root }));
  }
} catch (error) {
  const { code, message, why, hint } = error;
  console.log(JSON.stringify({ error: { code, message, why, hint } }));
  process.exitCode = 1;
}
`;

/** A user with or without subordinate ids, and the staged product. */
export function imageUser(wanted: { readonly subordinateIds: boolean }): ImageUser {
  const product = stageProduct();
  const user = testUser(wanted);
  const driver = join(user.home, 'driver.mjs');
  const store = join(user.home, '.local/share/sandbox');
  writeFileSync(driver, DRIVER);
  const command: ImageUser['command'] = (reference, { maxBytes = 1 << 30, store: other = store } = {}) => [
    'node',
    driver,
    product.folder,
    'unpack',
    other,
    reference,
    String(maxBytes),
  ];
  const run = (line: readonly string[]): UnpackResult => {
    const { stdout, stderr } = user.run(line);
    if (stdout.length === 0) throw new Error(`no answer: ${stderr}`);
    return JSON.parse(stdout.toString()) as UnpackResult;
  };
  return {
    user,
    program: product.program,
    store,
    give(from, name) {
      const to = join(user.home, name);
      cpSync(from, to, { recursive: true });
      giveAway(to, user);
      return to;
    },
    unpack: (reference, options) => run(command(reference, options)),
    command,
    reset: (other = store) => run(['node', driver, product.folder, 'reset', other]),
    remove() {
      run(['node', driver, product.folder, 'reset', store]);
      user.remove();
      product.remove();
    },
  };
}

function giveAway(path: string, user: TestUser): void {
  if (process.getuid?.() !== 0) return;
  chownSync(path, user.uid, user.gid);
  try {
    for (const name of readdirSync(path)) giveAway(join(path, name), user);
    chmodSync(path, 0o700);
  } catch {
    chmodSync(path, 0o600);
  }
}
