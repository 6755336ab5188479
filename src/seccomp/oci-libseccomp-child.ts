/** Entry of the process in which compileByLibseccomp() has a block compiled that libseccomp may never finish. */
import { readFileSync, writeSync } from 'node:fs';
import { answerInChild } from './oci-libseccomp.js';

const answer = Buffer.from(answerInChild(readFileSync(0, 'utf8')));
for (let written = 0; written < answer.length; ) written += writeSync(1, answer, written);
