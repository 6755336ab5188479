/** What the cases of malformed policies are made with. */
export const WHY = 'a reason that is long enough';

export type Expected = {
  readonly code: string;
  readonly pointer?: string;
  readonly line?: number;
  readonly hint?: RegExp;
};
export type Case = readonly [title: string, text: string | Uint8Array, expected: Expected];

/** A policy that would be accepted without `more`. */
export function policy(more: object): string {
  return JSON.stringify(
    { apiVersion: 1, name: 'mine', version: '1.0.0', extends: { policy: 'strict' }, ...more },
    null,
    1,
  );
}
export const syscalls = (more: object): string => policy({ syscalls: more });
export const allow = (...rules: object[]): string => syscalls({ allow: rules });
export const where = (call: string, ...alternatives: object[]): string =>
  allow({ calls: [call], where: { [call]: alternatives }, why: WHY });
export const files = (more: object): string => policy({ filesystem: more });
export const invalid = (pointer: string, hint?: RegExp): Expected => ({
  code: 'POLICY_INVALID',
  pointer,
  ...(hint === undefined ? {} : { hint }),
});
export const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));
