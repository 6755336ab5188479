/**
 * What system tests stand on: the staged product, an unprivileged user, and a
 * signed image of small static programs, which can be run outside as well.
 *
 *   const ground = systemGround();
 *   ground.inside('id -u')     in the sandbox, under strict
 *   ground.outside('id -u')    the same program, the same user, no sandbox
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installationRoot } from '../../src/base/installation.js';
import { addSignature } from '../../src/image/add-signature.js';
import { signAsBundle } from '../../src/trust/sign-image.js';
import { generateKeyPair, type SigningKey, signingKeyFromPem } from '../../src/trust/signing-key.js';
import { ownEverything } from './belongings.js';
import type { TarEntry } from './tar.js';
import { busyboxEntries, type TinyImage, writeLayout } from './tiny-image.js';
import { type Outcome, type Product, type RunOptions, stageProduct, type TestUser, testUser } from './user.js';

export type SystemRunOptions = RunOptions & {
  /** Instead of `--profile strict`. */
  readonly flags?: readonly string[];
  /** A reference, instead of that of the test programs. */
  readonly image?: string;
};

export type SystemGround = {
  readonly user: TestUser;
  readonly product: Product;
  /** Readable by everybody. */
  readonly folder: string;
  /** The image of the test programs, signed by a key that the user's trust policy names. */
  readonly image: string;
  readonly key: SigningKey;
  /** `sandbox WORDS`. */
  readonly sandbox: (words: readonly string[], options?: RunOptions) => Outcome;
  /** `sandbox run FLAGS IMAGE COMMAND`. */
  readonly run: (command: readonly string[], options?: SystemRunOptions) => Outcome;
  readonly runWords: (command: readonly string[], options?: Pick<SystemRunOptions, 'flags' | 'image'>) => string[];
  /** What the shell's script prints under strict. @throws where its status is not 0 */
  readonly inside: (script: string, options?: SystemRunOptions) => string;
  /** What the same script of the same shell prints without a sandbox, as the same user. */
  readonly outside: (script: string, options?: RunOptions) => string;
  /** The bytes of one of the test programs. */
  readonly tool: (name: string) => Buffer;
  /** A signed image of the test programs with further layers above. */
  readonly withTools: (name: string, image: TinyImage) => string;
  /** Makes a layout of images and gives the reference of the first. */
  readonly layout: (name: string, images: readonly TinyImage[], sign?: SigningKey | undefined) => string;
  /** Writes a file that everybody can read, and gives its path. */
  readonly file: (name: string, contents: string | object) => string;
  readonly remove: () => void;
};

const PROGRAMS = ['probe', 'test/tiny_workload'] as const;

/** @throws where {@link userRequirement} names a requirement */
export function systemGround(wanted: { readonly subordinateIds: boolean } = { subordinateIds: true }): SystemGround {
  const product = stageProduct();
  const user = testUser(wanted);
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-system-'));
  chmodSync(folder, 0o755);
  const pair = generateKeyPair('p256', undefined);
  const key = signingKeyFromPem(pair.privatePem, undefined);
  const layout: SystemGround['layout'] = (name, images, signer) => {
    const place = join(folder, name);
    const [first] = writeLayout(place, images);
    if (signer && first) addSignature(place, signAsBundle(first.manifest, signer, undefined, new Date()));
    return images[0]?.tag === undefined ? `oci:${place}` : `oci:${place}:${images[0].tag}`;
  };
  const withTools: SystemGround['withTools'] = (name, { layers, config, ...rest }) => {
    const whole = {
      compress: 'none',
      ...rest,
      layers: [toolEntries(), ...layers],
      config: { ...TOOLS, ...config },
    } as const;
    return layout(name, [whole], key);
  };
  const image = withTools('tools', { tag: 'tools', layers: [] });
  const file: SystemGround['file'] = (name, contents) => {
    const path = join(folder, name);
    writeFileSync(path, typeof contents === 'string' ? contents : JSON.stringify(contents, undefined, 2));
    return path;
  };
  trust(user, pair.publicPem);
  const tools = copyTools(folder);
  const sandbox: SystemGround['sandbox'] = (words, options) => user.run([product.program, ...words], options);
  const runWords: SystemGround['runWords'] = (
    command,
    { flags = ['--profile', 'strict'], image: other = image } = {},
  ) => ['run', ...flags, other, ...command];
  const run: SystemGround['run'] = (command, options = {}) => sandbox(runWords(command, options), options);
  return {
    user,
    product,
    folder,
    image,
    key,
    sandbox,
    run,
    runWords,
    inside: (script, options) => textOf(run(['sh', '-c', script], options)),
    outside: (script, options = {}) => {
      const environment = { ...options.environment, PATH: tools };
      return textOf(user.run([join(tools, 'sh'), '-c', script], { ...options, environment }));
    },
    tool: (name) => readFileSync(join(tools, name)),
    withTools,
    layout,
    file,
    remove() {
      user.remove();
      product.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const TOOLS = { Cmd: ['sh'], Env: ['PATH=/bin'] };

/** Busybox and our own static programs. */
export function toolEntries(): readonly TarEntry[] {
  const programs = PROGRAMS.map((name) => ({
    name: `bin/${name.replace('test/', '')}`,
    data: readFileSync(join(installationRoot, 'build/native', name)),
    mode: 0o755,
  }));
  const applets = 'readlink stat stty head dd seq mkdir rmdir chmod hostname grep nc cp rm cut sort tr'.split(' ');
  const links = applets.map((applet) => ({ name: `bin/${applet}`, type: 'link' as const, target: 'busybox' }));
  return [...busyboxEntries(), ...links, ...programs];
}

/** The same programs for the same user, outside. */
function copyTools(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const { name, data, target } of toolEntries()) {
    if (!name.startsWith('bin/')) continue;
    const path = join(folder, name);
    if (data !== undefined) writeFileSync(path, data, { mode: 0o755 });
    else if (target !== undefined) symlinkSync(target, path);
  }
  return bin;
}

/** The user's own trust policy: images that this key signed, wherever they are. */
function trust(user: TestUser, publicPem: string): void {
  const folder = join(user.home, '.config/sandbox');
  if (existsSync(folder)) throw new Error(`${folder} is there already`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'release.pub'), publicPem);
  const signers = [{ kind: 'sigstore-key', name: 'release', key: 'release.pub' }];
  writeFileSync(join(folder, 'trust.json'), JSON.stringify({ apiVersion: 1, default: { kind: 'signedBy', signers } }));
  ownEverything(user, join(user.home, '.config'));
}

function textOf({ status, signal, stdout, stderr }: Outcome): string {
  if (status !== 0)
    throw new Error(`ended with ${signal ?? status}: ${stdout.toString().slice(-500)}${stderr.slice(-1500)}`);
  return stdout.toString();
}
