/** `sandbox reset`: removes the image store, of which the user cannot delete every file by hand. */
import type { Command } from 'commander';
import { measureHost } from '../host/measure.js';
import { removeStore } from '../image/remove.js';
import type { CliContext } from './context.js';

/** Adds `reset`. */
export function addResetCommands(program: Command, context: CliContext): void {
  program
    .command('reset')
    .description('Remove every unpacked image. Trails, keys and policies stay.')
    .option('--json', 'print what was removed as JSON')
    .addHelpText(
      'after',
      '\nUnpacked files belong to subordinate ids, so that rm cannot remove them; this can.\nNo sandbox may be running.',
    )
    .action(async ({ json }: { readonly json?: boolean }) => {
      const folder = context.directories.data;
      const { newuidmap, newgidmap } = measureHost();
      const existed = await removeStore(folder, { newuidmap, newgidmap });
      if (json) context.stdout(`${JSON.stringify({ removed: existed ? [folder] : [] })}\n`);
      else context.stdout(existed ? `removed ${folder}\n` : `there is nothing at ${folder}\n`);
    });
}
