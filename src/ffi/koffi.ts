/** koffi, loaded when the first C function is needed: its 20 ms are not spent on commands that call none. */
import { createRequire } from 'node:module';
import type Koffi from 'koffi';
import { once } from '../base/once.js';

export const koffi: () => typeof Koffi = once(() => createRequire(import.meta.url)('koffi') as typeof Koffi);
