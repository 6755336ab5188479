/**
 * Brings the modules of the command line together: loading a hundred files takes
 * Node longer than most commands need, and compiling their functions longer still.
 * build/bundle/cli has the same code as build/src, three folders below the root as
 * that is, in two files: program.cjs has all of it, and policy.cjs no more than
 * `sandbox policy` needs, which is half. Beside each stands what V8 made of the
 * functions that a command has run (NAME.cache), which V8 takes only for the same
 * version of Node, its flags and the processor; main.cjs loads what is called for.
 * Of the file V8 looks at the length alone: the two are always made together.
 *
 * The front end takes main.cjs while it is newer than build/src/cli/main.js:
 * whatever compiles without this script, or changes a module and touches that
 * file, runs the modules themselves.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './write-changed.mjs';

const folder = `${root}build/bundle/cli`;

/** Starts the program; `finish` is put in where the cache is made. */
const loader = (name, finish) => `'use strict';
const { readFileSync } = require('node:fs');
const { Script, constants } = require('node:vm');
const read = (name) => {
  try {
    return readFileSync(__dirname + name);
  } catch {
    return undefined;
  }
};
const name = ${name};
const filename = __dirname + name + '.cjs';
const script = new Script(read(name + '.cjs').toString('latin1'), {
  filename,
  cachedData: read(name + '.cache'),
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
${finish}script.runInThisContext()(require, filename);
`;

/** What the module loads when it is first called is found while bundling only if it is named. Its binary stays apart. */
const koffiWithin = {
  name: 'koffi-within',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/build\/src\/ffi\/koffi\.js$/ }, ({ path }) => {
      const contents = readFileSync(path, 'utf8');
      const named = contents.replace("createRequire(import.meta.url)('koffi')", "require('koffi')");
      if (named === contents) throw new Error(`${path} does not load koffi as expected`);
      return { contents: named };
    }),
};

/** Modules of Node's that take milliseconds to load and that few commands need: each is loaded when it is first used. */
const loadedLate = {
  name: 'loaded-late',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:(child_process|net|tty)$/ }, ({ path }) => ({ path, namespace: 'late' }));
    onLoad({ filter: /./, namespace: 'late' }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => name !== 'default');
      const getters = names.map((name) => `get ${name}() { return load().${name}; }`);
      return {
        contents: `const load = () => process.getBuiltinModule('${path}'); module.exports = { ${getters.join(', ')} };`,
      };
    });
  },
};

/** Of the groups of commands, which the main module loads when they are called, `policy` alone. */
const policyAlone = {
  name: 'policy-alone',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^\.\// }, ({ kind, importer, path }) =>
      kind === 'dynamic-import' && importer.endsWith('/cli/main.js') && path !== './policy.js'
        ? { path, namespace: 'elsewhere' }
        : undefined,
    );
    onLoad({ filter: /./, namespace: 'elsewhere' }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is in program.cjs`)});`,
    }));
  },
};

const bundle = (name, plugins) =>
  build({
    absWorkingDir: root,
    entryPoints: ['build/src/cli/main.js'],
    outfile: `${folder}/${name}.cjs`,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    charset: 'ascii',
    // The validators are nested so deeply that half of the file would be spaces.
    minifyWhitespace: true,
    external: ['@koromix/*', 'node-forge', 'pino'],
    // Of what is in the bundle koffi alone asks where it stands, to find its binary.
    define: { 'import.meta.url': 'bundleUrl', __dirname: 'koffiFolder', __filename: 'koffiPath' },
    plugins,
    banner: {
      js: "(function (require, bundlePath) { const module = { exports: {} }; const bundleUrl = require('node:url').pathToFileURL(bundlePath).href; const koffiFolder = require('node:path').join(bundlePath, '../../../../node_modules/koffi/src/koffi'); const koffiPath = koffiFolder + '/index.cjs';",
    },
    footer: { js: '})' },
    logLevel: 'warning',
  });

/** Runs a command; whether it succeeds does not matter: what it has run is in the cache. */
function recordCache(name, scratch) {
  const recorder = `${folder}/recorder.cjs`;
  writeFileSync(
    recorder,
    loader(
      `'/${name}'`,
      `process.on('exit', () =>
  require('node:fs').writeFileSync(__dirname + name + '.cache', script.createCachedData()));
`,
    ),
  );
  spawnSync(process.execPath, [recorder, 'policy', 'compile', 'strict', '--out', scratch], {
    stdio: ['ignore', 'ignore', 'ignore', 'ignore'],
  });
  rmSync(recorder);
}

rmSync(`${root}build/bundle`, { recursive: true, force: true });
await bundle('program', [koffiWithin, loadedLate]);
await bundle('policy', [koffiWithin, loadedLate, policyAlone]);
const scratch = mkdtempSync(join(tmpdir(), 'sandbox-build-'));
try {
  for (const name of ['program', 'policy']) recordCache(name, scratch);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
writeFileSync(`${folder}/main.cjs`, loader("process.argv[2] === 'policy' ? '/policy' : '/program'", ''));
