/** `--kernel` of the commands that read a seccomp profile in Docker's form. */
import { InvalidArgumentError } from 'commander';

/** A release as `uname -r` prints it, or its first two numbers. @throws {InvalidArgumentError} for anything else */
export function kernelRelease(text: string): string {
  if (/^\d{1,3}\.\d{1,3}([.-].*)?$/.test(text)) return text;
  throw new InvalidArgumentError('It is a release such as 6.1.');
}
