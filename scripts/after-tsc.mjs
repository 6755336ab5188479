/**
 * Brings the modules of the command line together: loading a hundred files takes
 * Node longer than most commands need. build/bundle/cli has the same code as
 * build/src, three folders below the root as that is. The front end takes it
 * while it is newer than build/src/cli/main.js: whatever compiles without this
 * script, or changes a module and touches that file, runs the modules themselves.
 */
import { rmSync } from 'node:fs';
import { build } from 'esbuild';
import { root } from './write-changed.mjs';

rmSync(`${root}build/bundle`, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ['build/src/cli/main.js'],
  outdir: 'build/bundle/cli',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
});
