import { SandboxError } from '../base/errors.js';

export class CliError extends SandboxError<
  | 'CLI_FOLDER_GONE' // the working directory was removed
  | 'CLI_OUTPUT_FAILED' // where the answer goes takes no more
> {}
