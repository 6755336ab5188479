/** `sandbox image list|inspect|remove`: what the store holds. */
import type { Command } from 'commander';
import { measureHost } from '../host/measure.js';
import { parseConfiguration } from '../image/configuration.js';
import { findImage, type ListedImage, listImages } from '../image/records.js';
import { removeImage } from '../image/remove.js';
import { openStore, readKeptBlob, type Store } from '../store/store.js';
import type { CliContext } from './context.js';
import { printable } from './failure.js';

type Json = { readonly json?: boolean };

/** The group `sandbox image`, of which other modules may add commands. */
export function imageGroup(program: Command): Command {
  const existing = program.commands.find((command) => command.name() === 'image');
  return existing ?? program.command('image').description('Look after images: list, inspect, remove, sign, verify.');
}

/** Adds `image list`, `image inspect` and `image remove`. */
export function addImageCommands(program: Command, context: CliContext): void {
  const image = imageGroup(program);
  image
    .command('list')
    .alias('ls')
    .description('List the images that were unpacked.')
    .option('--json', 'print one JSON array')
    .addHelpText('after', '\nExample:\n  sandbox image list --json')
    .action((options: Json) => list(context, options));
  image
    .command('inspect <image>')
    .description('Show an unpacked image: its manifest, configuration and layers.')
    .option('--json', 'print JSON (which it does anyway)')
    .addHelpText('after', '\nIMAGE is a reference as it was run, a digest, or the first 8 or more digits of one.')
    .action((name: string) => inspect(context, name));
  image
    .command('remove <image...>')
    .alias('rm')
    .description('Remove images from the store, with the layers that no other image has.')
    .option('--json', 'print the digests that were removed as JSON')
    .addHelpText(
      'after',
      '\nNo sandbox may be running from the image.\n\nExample:\n  sandbox image remove oci:demo:latest',
    )
    .action((names: readonly string[], options: Json) => remove(context, names, options));
}

const storeOf = (context: CliContext): Store => openStore(context.directories.data);

function list(context: CliContext, { json }: Json): void {
  const images = listImages(storeOf(context));
  if (json) {
    context.stdout(`${JSON.stringify(images.map(asJson), undefined, 2)}\n`);
    return;
  }
  if (images.length === 0) context.stderr('no image has been unpacked yet\n');
  for (const image of images) {
    const columns = [image.digest, sizeText(image.sizeBytes).padStart(9), image.references.at(-1) ?? ''];
    context.stdout(`${printable(columns.join('  '))}\n`);
  }
}

function inspect(context: CliContext, name: string): void {
  const store = storeOf(context);
  const image = findImage(store, name);
  const read = (digest: ListedImage['digest']): Buffer | undefined => readKeptBlob(store, digest);
  const configuration = read(image.configurationDigest);
  const shown = {
    ...asJson(image),
    configuration: configuration && withoutLayers(parseConfiguration(configuration)),
    manifest: JSON.parse(read(image.digest)?.toString() ?? 'null') as unknown,
  };
  context.stdout(`${printable(JSON.stringify(shown, undefined, 2))}\n`);
}

async function remove(context: CliContext, names: readonly string[], { json }: Json): Promise<void> {
  const store = storeOf(context);
  const { newuidmap, newgidmap } = measureHost();
  const removed: string[] = [];
  for (const name of names) {
    const image = findImage(store, name);
    await removeImage(store, image, { newuidmap, newgidmap });
    removed.push(image.digest);
  }
  context.stdout(json ? `${JSON.stringify({ removed })}\n` : removed.map((digest) => `${digest}\n`).join(''));
}

function asJson({ digest, references, layers, sizeBytes, unpackedAt }: ListedImage): object {
  return { digest, references, layers, sizeBytes, unpackedAt: unpackedAt.toISOString() };
}

function withoutLayers({ diffIds: _, ...rest }: ReturnType<typeof parseConfiguration>): object {
  return rest;
}

function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
