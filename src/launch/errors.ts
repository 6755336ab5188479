import { SandboxError } from '../base/errors.js';

export class LaunchError extends SandboxError<
  | 'LAUNCH_PLAN_TOO_LARGE' // the encoded plan is larger than the launcher reads
  | 'LAUNCH_PLAN_UNSAYABLE' // a text with a NUL, a list that is too long
  | 'LAUNCH_NO_COMMAND' // neither image nor user names one
  | 'LAUNCH_ROOT_REFUSED' // the policy wants an id other than 0
  | 'LAUNCH_ID_UNMAPPED' // the user or a group of the image is outside the id map
  | 'LAUNCH_LANDLOCK_NEEDED' // with one id the launcher's own file is protected by Landlock alone
  | 'LAUNCH_NO_LAUNCHER' // the installation lacks a program of ours
> {}
