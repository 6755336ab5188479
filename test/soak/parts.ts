/** The parts of the soak. Each makes its own user and removes it. */
import { faultsPart } from './faults.js';
import { fuzzPart } from './fuzz.js';
import { killsPart } from './kills.js';
import { runsPart } from './runs.js';

export type Soaked = { readonly figures: string; readonly faults: readonly string[] };
export type Part = { readonly name: string; readonly about: string; readonly run: () => Promise<Soaked> };

export const parts: readonly Part[] = [runsPart, killsPart, faultsPart, fuzzPart];
