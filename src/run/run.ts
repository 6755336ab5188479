/**
 * The main path: host → policy → image → verdict → root file system → plan.
 *
 * Each line may refuse; nothing is unpacked before the verdict, and nothing
 * is run here: the plan is for the launcher.
 */
import { join } from 'node:path';
import type { Directories } from '../base/directories.js';
import { makeFolders } from '../base/folders.js';
import { installationRoot, productVersion } from '../base/installation.js';
import type { HostFacts } from '../host/facts.js';
import { measureHost } from '../host/measure.js';
import { loadImage } from '../image/load.js';
import { type UnpackOptions, unpackImage } from '../image/unpack.js';
import type { PlanInputs } from '../launch/cache.js';
import { encodePlan } from '../launch/encode.js';
import { type LaunchInputs, planLaunch, type RunOptions } from '../launch/plan.js';
import { identifyPrograms } from '../launch/programs.js';
import { loadCeilings, requireWithin } from '../policy/ceiling.js';
import type { PolicyReference } from '../policy/chain.js';
import { compilePolicy } from '../policy/compile.js';
import type { Policy } from '../policy/policy.js';
import { loadPolicy } from '../policy/resolve.js';
import { openStore } from '../store/store.js';
import type { Mapping } from '../store/unpacker.js';
import { loadTrustPolicy } from '../trust/load-policy.js';
import type { Verdict } from '../trust/verdict.js';
import { verifyImage } from '../trust/verify-image.js';
import { keepCertificate, requireProof } from './certificate.js';
import { RunError } from './errors.js';
import { readIfThere } from './files.js';
import { requireImageSection } from './image-section.js';
import { hostInputs, keepable, productInputs } from './keep.js';

export type RunRequest = {
  /** As the user wrote it. */
  readonly image: string;
  readonly policy: PolicyReference;
  /** Absolute paths of files that were named on the command line. */
  readonly trust: string | undefined;
  readonly ceiling: string | undefined;
  readonly allowUnsigned: boolean;
  readonly options: RunOptions;
  readonly directories: Directories;
  readonly workingDirectory: string;
  readonly now: Date;
  readonly unpack: UnpackOptions;
};

export type PreparedRun = {
  readonly plan: Uint8Array;
  /** For the user, a sentence each. */
  readonly warnings: readonly string[];
  /** The plan for the image's own command and what it depends on; undefined where the next run must look again. */
  readonly keep: { readonly plan: Uint8Array; readonly inputs: PlanInputs } | undefined;
};

/** @throws {SandboxError} of the room that refuses */
export async function prepareRun(request: RunRequest): Promise<PreparedRun> {
  const { directories, now, allowUnsigned } = request;
  const host = measureHost();
  const policy = policyFor(request);
  const compiled = compilePolicy(policy, host);
  requireProof(compiled);
  const image = loadImage(request.image, request.workingDirectory);
  try {
    const trust = loadTrustPolicy({ flag: request.trust, configDirectory: directories.config }, readIfThere);
    const verdict = await verifyImage(image.evidence, trust, { now, allowUnsigned });
    requireImageSection(compiled, request.image, verdict, allowUnsigned);
    const rootFs = await unpackImage(image, verdict, mappingOf(host), openStore(directories.data), request.unpack);
    const inputs: LaunchInputs = {
      productVersion: productVersion(),
      policy: compiled,
      rootFs,
      host,
      options: request.options,
      stateDirectory: openStateDirectory(directories),
      programs: identifyPrograms(installationRoot),
    };
    const warnings = [...warningsOf(verdict, request.image), ...(image.kind === 'folder' ? rootFs.remarks : [])];
    const files = [
      ...policy.files,
      ...trust.inputs,
      ...image.files,
      ...rootFs.layers,
      ...hostInputs(host),
      ...productInputs(inputs),
    ];
    const certificate = keepCertificate(inputs.stateDirectory, compiled.certificate);
    const signedUntil = verdict.kind === 'trusted' ? verdict.validUntil : undefined;
    const keep = warnings.length > 0 ? undefined : keepable(inputs, files, now, signedUntil, certificate);
    return { plan: encodePlan(planLaunch(inputs)), warnings, keep };
  } finally {
    image.close();
  }
}

function policyFor(request: RunRequest): Policy {
  const policy = loadPolicy(request.policy, request.now);
  const ceilings = loadCeilings(request.ceiling, request.now);
  requireWithin(policy, ceilings);
  if (request.allowUnsigned && ceilings.length > 0) {
    throw new RunError('RUN_CEILING', '--allow-unsigned is not available: a ceiling is in force', {
      hint: 'have the image signed, or ask whoever set the ceiling',
    });
  }
  return policy;
}

const mappingOf = ({ idMap, newuidmap, newgidmap }: HostFacts): Mapping => ({ idMap, newuidmap, newgidmap });

/** The launcher makes what it needs inside; it must find the folder itself. */
function openStateDirectory({ state }: Directories): string {
  try {
    makeFolders(join(state, 'runs'), 0o700);
  } catch (cause) {
    throw new RunError('RUN_STATE_UNUSABLE', `${state}: the folder of the trails cannot be made`, {
      why: `${cause instanceof Error ? cause.message : cause}; nothing runs without a trail`,
      hint: 'make room there, mend its permissions, or set XDG_STATE_HOME to a folder of yours',
      cause,
    });
  }
  return state;
}

function warningsOf(verdict: Verdict, image: string): readonly string[] {
  return verdict.kind === 'unverified'
    ? [`${image} is not verified: ${verdict.by}; this is recorded in the trail`]
    : [];
}
