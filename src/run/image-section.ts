/**
 * Whether an image satisfies the policy's `image` section, beside the trust
 * policy: both must be satisfied.
 */
import type { CompiledPolicy } from '../policy/compiled.js';
import type { Verdict } from '../trust/verdict.js';
import { RunError } from './errors.js';

/**
 * Returns where the policy takes the image.
 * `allowUnsigned`: the user's own decision, possible only without a ceiling.
 *
 * @throws {RunError} RUN_SIGNATURE_REQUIRED, RUN_NO_DIGEST
 */
export function requireImageSection(
  policy: CompiledPolicy,
  reference: string,
  verdict: Verdict,
  allowUnsigned: boolean,
): void {
  const { signature, pinDigest } = policy.image;
  const isPinned = verdict.kind === 'pinned' || /@sha256:[0-9a-f]{64}$/.test(reference);
  if (pinDigest && !isPinned && !allowUnsigned) {
    throw new RunError('RUN_NO_DIGEST', `${reference}: policy ${policy.name} runs images by their digest only`, {
      hint: 'name the image as NAME@sha256:DIGEST; sandbox image inspect shows the digest',
    });
  }
  if (verdict.kind === 'trusted' || signature === 'optional' || allowUnsigned) return;
  const by = verdict.kind === 'pinned' ? `its digest is pinned by rule ${verdict.rule}` : verdict.by;
  throw new RunError('RUN_SIGNATURE_REQUIRED', `${reference}: policy ${policy.name} runs signed images only`, {
    why: `the trust policy takes it without a signature (${by}), the policy's image section does not`,
    hint: 'have the image signed (sandbox image sign), or use a policy whose image.signature is optional',
  });
}
