/** Sizes and times as people read them. */

const UNITS: readonly (readonly [bigint, string])[] = [
  [1024n ** 3n, 'GiB'],
  [1024n ** 2n, 'MiB'],
  [1024n, 'KiB'],
];

/** In the largest unit that leaves a whole number. */
export function sizeText(bytes: bigint | undefined): string {
  if (bytes === undefined) return 'no bound';
  const [size, unit] = UNITS.find(([one]) => bytes >= one && bytes % one === 0n) ?? [1n, 'bytes'];
  return `${bytes / size} ${unit}`;
}

export function secondsText(seconds: number | undefined): string {
  return seconds === undefined ? 'no bound' : `${seconds} seconds`;
}
