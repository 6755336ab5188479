/** Entry of the process in which compileChecked() compiles a filter that libseccomp may never finish. */
import { readFileSync, writeSync } from 'node:fs';
import { compileFilter } from './compile.js';
import { decodeFilter, encodeOutcome } from './transfer.js';

const filter = decodeFilter(readFileSync(0, 'utf8'));
writeSync(
  1,
  encodeOutcome(() => compileFilter(filter)),
);
