import { SandboxError } from '../base/errors.js';

export class RunError extends SandboxError<
  | 'RUN_CEILING' // a flag that loosens, where a ceiling is installed
  | 'RUN_SIGNATURE_REQUIRED' // the policy's image section asks for more than the trust policy
  | 'RUN_NO_DIGEST' // the policy wants the image pinned by digest
  | 'RUN_NO_TERMINAL' // -i and -t without a terminal
  | 'RUN_STATE_UNUSABLE' // the folder of the trails cannot be made
  | 'RUN_UNPROVED' // the policy requires seccomp, and the filter could not be tried on this kernel
  | 'RUN_OPTION_INVALID' // a value of an option that cannot be
  | 'RUN_OPTION_LATER' // known from Docker, not there yet
  | 'RUN_NO_FRONT_END' // not started through bin/sandbox
> {}
