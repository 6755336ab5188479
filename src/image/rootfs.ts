/** An image that was verified and unpacked: what the launch plan needs of it. */
import type { Digest } from '../base/digest.js';
import type { IdMap } from '../base/id-map.js';

export type RunConfiguration = {
  /** `NAME=value`, as the image has them. */
  readonly environment: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** Absolute. */
  readonly workingDirectory: string;
  /** Already looked up in the image's passwd and group files; undefined: the image says nothing. */
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] } | undefined;
  /** Signal number. */
  readonly stopSignal: number;
};

export type TrustSummary =
  | { readonly kind: 'signed'; readonly signer: string; readonly format: string; readonly rule: string }
  /** Ran although no signature satisfied the trust policy, by `by`: a flag or a rule of the trust policy. */
  | { readonly kind: 'unsigned'; readonly by: string };

export type RootFs = {
  /** As the user wrote it. */
  readonly reference: string;
  /** Of the platform's manifest; undefined for a plain folder. */
  readonly digest: Digest | undefined;
  /** Absolute folders, the topmost layer first: overlayfs' lowerdir order. */
  readonly layers: readonly string[];
  /** The map under which `layers` were unpacked. */
  readonly idMap: IdMap;
  readonly configuration: RunConfiguration;
  readonly trust: TrustSummary;
  /** What the unpacker left out or changed, for the trail: "2 setuid bits removed". */
  readonly remarks: readonly string[];
};
