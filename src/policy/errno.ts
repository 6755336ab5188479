/** Error names and numbers of Linux on x86-64, as this system's libc has them. @see errno(3) */
import { constants } from 'node:os';

const NUMBERS: Readonly<Record<string, number>> = constants.errno;

export const ERRNO_NAMES: readonly string[] = Object.keys(NUMBERS);

/** The number that `name` stands for; undefined where there is no such error. */
export function errnoNumber(name: string): number | undefined {
  return Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : undefined;
}

/** The name of error `number`, or the number itself where it has none. */
export function errnoName(number: number): string {
  return ERRNO_NAMES.find((name) => NUMBERS[name] === number) ?? `errno ${number}`;
}
