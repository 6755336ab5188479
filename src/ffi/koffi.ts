/** koffi, loaded when the first C function is needed: its 20 ms are not spent on commands that call none. */
import { createRequire } from 'node:module';
import type Koffi from 'koffi';

/** Computes once what `make` returns. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

export const koffi: () => typeof Koffi = once(() => createRequire(import.meta.url)('koffi') as typeof Koffi);
